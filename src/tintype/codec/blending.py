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
    """A picture that tiles are added to, each once, in any order.

    Parameters
    ----------
    width, height : pixels
    grey : (H, W) instead of (H, W, 3)
    depth : bits per sample, 8 to 16
    """

    def __init__(self, width: int, height: int, grey: bool, tiling: Tiling, depth: int = 8) -> None:
        self._shape = (height, width) if grey else (height, width, 3)
        # half the width of the ramp: the format bounds it to a quarter of a core, so the ramps of a tile never meet
        self._reach = tiling.margin
        self._right, self._bottom = width, height
        self._depth, self._white = depth, 2**depth - 1
        self._type: type[np.uint8 | np.uint16] = np.uint8 if depth == 8 else np.uint16
        wide = np.uint16 if depth == 8 else np.uint32
        self._present: NDArray[np.float32] | None = None  # sums of weights, once a tile has no share
        self._paintings: list[tuple[Rect, Painting]] = []
        self._sum: NDArray[Any] = np.zeros(self._shape, wide if self._reach else self._type)

    def add(self, pixels: Pixels, tile: Tile) -> None:
        """Add a decoded tile: float32 (3, tile.height, tile.width), nominally in [0, 1]; NaN counts as 0."""
        if not self._reach:
            self._sum[tile.core.slices] = core_of(pixels, tile, len(self._shape) == 2, self._depth)
            return
        shown = self._shown(tile)
        left, top = shown.left - tile.source.left, shown.top - tile.source.top  # in the tile's pixels
        inside = Rect(left, top, shown.width, shown.height)
        # (3, h, w) to (h, w, 3) or (h, w)
        values = pixels[(slice(None), *inside.slices)]
        values = values.transpose(1, 2, 0) if len(self._shape) == 3 else values.mean(axis=0)
        weight = self._weights(tile, shown)
        if len(self._shape) == 3:
            weight = weight[..., None]
        # fmax first: NaN, which damaged latents may give, becomes 0
        # a pixel gets at most four shares, whose weights add up to 1: with 1/2 for each their sum stays below 2^16,
        # or 2^32 above 8 bits
        share = np.fmin(np.fmax(values, 0), 1) * (weight * np.float32(self._white * ONE)) + np.float32(0.5)
        self._sum[shown.slices] += share.astype(self._sum.dtype)

    def cover(self, tile: Tile, painting: Painting) -> None:
        """Put graphics over the core of a tile, after all blending. If nothing else of it shows, it is not added."""
        self._paintings.append((tile.core, painting))
        if painting.whole and self._reach:
            if self._present is None:
                self._present = np.ones(self._shape[:2], np.float32)
            shown = self._shown(tile)
            self._present[shown.slices] -= self._weights(tile, shown)

    def add_missing(self, tile: Tile) -> None:
        """Mid-grey in place of a tile that could not be decoded."""
        self.add(np.full((3, tile.height, tile.width), MID_GREY, np.float32), tile)

    def picture(self) -> IntPixels:
        """(H, W, 3) or (H, W), once all tiles are added; uint8, or uint16 above 8 bits."""
        picture = self._blended() if self._reach else self._sum
        for core, painting in self._paintings:
            painting.paint(picture[core.slices])
        return picture

    def _shown(self, tile: Tile) -> Rect:
        """What a tile has a share in: its core and `reach` pixels beyond, on sides with a neighbour."""
        core, reach = tile.core, self._reach
        left, top = core.left - reach * (core.left > 0), core.top - reach * (core.top > 0)
        right = core.right + reach * (core.right < self._right)
        bottom = core.bottom + reach * (core.bottom < self._bottom)
        return Rect(left, top, right - left, bottom - top)

    def _weights(self, tile: Tile, shown: Rect) -> NDArray[np.float32]:
        """Of a tile's share, (shown.height, shown.width)."""
        core, width = tile.core, 2 * self._reach
        # separable: the weights of two neighbours add up to 1 along an axis, those of four around a corner too
        weights: NDArray[np.float32] = np.outer(
            _ramp(shown.height, width, core.top > 0, core.bottom < self._bottom),
            _ramp(shown.width, width, core.left > 0, core.right < self._right),
        )
        return weights

    def _blended(self) -> IntPixels:
        picture = np.empty(self._shape, self._type)
        for row in range(0, len(picture), 256):  # in bands: no second copy of a large picture in wide integers
            band = self._sum[row : row + 256]
            if self._present is not None:
                band = self._divided(band, self._present[row : row + 256])
            # to the nearest: s / 256 and its bit of one half
            np.minimum((band >> 8) + ((band >> 7) & 1), self._white, out=picture[row : row + 256], casting="unsafe")
        return picture

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
