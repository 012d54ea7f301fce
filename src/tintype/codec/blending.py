"""Where decoded tiles come together: cores side by side, blended over the margins that neighbours share.

Independent tiles differ a little along their borders. Each was decoded `margin` pixels beyond its core, so across a
border the picture passes from one to the other over twice that width. docs/format.md, "Tiles", is the normative text.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tintype.codec.graphics.layer import Painting
from tintype.codec.tiling import Rect, Tile, Tiling, core_of
from tintype.pixels import IntPixels, Pixels

ONE = 256  # a weight of 1 in the fixed-point sum: integers add up to the same whatever the order
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
        self._channels = () if grey else (3,)
        # half the width of the ramp: the format bounds it to a quarter of a core, so the ramps of a tile never meet
        self._reach = tiling.margin
        self._right, self._bottom = width, height
        self._depth, self._white = depth, 2**depth - 1
        shape = (self._region.height, self._region.width, *self._channels)
        self._picture: IntPixels = np.empty(shape, np.uint8 if depth == 8 else np.uint16)
        # rows of the region from `_top` on: sums of shares, and of their weights once a tile has no share
        self._top = 0
        self._sum: NDArray[Any] = np.zeros((0, *shape[1:]), np.uint16 if depth == 8 else np.uint32)
        self._present: NDArray[np.float32] | None = None
        self._paintings: list[tuple[Rect, Painting]] = []  # over rows that are not done yet

    def add(self, pixels: Pixels, tile: Tile) -> None:
        """Add a decoded tile: float32 (3, tile.height, tile.width), nominally in [0, 1]; NaN counts as 0."""
        if not self._reach:
            shown = tile.core.common(self._region)
            core = core_of(pixels, tile, not self._channels, self._depth)
            self._picture[shown.seen_from(self._region).slices] = core[shown.seen_from(tile.core).slices]
            return
        shown = tile.source.common(self._region)  # cores are larger than margins: a tile sees what it has a share in
        # (3, h, w) to (h, w, 3) or (h, w)
        values = pixels[(slice(None), *shown.seen_from(tile.source).slices)]
        values = values.transpose(1, 2, 0) if self._channels else values.mean(axis=0)
        weight = self._weights(tile, shown)
        if self._channels:
            weight = weight[..., None]
        # fmax first: NaN, which damaged latents may give, becomes 0
        # a pixel gets at most four shares, whose weights add up to 1: with 1/2 for each their sum stays below 2^16,
        # or 2^32 above 8 bits
        share = np.fmin(np.fmax(values, 0), 1) * (weight * np.float32(self._white * ONE)) + np.float32(0.5)
        place = self._place(shown)
        self._sum[place.slices] += share.astype(self._sum.dtype)

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
            self._present[place.slices] -= self._weights(tile, shown)

    def add_missing(self, tile: Tile) -> None:
        """Mid-grey in place of a tile that could not be decoded."""
        self.add(np.full((3, tile.height, tile.width), MID_GREY, np.float32), tile)

    def picture(self) -> IntPixels:
        """(H, W, 3) or (H, W) of the region, once all tiles are added; uint8, or uint16 above 8 bits."""
        self._finish(self._top + len(self._sum))
        return self._picture

    def _weights(self, tile: Tile, shown: Rect) -> NDArray[np.float32]:
        """Of a tile's share in some of its pixels, (shown.height, shown.width)."""
        core, source, width = tile.core, tile.source, 2 * self._reach
        # separable: the weights of two neighbours add up to 1 along an axis, those of four around a corner too
        down = _ramp(source.height, width, core.top > 0, core.bottom < self._bottom)
        along = _ramp(source.width, width, core.left > 0, core.right < self._right)
        rows, columns = shown.seen_from(source).slices
        weights: NDArray[np.float32] = np.outer(down[rows], along[columns])
        return weights

    def _place(self, shown: Rect) -> Rect:
        """The place of a tile's share in the sums, which begin a new row of tiles where it reaches below them."""
        shown = shown.seen_from(self._region)
        if shown.bottom > self._top + len(self._sum):
            self._finish(shown.top)
            missing = shown.height - len(self._sum)
            self._sum = np.concatenate([self._sum, np.zeros((missing, *self._sum.shape[1:]), self._sum.dtype)])
            if self._present is not None:
                ones = np.ones((missing, self._region.width), np.float32)
                self._present = np.concatenate([self._present, ones])
        return Rect(shown.left, shown.top - self._top, shown.width, shown.height)

    def _finish(self, end: int) -> None:
        """Turn sums into samples, up to a row of the region."""
        count = end - self._top
        for row in range(0, count, 64):  # in bands: no copies of all sums
            band = slice(row, min(row + 64, count))
            sums = self._sum[band] if self._present is None else self._divided(self._sum[band], self._present[band])
            out = self._picture[self._top + row : self._top + band.stop]
            # to the nearest: s / 256 and its bit of one half
            np.minimum((sums >> 8) + ((sums >> 7) & 1), self._white, out=out, casting="unsafe")
        self._sum = self._sum[count:]
        self._present = None if self._present is None else self._present[count:]
        self._top = end
        done = self._region.top + end
        for core, painting in [each for each in self._paintings if each[0].common(self._region).bottom <= done]:
            self._paint(core, painting)
        self._paintings = [each for each in self._paintings if each[0].common(self._region).bottom > done]

    def _paint(self, core: Rect, painting: Painting) -> None:
        shown = core.common(self._region)
        painting.paint(self._picture[shown.seen_from(self._region).slices], shown.seen_from(core))

    def _divided(self, band: NDArray[Any], present: NDArray[np.float32]) -> NDArray[Any]:
        """Sums over the weights that they were made with; where there are none, graphics follow."""
        least = np.float32(1 / (2 * ONE))
        weights = np.where(present < least, 1, present)
        whole = np.minimum(band / (weights if band.ndim == 2 else weights[..., None]), self._white * ONE)
        sums: NDArray[Any] = (whole + np.float32(0.5)).astype(band.dtype)
        return sums


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
