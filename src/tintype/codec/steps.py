"""Coding steps of one tile: what a schedule yields, and two loops over a schedule.

A tile is coded step by step. A step is a batch of symbols whose table rows are known once all earlier symbols are
known. A schedule is a generator: it yields a step, is sent the step's symbols, and returns the reconstructed latents.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = Any  # numpy or torch, the engine's own

HIGH_RATE = 8.66
"""width^2 * lambda of the best uniform quantiser at high rate, for a cost of lambda * squared error + bits.

The error is width^2 / 12 and the bits fall by log2(width), so that the cost is least at width^2 = 6 / (ln 2 lambda).
"""


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
    """Symbols whose rows are known together.

    All arrays broadcast to one shape, the step's:

    pico      (C, h, w), or (B, C, h, w) in training: all latents. Outside the lattice the values mean nothing
    hpcm      the latents of this step alone, (B, c, h, w), or (n,) where some are padding; the lattice is `EVERYTHING`
    """

    rows: Array  # coding: rows of the tables; training: real row indices, which gradients pass through
    mean: Array  # latent units
    width: Array  # quantisation width, > 0, latent units
    latents: Array | None  # what the analysis found, latent units; None when decoding
    lattice: Lattice
    worth: Array | None = None  # encoding: bits that a squared error of one latent unit is worth; None: unknown


Schedule = Generator[Step, Array, Array]  # yields a step, is sent its symbols (zero outside), returns latents

Quantiser = Callable[[Step], Array]
"""Integer-valued symbols of one step, in the step's shape and the engine's own arrays."""


Yielded = TypeVar("Yielded")  # by a schedule
Sent = TypeVar("Sent")  # to it
Returned = TypeVar("Returned")  # by it, at its end
OuterYielded = TypeVar("OuterYielded")  # by a relay of it
OuterSent = TypeVar("OuterSent")  # to the relay


def walk(steps: Generator[Yielded, Sent, Returned], answer: Callable[[Yielded], Sent]) -> Returned:
    """Answer each step of a generator, in order; returns what the generator returns.

    Parameters
    ----------
    steps : a schedule, or `TileModel.decode`
    answer : given what a step yields, returns what the step is sent: its symbols
    """
    sent: Any = None  # starts the generator
    while True:
        try:  # around `send` alone: a StopIteration of `answer` must not pass for the end of the steps
            step = steps.send(sent)
        except StopIteration as stop:
            returned: Returned = stop.value
            return returned
        sent = answer(step)


def relay(
    steps: Generator[Yielded, Sent, Returned],
    exchange: Callable[[Yielded], Generator[OuterYielded, OuterSent, Sent]],
) -> Generator[OuterYielded, OuterSent, Returned]:
    """`walk` as a generator, whose `exchange` may itself yield before it returns what the step is sent.

    So a schedule that yields steps becomes a decoder that yields rows (`TileModel.decode`).
    """
    sent: Any = None  # starts the generator
    while True:
        try:
            step = steps.send(sent)
        except StopIteration as stop:
            returned: Returned = stop.value
            return returned
        sent = yield from exchange(step)
