"""The line between codec and networks: tile models.

The codec knows nothing of networks; a network knows nothing of files, streams, checksums or threads.
A file is coded tile by tile, a tile step by step, and a step is a batch of symbols whose table rows are
known once all earlier symbols are known.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tintype.codec.agreement import FloatCoded, FloatRows
from tintype.codec.container.numerics import Numerics
from tintype.codec.entropy.rans import Coded
from tintype.codec.entropy.tables import Rows, Symbols, Tables
from tintype.codec.steps import Quantiser
from tintype.pixels import Pixels


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
