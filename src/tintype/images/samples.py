"""Samples in other depths, and colours laid over others."""

from dataclasses import replace

import numpy as np

from tintype.images.picture import Picture, Samples

ROWS = 256  # worked on at a time, so that a large picture does not need its wide sums all at once


def scaled(samples: Samples, depth: int, to: int) -> Samples:
    """Samples of `depth` bits in `to` bits: 0 stays 0, the largest value the largest; rounded. 8 bits are uint8."""
    if depth == to:
        return samples
    most, largest = 2**depth - 1, 2**to - 1
    found = np.empty_like(samples, dtype=np.uint8 if to == 8 else np.uint16)
    for row in range(0, len(samples), ROWS):
        part = samples[row : row + ROWS].astype(np.uint64)
        found[row : row + ROWS] = (part * largest + most // 2) // most
    return found


def stored_bits(picture: Picture) -> int:
    """Bits of a sample in formats that have 8 and 16."""
    return 8 if picture.depth == 8 and (picture.alpha is None or picture.alpha.dtype == np.uint8) else 16


def interleaved(picture: Picture, bits: int) -> Samples:
    """Colour and alpha of so many bits in one array.

    Grey has shape (H, W), with alpha (H, W, 2); RGB has (H, W, 3), with alpha (H, W, 4).
    """
    pixels = scaled(picture.pixels, picture.depth, bits)
    if picture.alpha is None:
        return pixels
    return np.dstack([pixels, scaled(picture.alpha, 8 * picture.alpha.itemsize, bits)])


def flattened(picture: Picture, colour: tuple[int, int, int] = (255, 255, 255)) -> Picture:
    """The picture over a colour, given in 8 bits; the samples are mixed as they are, as browsers do.

    A grey picture stays grey over grey alone.
    """
    if picture.alpha is None:
        return picture
    grey = picture.grey and len(set(colour)) == 1
    channels = picture.pixels[:, :, None] if picture.grey else picture.pixels
    most, full = 2**picture.depth - 1, int(np.iinfo(picture.alpha.dtype).max)
    below = (np.array(colour[: 1 if grey else 3], np.uint64) * most + 127) // 255
    pixels = np.empty((*picture.alpha.shape, len(below)), picture.pixels.dtype)
    for row in range(0, len(pixels), ROWS):
        part = slice(row, row + ROWS)
        alpha = picture.alpha[part, :, None].astype(np.uint64)
        pixels[part] = (channels[part] * alpha + below * (full - alpha) + full // 2) // full
    return replace(picture, pixels=pixels[:, :, 0] if grey else pixels, alpha=None)
