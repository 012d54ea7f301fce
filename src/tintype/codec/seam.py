"""The line between codec and networks: steps, schedules, tile models.

The codec knows nothing of networks; a network knows nothing of files, streams, checksums or threads.
A file is coded tile by tile, a tile step by step, and a step is a batch of symbols whose table rows are
known once all earlier symbols are known.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tintype.codec.agreement import FloatCoded, FloatRows
from tintype.codec.numerics import Numerics
from tintype.codec.rans import Coded
from tintype.codec.tables import Rows, Symbols, Tables

Array = Any  # numpy or torch, the engine's own
Pixels = NDArray[np.float32]  # (3, H, W) in [0, 1]


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


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file says, and a decoder must have, for the same latents to come out."""

    name: str
    model_id: int  # registered number, docs/format.md
    weights_hash: bytes  # 8 bytes
    stride: int  # sides of a tile at the network are multiples of this
    levels: int
    numerics: Numerics | None = None  # of float models, whose rows depend on them; None: rows are integers everywhere


class TileModel(Protocol):
    """A network on an engine: immutable, shared between threads.

    A model with `identity.numerics` gives its rows with their margins (`FloatCoded`, `FloatRows`), and is asked for
    one tile at a time.
    """

    @property
    def identity(self) -> Identity: ...

    @property
    def tables(self) -> Tables: ...

    def analyse(self, pixels: Pixels) -> Any:
        """Latents of one tile, independent of the level."""

    def encode(self, analysis: Any, level: int, quantise: Quantiser) -> Sequence[Coded | FloatCoded]:
        """Rows and symbols of every step of one tile."""

    def decode(self, height: int, width: int, level: int) -> Generator[Rows | FloatRows, Symbols, Any]:
        """Yield the rows of each step, be sent its symbols, return the latents. Sides in pixels."""

    def synthesise(self, latents: Any, level: int) -> Pixels:
        """Pixels of one tile, not clipped."""
