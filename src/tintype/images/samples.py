"""Samples of a picture in the form that files have."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from PIL import Image

from tintype.images import alpha
from tintype.images.picture import Picture, Samples
from tintype.images.raster import rescaled

WHITE = (255, 255, 255)
BAND_BYTES = 2**22  # of samples that are converted or coded at a time


def stored_bits(picture: Picture) -> int:
    """Bits of a sample in formats that have 8 and 16."""
    return 8 if picture.depth == 8 and (picture.alpha is None or picture.alpha.dtype == np.uint8) else 16


def interleaved(picture: Picture, bits: int) -> Samples:
    """Colour and alpha of so many bits in one array.

    Grey has shape (H, W), with alpha (H, W, 2); RGB has (H, W, 3), with alpha (H, W, 4).
    """
    pixels = rescaled(picture.pixels, picture.depth, bits)
    if picture.alpha is None:
        return pixels
    return np.dstack([pixels, rescaled(picture.alpha, 8 * picture.alpha.itemsize, bits)])


def bands(picture: Picture, bits: int, size: int = BAND_BYTES) -> Iterator[Samples]:
    """`interleaved`, from the top, in bands of rows of about `size` bytes."""
    rows = max(1, size // (picture.width * (3 + (picture.alpha is not None)) * bits // 8))
    for top in range(0, picture.height, rows):
        band = slice(top, top + rows)
        clear = None if picture.alpha is None else picture.alpha[band]
        yield interleaved(replace(picture, pixels=picture.pixels[band], alpha=clear), bits)


def of_image(image: Image.Image) -> Samples:
    """Samples of a Pillow image. `np.asarray` would copy all of them once more on the way."""
    rows = max(1, BAND_BYTES // (4 * image.width))
    first = np.asarray(image.crop((0, 0, image.width, min(rows, image.height))))
    samples = np.empty((image.height, *first.shape[1:]), first.dtype)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        samples[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return samples


def in_eight_bits(picture: Picture) -> Picture:
    """The picture in 8 bits, rounded."""
    pixels, clear = rescaled(picture.pixels, picture.depth, 8), picture.alpha
    clear = None if clear is None else rescaled(clear, 8 * clear.itemsize, 8)
    return replace(picture, pixels=pixels, depth=8, alpha=clear)


def on_white(picture: Picture) -> Picture:
    """The picture over white, without alpha."""
    if picture.alpha is None:
        return picture
    clear = rescaled(picture.alpha, 8 * picture.alpha.itemsize, picture.depth)
    pixels = alpha.flattened(picture.pixels, clear, WHITE, 2**picture.depth - 1)
    return replace(picture, pixels=pixels, alpha=None)
