"""The line between codec and networks: tile models.

The codec knows nothing of networks; a network knows nothing of files, streams, checksums or threads.
A file is coded tile by tile, a tile step by step, and a step is a batch of symbols whose table rows are
known once all earlier symbols are known.

    encoding:  tile --analyse--> latents --encode, once per level--> [Coded(rows, symbols)] --> entropy coder
    decoding:  StepRows <--decode, once per step--> symbols  ...  latents --synthesise--> tile
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from tintype.codec.entropy.tables import Rows, Symbols, Tables
from tintype.codec.steps import Quantiser
from tintype.pixels import Pixels

Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

Margins = NDArray[np.float32]
"""(n,), scale minus the threshold nearest to it; not positive where the row ends at that threshold."""


@dataclass(frozen=True, slots=True)
class Numerics:
    """What decides the last bits of a float network's results.

    A decoder follows `precision`, `compiled` and `threads`. The texts are for people: whether two engines really agree
    is found by comparing rows.
    """

    precision: Precision
    threads: int  # compute threads, 1 to 1024: their number changes the order of sums; on a GPU it has no effect
    engine: str  # library, its version, and how tintype runs the networks on it
    device: str  # CPU type or GPU
    compiled: bool = False  # by the engine's compiler, which orders sums in its own way

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        return f"{self.engine}, {self.precision}, {threads}, {self.device}"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file says, and a decoder must have, for the same latents to come out."""

    name: str
    model_id: int  # registered number, docs/format.md
    weights_hash: bytes  # 8 bytes
    stride: int  # sides of a tile at the network are multiples of this
    levels: int
    numerics: Numerics | None = None  # of float models, whose rows depend on them; None: rows are integers everywhere


class Coded(NamedTuple):
    """One step as the encoder found it, in coding order, on the host."""

    rows: Rows  # (n,)
    symbols: Symbols  # (n,)
    margins: Margins | None = None  # None where rows cannot differ between machines: integers or constants


class StepRows(NamedTuple):
    """Rows of the step that a decoder needs the symbols of next, in coding order, on the host."""

    rows: Rows  # (n,)
    margins: Callable[[], Margins] | None = None  # computed when asked for; None as in `Coded`


class TileModel(Protocol):
    """A network on an engine: immutable, shared between threads.

    A model with `identity.numerics` gives its rows with their margins.
    """

    @property
    def identity(self) -> Identity: ...

    @property
    def tables(self) -> Tables: ...

    @property
    def tiles_in_parallel(self) -> bool:
        """Whether tiles may be worked on at the same time; if not, the model uses its threads inside a tile."""

    @property
    def whole_pictures(self) -> bool:
        """Whether a picture is one tile unless the caller chooses tiles."""

    @property
    def tolerance(self) -> float:
        """Of scales: decoders can repair a drift of up to half of it. 0 where rows are integers."""

    @property
    def quarters(self) -> bool:
        """Whether there is `synthesise_quarter`."""

    def error_worth(self, level: int) -> float | None:
        """Bits per pixel that a mean squared error of one grey level (of 255) is worth at a level; None: unknown."""

    def tile_bytes(self, pixels: int) -> int:
        """Memory that a tile of so many pixels takes while the networks work on it, in either direction."""

    def analyse(self, pixels: Pixels) -> Any:
        """Latents of one tile, independent of the level."""

    def encode(self, analysis: Any, level: int, quantise: Quantiser) -> Sequence[Coded]:
        """Rows and symbols of every step of one tile."""

    def decode(self, height: int, width: int, level: int) -> Generator[StepRows, Symbols, Any]:
        """Yield the rows of each step, be sent its symbols, return the latents. Sides in pixels."""

    def synthesise(self, latents: Any, level: int) -> Pixels:
        """Pixels of one tile, not clipped."""

    def synthesise_quarter(self, latents: Any, level: int) -> Pixels:
        """About the means of boxes of 4 x 4 of these pixels, in much less time."""
