"""JPEG XL. The plugin for Pillow decodes while it opens, and keeps 8 bits of RGB, so the head is read here."""

from typing import NamedTuple

import numpy as np

from tintype.images.boxes import boxes
from tintype.images.formats import needed
from tintype.images.picture import check_size
from tintype.images.raster import Raster
from tintype.images.readers import by_mode
from tintype.images.readers.opened import Opened

CODESTREAM = b"\xff\x0a"
RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # of width to height, numbered from 1
ANIMATED = "It is an animation, of which only the first frame is read."


class Head(NamedTuple):
    """What the first bits of a codestream say; ISO/IEC 18181-1, annex D."""

    width: int
    height: int
    bits: int | None  # per sample; None where more would have to be parsed to know
    animated: bool


def check(data: bytes, name: str, max_pixels: int) -> None:
    """Refuse what is too large before it is decoded."""
    head = _head(data)
    check_size(head.width, head.height, name, max_pixels)


def read(opened: Opened) -> Raster:
    """All bits of integers; the plugin's modes tell the rest."""
    head = _head(opened.data)
    notes = (ANIMATED,) if head.animated else ()
    image = opened.image
    if head.bits == 8 or getattr(image, "jpeg", False) or image.mode in ("I;16", "F"):
        raster = by_mode.read(opened)
        return Raster(raster.samples, raster.bits, raster.alpha, notes=(*raster.notes, *notes))
    needed("imagecodecs", f"{opened.name}: JPEG XL of more than 8 bits per sample")
    import imagecodecs

    channels = imagecodecs.jpegxl_decode(opened.data, index=0 if head.animated else None)
    if channels.dtype not in (np.uint8, np.uint16):
        raise opened.refusal("its samples are floats; export it with 16-bit integers")
    bits = 8 * channels.dtype.itemsize  # whatever the file's: the decoder scales
    if channels.ndim == 2:
        return Raster(channels, bits, notes=notes)
    alpha = channels[..., -1] if channels.shape[2] in (2, 4) else None
    samples = channels[..., :3] if channels.shape[2] >= 3 else channels[..., 0]
    return Raster(samples, bits, alpha, notes=notes)


def _head(data: bytes) -> Head:
    bits = _Bits(_codestream(data))
    width, height = _size(bits)
    if bits.take(1):  # all defaults
        return Head(width, height, 8, False)
    animated = False
    if bits.take(1):  # further fields
        bits.take(3)  # orientation, which decoders apply
        if bits.take(1):
            _size(bits)  # for display
        if bits.take(1):  # a preview, whose size would follow
            return Head(width, height, None, False)
        animated = bool(bits.take(1))
        if animated:
            bits.choice((100, 0), (1000, 0), (1, 10), (1, 30))
            bits.choice((1, 0), (1001, 0), (1, 8), (1, 10))
            bits.choice((0, 0), (0, 3), (0, 16), (0, 32))
            bits.take(1)
    is_float = bits.take(1)
    return Head(width, height, None if is_float else bits.choice((8, 0), (10, 0), (12, 0), (1, 6)), animated)


def _size(bits: "_Bits") -> tuple[int, int]:
    """Width and height."""
    small = bits.take(1)

    def side() -> int:
        return (bits.take(5) + 1) * 8 if small else bits.choice((1, 9), (1, 13), (1, 18), (1, 30))

    height = side()
    ratio = bits.take(3)
    if not ratio:
        return side(), height
    over, under = RATIOS[ratio - 1]
    return height * over // under, height


def _codestream(data: bytes) -> bytes:
    """The start of the codestream, of a bare file or of its box."""
    if data.startswith(CODESTREAM):
        return data[2:64]
    for box in boxes(data):
        if box.kind in (b"jxlc", b"jxlp"):
            start = box.start + (4 if box.kind == b"jxlp" else 0)
            if data[start : start + 2] == CODESTREAM:
                return data[start + 2 : start + 64]
    raise ValueError("it has no codestream")


class _Bits:
    """Bits of a codestream, the least significant first."""

    def __init__(self, data: bytes) -> None:
        self.value, self.left = int.from_bytes(data, "little"), 8 * len(data)

    def take(self, count: int) -> int:
        if count > self.left:
            raise ValueError("the codestream ends in its head")
        found = self.value & (1 << count) - 1
        self.value >>= count
        self.left -= count
        return found

    def choice(self, *options: tuple[int, int]) -> int:
        """One of four: a number, and bits to add to it."""
        base, count = options[self.take(2)]
        return base + self.take(count)
