"""Smaller pictures from a file: boxes of pixels become one, and tiles may come at a quarter of their sides at once."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tintype.codec.graphics.layer import Painting
from tintype.codec.tiling import Rect, Tile, Tiling
from tintype.errors import InputError
from tintype.pixels import IntPixels, Pixels

FACTORS = (1, 2, 4, 8)
BAND = 64  # rows that are reduced at a time
QUARTER = 4  # what `TileModel.synthesise_quarter` reduces by


def require_aligned(region: Rect | None, factor: int, width: int, height: int) -> None:
    """That a region consists of whole boxes, up to the picture's edges.

    Raises
    ------
    InputError
        It does not, or there is no such factor.
    """
    if factor not in FACTORS:
        raise InputError(f"reduce={factor}: possible are {', '.join(map(str, FACTORS))}")
    if region is None:
        return
    ends = ((region.right, width), (region.bottom, height))
    if region.left % factor or region.top % factor or any(end % factor and end != edge for end, edge in ends):
        raise InputError(
            f"the region of {region.width} x {region.height} pixels from {region.left},{region.top} does not begin and "
            f"end at multiples of {factor}, by which it is to be reduced"
        )


def factor_for(side: int, least: int) -> int:
    """The largest factor that leaves at least so many pixels of a side; 1 if none does."""
    return max((factor for factor in FACTORS if side >= factor * least), default=1)


def boxed(samples: IntPixels, factor: int) -> IntPixels:
    """Means of boxes of samples, rounded: (H, W[, 3]) to (ceil(H / factor), ceil(W / factor)[, 3]).

    Boxes at the right and at the bottom may be smaller.
    """
    if factor == 1:
        return samples
    height, width = samples.shape[:2]
    columns = np.minimum(factor, width - np.arange(0, width, factor))  # of each box
    out = np.empty((-(-height // factor), len(columns), *samples.shape[2:]), samples.dtype)
    for row in range(0, len(out), BAND):  # no wide copy of a large picture
        band = samples[factor * row : factor * (row + BAND)]
        sums = _sums(band, factor, np.uint32)
        rows = np.minimum(factor, len(band) - np.arange(0, len(band), factor))
        counts = np.outer(rows, columns).astype(np.uint32).reshape(*sums.shape[:2], *(1,) * (samples.ndim - 2))
        out[row : row + BAND] = (sums + counts // 2) // counts
    return out


def boxed_as_seen(samples: IntPixels, alpha: IntPixels, factor: int) -> IntPixels:
    """As `boxed`, each sample by its alpha (H, W): colour that nobody sees leaves no fringe.

    Boxes that are fully transparent have plain means.
    """
    if factor == 1:
        return samples
    out = boxed(samples, factor)
    for row in range(0, len(out), BAND):
        band = slice(factor * row, factor * (row + BAND))
        shares = alpha[band].astype(np.uint64).reshape(*alpha[band].shape, *(1,) * (samples.ndim - 2))
        weights, sums = _sums(shares, factor, np.uint64), _sums(samples[band] * shares, factor, np.uint64)
        means = (sums + weights // 2) // np.maximum(weights, 1)
        np.copyto(out[row : row + BAND], means.astype(out.dtype), where=weights > 0)
    return out


def _sums(samples: NDArray[Any], factor: int, kind: type[np.unsignedinteger[Any]]) -> NDArray[Any]:
    """Sums over boxes of samples, as integers of a kind that holds them."""
    height, width = samples.shape[:2]
    sums = np.zeros((-(-height // factor), -(-width // factor), *samples.shape[2:]), kind)
    for place in np.ndindex(factor, factor):
        part = samples[place[0] :: factor, place[1] :: factor]
        sums[: part.shape[0], : part.shape[1]] += part
    return sums


def over(rect: Rect, factor: int) -> Rect:
    """A rectangle in boxes, those at its end included."""
    left, top = rect.left // factor, rect.top // factor
    return Rect(left, top, -(-rect.right // factor) - left, -(-rect.bottom // factor) - top)


def fits(tiling: Tiling, factor: int) -> bool:
    """Whether the borders of all tiles and their margins are borders of boxes."""
    return tiling.core % factor == 0 and tiling.margin % factor == 0


def reduced_tile(tile: Tile, factor: int) -> Tile:
    """A tile of a tiling that fits, in boxes."""
    return Tile(over(tile.core, factor), over(tile.source, factor), tile.height // factor, tile.width // factor)


def reduced_painting(painting: Painting, factor: int) -> Painting:
    """Graphics that cover a whole core, in boxes."""
    return replace(painting, box=over(painting.box, factor), image=boxed(painting.image, factor))


def reduced_pixels(pixels: Pixels, factor: int) -> Pixels:
    """A tile at the network, (3, H, W), in boxes; its sides are multiples of the factor."""
    _, height, width = pixels.shape
    boxes = pixels.reshape(3, height // factor, factor, width // factor, factor)  # (3, h, f, w, f)
    small: Pixels = boxes.mean(axis=(2, 4), dtype=np.float32)
    return small


def painted(pixels: Pixels, tile: Tile, painting: Painting, white: int) -> Pixels:
    """A tile at the network, (3, H, W) in [0, 1], under graphics that cover parts of its core."""
    shown = np.fmin(np.fmax(pixels, 0), 1)
    box, core = painting.box, tile.crop
    place = Rect(core.left + box.left, core.top + box.top, box.width, box.height)
    image = painting.image[..., None] if painting.image.ndim == 2 else painting.image
    # (h, w, 1 or 3) to (1 or 3, h, w), which broadcasts
    np.copyto(shown[(slice(None), *place.slices)], image.transpose(2, 0, 1) / np.float32(white), where=painting.covered)
    return shown
