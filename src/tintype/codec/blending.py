"""Where decoded tiles come together: cores side by side, blended over the margins that neighbours share.

Independent tiles differ a little along their borders. Each was decoded `margin` pixels beyond its core, so across a
border the picture passes from one to the other over twice that width. docs/format.md, "Tiles", is the normative text.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tintype.codec.graphics.layer import Painting
from tintype.codec.tiling import Rect, Tile, Tiling, core_of
from tintype.native import _loops
from tintype.pixels import IntPixels, Pixels

MID_GREY = 128 / 255


class Canvas:
    """A picture, or a region of it, that tiles are added to, each once, in coding order.

    A row becomes samples once no later tile has a share in it, so sums are kept for one row of tiles alone.

    Parameters
    ----------
    width, height : pixels of the whole picture
    grey : (H, W) instead of (H, W, 3)
    depth : bits per sample, 8 to 16
    region : pixels that are wanted, default: all; tiles are added that have a share in them
    """

    def __init__(
        self, width: int, height: int, grey: bool, tiling: Tiling, depth: int = 8, region: Rect | None = None
    ) -> None:
        self._region = Rect(0, 0, width, height) if region is None else region
        self._grey = grey
        # half the width of the ramp: the format bounds it to a quarter of a core, so the ramps of a tile never meet
        self._reach = tiling.margin
        self._right, self._bottom = width, height
        self._depth, self._white = depth, 2**depth - 1
        shape = (self._region.height, self._region.width, 1 if grey else 3)
        self._samples: IntPixels = np.empty(shape, np.uint8 if depth == 8 else np.uint16)
        # rows of the region from `_top` on: sums of shares, and of their weights once a tile has no share.
        # A weight of 1 is 256: integers add up to the same whatever the order. A pixel gets at most four shares, whose
        # weights add up to 1: with 1/2 for each their sum stays below 2^16, or 2^32 above 8 bits
        self._top = 0
        self._memory: NDArray[Any] = np.empty((0, *shape[1:]), np.uint16 if depth == 8 else np.uint32)
        self._sum = self._memory
        self._present: NDArray[np.float32] | None = None
        self._paintings: list[tuple[Rect, Painting]] = []  # over rows that are not done yet

    def add(self, pixels: Pixels, tile: Tile) -> None:
        """Add a decoded tile: float32 (3, tile.height, tile.width), nominally in [0, 1]; NaN counts as 0."""
        if not self._reach:
            shown = tile.core.common(self._region)
            core = core_of(pixels, tile, self._grey, self._depth)
            self._picture[shown.seen_from(self._region).slices] = core[shown.seen_from(tile.core).slices]
            return
        shown = tile.source.common(self._region)  # cores are larger than margins: a tile sees what it has a share in
        values = pixels[(slice(None), *shown.seen_from(tile.source).slices)]
        place = self._place(shown)
        _loops.add_share(values, *self._weights(tile, shown), self._white, self._sum[place.slices])

    def cover(self, tile: Tile, painting: Painting) -> None:
        """Put graphics over the core of a tile, after all blending. If nothing else of it shows, it is not added."""
        if not self._reach:
            self._paint(tile.core, painting)
            return
        self._paintings.append((tile.core, painting))
        if painting.whole:
            shown = tile.source.common(self._region)
            place = self._place(shown)
            if self._present is None:
                self._present = np.ones(self._sum.shape[:2], np.float32)
            self._present[place.slices] -= np.outer(*self._weights(tile, shown))

    def add_missing(self, tile: Tile) -> None:
        """Mid-grey in place of a tile that could not be decoded."""
        self.add(np.full((3, tile.height, tile.width), MID_GREY, np.float32), tile)

    def picture(self) -> IntPixels:
        """(H, W, 3) or (H, W) of the region, once all tiles are added; uint8, or uint16 above 8 bits."""
        self._finish(self._top + len(self._sum))
        return self._picture

    @property
    def _picture(self) -> IntPixels:
        return self._samples[..., 0] if self._grey else self._samples

    def _weights(self, tile: Tile, shown: Rect) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Factors of a tile's share in some of its pixels, of rows (shown.height,) and of columns (shown.width,)."""
        core, source, width = tile.core, tile.source, 2 * self._reach
        # separable: the weights of two neighbours add up to 1 along an axis, those of four around a corner too
        down = _ramp(source.height, width, core.top > 0, core.bottom < self._bottom)
        along = _ramp(source.width, width, core.left > 0, core.right < self._right)
        rows, columns = shown.seen_from(source).slices
        return down[rows], along[columns]

    def _place(self, shown: Rect) -> Rect:
        """The place of a tile's share in the sums, which begin a new row of tiles where it reaches below them."""
        shown = shown.seen_from(self._region)
        if shown.bottom > self._top + len(self._sum):
            self._finish(shown.top)
            if shown.height > len(self._memory):
                self._memory = np.empty((shown.height, *self._sum.shape[1:]), self._sum.dtype)
            begun, self._sum = self._sum, self._memory[: shown.height]
            self._sum[: len(begun)] = begun
            self._sum[len(begun) :] = 0
            if self._present is not None:
                ones = np.ones((shown.height - len(begun), self._region.width), np.float32)
                self._present = np.concatenate([self._present, ones])
        return Rect(shown.left, shown.top - self._top, shown.width, shown.height)

    def _finish(self, end: int) -> None:
        """Turn sums into samples, up to a row of the region."""
        count = end - self._top
        done = self._sum[:count]
        if self._present is not None:
            _loops.divide_sums(done, self._present[:count], self._white)
        _loops.finish_sums(done, self._white, self._samples[self._top : end])
        self._sum = self._sum[count:]
        self._present = None if self._present is None else self._present[count:]
        self._top = end
        bottom = self._region.top + end
        for core, painting in [each for each in self._paintings if each[0].common(self._region).bottom <= bottom]:
            self._paint(core, painting)
        self._paintings = [each for each in self._paintings if each[0].common(self._region).bottom > bottom]

    def _paint(self, core: Rect, painting: Painting) -> None:
        shown = core.common(self._region)
        painting.paint(self._picture[shown.seen_from(self._region).slices], shown.seen_from(core))


def _ramp(length: int, width: int, begin: bool, end: bool) -> NDArray[np.float32]:
    """Weights along one axis: 1, falling linearly to 0 over `width` pixels at either end that has a neighbour."""
    weights = np.ones(length, np.float32)
    # at pixel centres: a rise and the neighbour's mirrored one add up to 1 at each pixel
    rise = (np.arange(width, dtype=np.float32) + 0.5) / width
    if begin:
        weights[:width] *= rise
    if end:
        weights[length - width :] *= rise[::-1]
    return weights
