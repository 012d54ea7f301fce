"""Cutting a picture into independent tiles, and putting decoded tiles back.

A tile is responsible for its *core*; the cores partition the picture. The network sees more: `margin` pixels
of the real neighbours around the core, and a filling (codec/filling.py) up to multiples of the network's stride.
docs/format.md, "Tiles", is the normative text; `tile_grid` is the only place that computes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import index
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tintype.arguments import shown
from tintype.codec.filling import fill
from tintype.codec.hidden import fill_hidden
from tintype.errors import InputError
from tintype.native import _loops
from tintype.pixels import IntPixels, Pixels

WHOLE_PICTURE_PIXELS = 2**20
"""A picture of up to this many pixels is one tile by default: 768x512 in four costs 22 % more latents."""

LEAST_SIDE = 64  # pixels; networks that pad to their stride work as long on one row as on so many

DEFAULT_CORE = 504
THIN_CORE = 4088  # where a side counts as 64 pixels: with its margins a tile has as many as 512 x 512
DEFAULT_MARGIN = 4  # 504 + 2 * 4 = 512, a multiple of every stride in use


@dataclass(frozen=True, slots=True)
class Tiling:
    """How a picture is cut, as the file says it: in, its size; out, with `tile_grid`, its tiles.

    Cores are squares of `core` pixels, but for the last row and column; each tile sees `margin` pixels around its core.
    """

    core: int = 0  # 0: the picture is one tile, and the margin is 0
    margin: int = 0

    @classmethod
    def default(cls, width: int, height: int) -> Self:
        """The encoder's choice: one tile up to 2**20 pixels, else cores of 504 with a margin of 4.

        A side counts as at least 64 pixels, or 65535 x 1 would be one tile of four million pixels at the network. What
        is no wider than that is cut into cores of 4088.
        """
        if max(width, LEAST_SIDE) * max(height, LEAST_SIDE) <= WHOLE_PICTURE_PIXELS:
            return cls()
        core = THIN_CORE if min(width, height) <= LEAST_SIDE else DEFAULT_CORE
        return cls.of(width, height, core, DEFAULT_MARGIN)

    @classmethod
    def of(cls, width: int, height: int, core: int, margin: int) -> Self:
        """Tiles of the given size, or the whole picture where they would make only one tile."""
        tiling = cls(core, margin)
        return tiling if tile_count(width, height, tiling) > 1 else cls()


WHOLE_PICTURE = Tiling()


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle of pixels; `right` and `bottom` are exclusive."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the rectangle in an array whose first axes are rows and columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def common(self, other: "Rect") -> "Rect":
        """Pixels of both; without width or height where there are none."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Rect(left, top, max(0, right - left), max(0, bottom - top))

    def seen_from(self, other: "Rect") -> "Rect":
        """The same pixels in coordinates that begin at another rectangle's corner."""
        return Rect(self.left - other.left, self.top - other.top, self.width, self.height)


Region = tuple[int, int, int, int]
"""Left, top, width and height in pixels: a part of a picture, as callers name it."""


def checked_region(region: Region, width: int, height: int) -> Rect:
    """A region as a rectangle; raises InputError if it is empty or not inside a picture of this size."""
    try:
        rect = Rect(*map(index, region))
    except (TypeError, ValueError) as error:
        raise InputError(f"region {shown(region)}: four whole numbers are needed: left, top, width, height") from error
    if min(rect.left, rect.top) < 0 or min(rect.width, rect.height) < 1 or rect.right > width or rect.bottom > height:
        raise InputError(
            f"the region {','.join(map(str, region))} (left, top, width, height) is not inside the picture of {width} "
            f"x {height} pixels, or is empty"
        )
    return rect


@dataclass(frozen=True, slots=True)
class Tile:
    """One independently decodable region. `core` and `source` are in picture coordinates.

    The network's pixel (0, 0) is the source's top left corner; the source lies inside the picture, and what
    it lacks of (height, width) is filled at the right and at the bottom.
    """

    core: Rect  # the pixels this tile is responsible for
    source: Rect  # core and margins, as far as the picture reaches
    height: int  # at the network, multiples of its stride
    width: int

    @property
    def crop(self) -> Rect:
        """The core in the network's coordinates."""
        return self.core.seen_from(self.source)


def tile_count(width: int, height: int, tiling: Tiling) -> int:
    """Number of tiles, without building them: a parser checks it before it allocates anything."""
    return _cell_count(width, tiling.core) * _cell_count(height, tiling.core)


def largest_tile_pixels(width: int, height: int, tiling: Tiling) -> int:
    """Pixels of the largest core, without building the tiles."""
    return _largest_cell(width, tiling.core) * _largest_cell(height, tiling.core)


class NetworkSize(NamedTuple):
    """Pixels that networks work on: those of tiles with their margins, padded."""

    pixels: int  # of all tiles together
    largest_tile: int


def network_size(width: int, height: int, tiling: Tiling, multiple: int, region: Rect | None = None) -> NetworkSize:
    """Work of a picture, or of the tiles that show in a region, without building them.

    Networks pad sides to multiples of `multiple`.
    """
    region = region or Rect(0, 0, width, height)
    columns = [x.padded for x in _spans(width, tiling, multiple) if x.shows(region.left, region.right)]
    rows = [y.padded for y in _spans(height, tiling, multiple) if y.shows(region.top, region.bottom)]
    return NetworkSize(sum(columns) * sum(rows), max(columns) * max(rows))


def tile_grid(width: int, height: int, tiling: Tiling, stride: int) -> list[Tile]:
    """Tiles of a picture in coding order: row by row from the top, left to right.

    Parameters
    ----------
    width, height : int, at least 1, pixels
    tiling : fields of the file
    stride : int, at least 1
        The network's: sides at the network are multiples of it.
    """
    columns = _spans(width, tiling, stride)
    rows = _spans(height, tiling, stride)
    return [
        Tile(
            core=Rect(x.core, y.core, x.core_length, y.core_length),
            source=Rect(x.source, y.source, x.source_length, y.source_length),
            height=y.padded,
            width=x.padded,
        )
        for y in rows
        for x in columns
    ]


def tiles_showing(region: Rect, tiles: Sequence[Tile]) -> list[int]:
    """Numbers of the tiles that have a share in a region's pixels: neighbours are blended over their margins."""
    return [number for number, tile in enumerate(tiles) if tile.source.common(region).pixels]


def extract(picture: IntPixels, tile: Tile, depth: int = 8, hidden: NDArray[np.bool_] | None = None) -> Pixels:
    """What the network sees of one tile.

    Parameters
    ----------
    picture : 0 to 2^depth - 1, shape (H, W, 3) RGB or (H, W) grey
    hidden : pixels of the core that no decoder shows, (core.height, core.width)

    Returns
    -------
    float32, shape (3, tile.height, tile.width), in [0, 1], contiguous; grey has three equal channels
    """
    height, width = tile.source.height, tile.source.width
    block = picture[tile.source.slices]
    if hidden is not None:
        shown = np.ones((height, width), np.uint8)
        shown[tile.crop.slices] = ~hidden
        block = fill_hidden(block, shown)
    if block.ndim == 2:
        block = np.broadcast_to(block[:, :, None], (*block.shape, 3))
    pixels = np.empty((3, tile.height, tile.width), np.float32)
    np.divide(block.transpose(2, 0, 1), 2**depth - 1, out=pixels[:, :height, :width], dtype=np.float32)
    fill(pixels, height, width)
    return pixels


def core_of(pixels: Pixels, tile: Tile, grey: bool, depth: int = 8) -> IntPixels:
    """The core of a decoded tile as samples, rounded and clipped to 0..2^depth - 1.

    Parameters
    ----------
    pixels : float32, shape (3, tile.height, tile.width), nominally in [0, 1]
        Values outside are clipped, and NaN becomes 0: damaged latents may decode to anything.

    Returns
    -------
    uint8, or uint16 above 8 bits; (core.height, core.width, 3), or grey, the mean of the channels, (core.height,
    core.width)
    """
    samples = np.empty((tile.core.height, tile.core.width, 1 if grey else 3), np.uint8 if depth == 8 else np.uint16)
    _loops.round_samples(pixels[(slice(None), *tile.crop.slices)], 2**depth - 1, samples)
    return samples[..., 0] if grey else samples


@dataclass(frozen=True, slots=True)
class _Span:
    """A tile along one axis, in pixels."""

    core: int
    core_length: int
    source: int
    source_length: int
    padded: int

    def shows(self, begin: int, end: int) -> bool:
        """Whether it has a share in pixels from `begin` to before `end`."""
        return self.source < end and begin < self.source + self.source_length


def _cell_count(length: int, core: int) -> int:
    """Cores along an axis: a remainder of less than half a core joins its neighbour."""
    if core == 0:
        return 1
    full, rest = divmod(length, core)
    # no slivers: a narrow last tile would be mostly margin and filling
    return max(1, full + (2 * rest >= core))


def _largest_cell(length: int, core: int) -> int:
    """Length of the longest core along an axis; only the last can differ from the others."""
    count = _cell_count(length, core)
    return length if count == 1 else max(core, length - (count - 1) * core)


def _spans(length: int, tiling: Tiling, stride: int) -> list[_Span]:
    """The tiles along one axis."""
    count = _cell_count(length, tiling.core)
    edges = [tiling.core * cell for cell in range(count)] + [length]
    spans = []
    for begin, end in pairwise(edges):
        source = max(0, begin - tiling.margin)  # no margin at the picture's own edges
        needed = min(length, end + tiling.margin) - source
        padded = -(-needed // stride) * stride  # up to a multiple of the stride
        spans.append(_Span(begin, end - begin, source, needed, padded))
    return spans
