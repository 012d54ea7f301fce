"""Coding steps of one tile: what a schedule yields, and the one loop that walks it.

A tile is coded step by step. A step is a batch of symbols whose table rows are known once all earlier symbols are
known. A schedule is a generator: it yields a step, is sent the step's symbols, and returns the reconstructed latents.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = Any  # numpy or torch, the engine's own


class Lattice(Protocol):
    """Which elements of a latent array a step codes, and in which order."""

    def gather(self, array: NDArray[Any]) -> NDArray[Any]:
        """Elements of this step in coding order: (C, h, w) to (n,)."""

    def scatter(self, flat: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        """Inverse of `gather`: (n,) to (C, h, w), zero outside this step."""

    def mask(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """1 where this step codes, 0 elsewhere; (C, h, w)."""


@dataclass(frozen=True, slots=True)
class Everything:
    """All elements, in C order."""

    def gather(self, array: NDArray[Any]) -> NDArray[Any]:
        return array.reshape(-1)

    def scatter(self, flat: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        return flat.reshape(shape)

    def mask(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        return np.ones(shape, np.float32)


EVERYTHING = Everything()


@dataclass(frozen=True, slots=True)
class Step:
    """Symbols whose densities are known together. Arrays have the full shape of the latents.

    Outside the step's lattice the values mean nothing. `latents` is None when decoding.
    """

    density: Array  # coding: table rows; training: real row indices, which gradients pass through
    mean: Array  # latent units
    width: Array  # quantisation width, > 0, latent units
    latents: Array | None  # what the analysis found, latent units
    lattice: Lattice
    worth: Array | None = None  # encoding: bits that a squared error of one latent unit is worth; None: unknown


Schedule = Generator[Step, Array, Array]  # yields a step, is sent its symbols (zero outside), returns latents

Quantiser = Callable[[Step], Array]
"""Integer-valued symbols, full shape, in the engine's own arrays, for one step."""


Question = TypeVar("Question")
Answer = TypeVar("Answer")
Result = TypeVar("Result")
Asked = TypeVar("Asked")
Told = TypeVar("Told")


def walk(steps: Generator[Question, Answer, Result], answer: Callable[[Question], Answer]) -> Result:
    """Answer each step of a generator, in order; returns what the generator returns.

    Parameters
    ----------
    steps : a schedule, or `TileModel.decode`
    answer : given what a step yields, returns what the step is sent: its symbols
    """
    sent: Any = None  # starts the generator
    while True:
        try:  # around `send` alone: a StopIteration of `answer` must not pass for the end of the steps
            question = steps.send(sent)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        sent = answer(question)


def relay(
    steps: Generator[Question, Answer, Result], exchange: Callable[[Question], Generator[Asked, Told, Answer]]
) -> Generator[Asked, Told, Result]:
    """The same steps in other words: `exchange` asks the caller, and returns what a step is sent."""
    sent: Any = None
    while True:
        try:
            question = steps.send(sent)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        sent = yield from exchange(question)
