"""A cheap test for what was drawn, not photographed: text, lines, windows, dithers.

In a drawing pixels repeat exactly although the contrast is high. In a photograph noise prevents that, and where there
is no noise, in the sky or out of focus, there is no contrast.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tintype.pixels import IntPixels

BLOCK = 16  # pixels, the side of what is classified and covered
# Chosen on photographs, their grey versions, and both after JPEG at quality 80: at most 2 % of the blocks of RGB and
# 5 % of grey ones pass. Of pages and desktops 24 to 50 % pass, the rest is flat.
MIN_CONTRAST = 48 / 255
MIN_REPEATS = 0.6  # share of a block's pixels
MIN_REPEATS_GREY = 0.7  # neighbours in one channel are equal by chance more often than in three


HALF = 0.5  # share of drawn blocks among the contrasted, from which a picture or a tile is drawn, not photographed


class Blocks(NamedTuple):
    """What blocks of 16 x 16 pixels look like; masks (ceil(H / 16), ceil(W / 16))."""

    contrasted: NDArray[np.bool_]  # not nearly flat
    drawn: NDArray[np.bool_]  # contrasted, and the pixels repeat
    repeats: float  # share of all pixels


def classify(pixels: IntPixels, depth: int = 8) -> Blocks:
    """Which blocks look drawn.

    A pixel repeats if it equals the first or the second pixel to its left or above: a checker repeats at two.
    """
    colours = _colours(pixels)
    repeats = np.zeros(colours.shape, bool)
    for distance in (1, 2):
        repeats[:, distance:] |= colours[:, distance:] == colours[:, :-distance]
        repeats[distance:] |= colours[distance:] == colours[:-distance]
    share = per_block(repeats.astype(np.float32)) / per_block(np.ones(colours.shape, np.float32))
    luma = pixels if pixels.ndim == 2 else pixels[..., 1]
    contrast = per_block(luma, np.maximum).astype(np.int64) - per_block(luma, np.minimum)
    contrasted = contrast >= MIN_CONTRAST * (2**depth - 1)
    least = MIN_REPEATS_GREY if pixels.ndim == 2 else MIN_REPEATS
    return Blocks(contrasted, contrasted & (share >= least), float(repeats.mean()))


def mostly_drawn(picture: IntPixels, depth: int = 8) -> bool:
    """Whether at least half of what has contrast looks drawn; of every fourth row of blocks."""
    found = [classify(picture[top : top + BLOCK], depth) for top in range(0, len(picture), 4 * BLOCK)]
    drawn, contrasted = (sum(int(getattr(blocks, name).sum()) for blocks in found) for name in ("drawn", "contrasted"))
    return contrasted > 0 and drawn >= HALF * contrasted


def clustered(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Blocks that are set, with at least three of their eight neighbours."""
    wide = np.pad(mask, 1).astype(np.uint8)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    around = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]  # with the block itself
    found: NDArray[np.bool_] = mask & (around >= 4)
    return found


def _colours(pixels: IntPixels) -> NDArray[Any]:
    """One number for each pixel, equal where the colours are."""
    if pixels.ndim == 2:
        return pixels
    bits = 8 * pixels.itemsize
    wide: NDArray[Any] = pixels.astype(np.uint32 if bits == 8 else np.uint64)
    colours: NDArray[Any] = wide[..., 0] << 2 * bits | wide[..., 1] << bits | wide[..., 2]
    return colours


def per_block(values: NDArray[Any], combine: np.ufunc = np.add) -> NDArray[Any]:
    """Sum or another combination over each block of (H, W); blocks at the right and at the bottom may be smaller."""
    rows = combine.reduceat(values, np.arange(0, values.shape[0], BLOCK), axis=0)
    return combine.reduceat(rows, np.arange(0, values.shape[1], BLOCK), axis=1)
