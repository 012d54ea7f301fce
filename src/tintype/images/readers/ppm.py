"""PPM, PGM and their like: above 8 bits, of which Pillow keeps 8, and bytes as they are, without a copy."""

import re

import numpy as np
import numpy.typing as npt

from tintype.images.raster import Raster, of_white
from tintype.images.readers import by_mode
from tintype.images.readers.opened import Opened

_NUMBER = rb"(?:\s|#[^\r\n]*[\r\n])+(\d{1,10})"
_HEAD = re.compile(rb"P([2356])" + _NUMBER * 3 + rb"(?:#[^\r\n]*[\r\n])?\s")
_PIECE = re.compile(rb"[\s\S]{1,262144}\S*")  # ends with a number


def read(opened: Opened) -> Raster:
    """Samples from 0 to any white that fits into 16 bits."""
    head = _HEAD.match(opened.data)
    if head is None:
        return by_mode.read(opened)
    kind, white = int(head[1]), int(head[4])
    if white < 255 or (white == 255 and kind in (2, 3)):
        return by_mode.read(opened)
    if white >= 2**16:
        raise opened.refusal(f"white is {white}; at most 65535 is possible")
    shape = (opened.image.height, opened.image.width, *((3,) if kind in (3, 6) else ()))
    count = int(np.prod(shape))
    if kind in (5, 6):
        type = np.dtype(np.uint8 if white == 255 else ">u2")
        found = min(count, (len(opened.data) - head.end()) // type.itemsize)
        samples = np.frombuffer(opened.data, type, found, head.end())
    else:
        samples = _numbers(opened, re.sub(rb"#[^\r\n]*", b"", opened.data[head.end() - 1 :]), count)
    if samples.size < count:
        raise opened.refusal(f"damaged: it has {samples.size} of {count} samples")
    if white == 255:
        return Raster(samples.reshape(shape))
    if samples.size and samples.max() > white:
        raise opened.refusal(f"damaged: a sample is {samples.max()}, above white, which is {white}")
    scaled, bits = of_white(samples.reshape(shape).astype(np.uint16), white)
    return Raster(scaled, bits)


def _numbers(opened: Opened, text: bytes, count: int) -> npt.NDArray[np.int32]:
    """The first numbers, at most so many. All of them at once as Python's objects take ten times as much memory."""
    samples = np.empty(count, np.int32)
    found = 0
    for piece in _PIECE.finditer(text):
        values = _values(opened, piece[0], count - found)
        samples[found : found + len(values)] = values.clip(max=2**16)
        found += len(values)
        if found == count:
            break
    return samples[:found]


def _values(opened: Opened, text: bytes, count: int) -> npt.NDArray[np.int64]:
    words = text.split()[:count]
    if words and not b"".join(words).isdigit():  # NumPy would take "-1" and "1_0"
        raise opened.refusal("damaged: a sample is not a whole number")
    return np.array(words, np.int64)
