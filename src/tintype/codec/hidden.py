"""Pixels that nobody sees: under full transparency the colour is free, so it is made cheap to code."""

import numpy as np
from numpy.typing import NDArray

from tintype.pixels import IntPixels

Floats = NDArray[np.float32]


def fill_hidden(pixels: IntPixels, alpha: IntPixels) -> IntPixels:
    """The picture, with a smooth extension of the visible pixels where `alpha` is 0.

    Parameters
    ----------
    pixels : (H, W, 3) or (H, W); visible ones are kept as they are
    alpha : (H, W), 0 where nothing is visible
    """
    visible = alpha > 0
    if visible.all():
        return pixels
    filled = pixels.copy()
    for channel in np.moveaxis(filled.reshape(*alpha.shape, -1), -1, 0):  # one at a time: floats take much memory
        extended = _extended(channel.astype(np.float32), visible) + np.float32(0.5)
        np.copyto(channel, extended.astype(channel.dtype), where=~visible)
    return filled


def hidden_as(meant: IntPixels, pixels: IntPixels, alpha: IntPixels) -> IntPixels:
    """A decoded picture with the pixels that were meant where `alpha` is 0, so that none of them counts as an error.

    What files have there depends on the coder: networks get what `fill_hidden` makes, graphics may keep what was there.

    Parameters
    ----------
    meant, pixels : (H, W, 3) or (H, W)
    alpha : (H, W)
    """
    hidden = alpha == 0
    if not hidden.any():
        return pixels
    return np.where(hidden if pixels.ndim == 2 else hidden[..., None], meant, pixels)


def _extended(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """Known values where there are any, else those of a picture of half the size that is extended likewise.

    Gortler et al. 1996, section 3.4 (pull-push). The smaller picture knows the mean of the known ones of 2 x 2 pixels.

    Parameters
    ----------
    values, known : (H, W)
    """
    if known.all() or known.size == 1:
        return values * known
    height, width = known.shape
    even = ((0, height % 2), (0, width % 2))
    weights = np.pad(known.astype(np.float32), even)
    counts = _of_four(weights)
    means: Floats = _of_four(np.pad(values, even) * weights) / counts.clip(1)
    coarse = _extended(means, counts > 0)
    smooth = _doubled(_doubled(coarse).T).T[:height, :width]
    return np.where(known, values, smooth)


def _of_four(array: Floats) -> Floats:
    """Sums over blocks of 2 x 2; both sides are even."""
    total: Floats = array[::2, ::2] + array[1::2, ::2] + array[::2, 1::2] + array[1::2, 1::2]
    return total


def _doubled(array: Floats) -> Floats:
    """Twice as many rows, linear between the centres of the given ones."""
    above = np.concatenate([array[:1], array[:-1]])
    below = np.concatenate([array[1:], array[-1:]])
    near, far = np.float32(0.75), np.float32(0.25)
    rows: Floats = np.stack([near * array + far * above, near * array + far * below], axis=1)
    return rows.reshape(-1, array.shape[1])
