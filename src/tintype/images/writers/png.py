"""PNG of 8 and 16 bits, band by band.

Pillow writes neither RGB of 16 bits nor cICP, and it takes whole images alone.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from tintype.images.metadata import exif, iptc
from tintype.images.metadata.found import XMP_KEYWORD
from tintype.images.picture import Picture, Samples
from tintype.images.samples import bands, stored_bits

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LEVEL = 6  # of zlib
DEEP_LEVEL = 3  # of zlib: on photographs of 16 bits 1 % larger than 6, in a third of the time
SAMPLE_ROWS, SAMPLE_EVERY = 16, 256  # rows of a band of the sample, and the least that one stands for
SAMPLE_BANDS = 6
WORTH_A_SAMPLE = 2**16  # pixels; below, all of zlib is quick
LARGER = 1.1  # what runs alone may cost in bytes
FLAT = 1 / 8  # of the raw bytes: what compresses below that is drawn, and all of zlib is quick there
BLOCK_BYTES = 2**20  # of samples that are filtered at a time


def write(picture: Picture, _: float | None = None, level: int | None = None) -> Iterator[bytes]:
    """The file in pieces; 10 and 12 bits are written as 16 that say how many of them count.

    Parameters
    ----------
    level : of zlib, 0 to 9
        None: what is quick and loses little. Behind PNG's filters, photographs have runs but hardly any other
        repetition. Coding runs alone takes a fifth of the time and 1 % more bytes.
    """
    bits = stored_bits(picture)
    kind = (0 if picture.grey else 2) + (0 if picture.alpha is None else 4)  # IHDR's colour type
    yield SIGNATURE + _chunk(b"IHDR", struct.pack(">IIBBBBB", picture.width, picture.height, bits, kind, 0, 0, 0))
    for chunk in _metadata(picture):
        yield _chunk(*chunk)
    if bits > 8:
        packer = zlib.compressobj(DEEP_LEVEL if level is None else level)
    else:
        packer = _packer(LEVEL, _strategy(picture)) if level is None else _packer(level, zlib.Z_FILTERED)
    for rows in _filtered(bands(picture, bits, BLOCK_BYTES)):
        if packed := packer.compress(rows):
            yield _chunk(b"IDAT", packed)
    yield _chunk(b"IDAT", packer.flush()) + _chunk(b"IEND", b"")


def _metadata(picture: Picture) -> Iterator[tuple[bytes, bytes]]:
    """Chunks that stand before the pixels."""
    if picture.code_points:
        yield b"cICP", bytes([*picture.code_points, 0, 1])  # RGB, full range
    if picture.icc:
        yield b"iCCP", b"ICC Profile\0\0" + zlib.compress(picture.icc)
    if picture.depth in (10, 12):
        channels = (1 if picture.grey else 3) + (picture.alpha is not None)
        yield b"sBIT", bytes([picture.depth] * channels)
    if density := exif.density(picture.exif):
        scale = {exif.INCH: 1 / 0.0254, exif.CENTIMETRE: 100}.get(density.unit, 1)
        sides = [min(round(float(value) * scale), 2**31 - 1) for value in density[:2]]
        yield b"pHYs", struct.pack(">IIB", *sides, density.unit in (exif.INCH, exif.CENTIMETRE))
    if picture.exif:
        yield b"eXIf", picture.exif
    if picture.xmp:
        yield b"iTXt", XMP_KEYWORD.encode() + b"\0\0\0\0\0" + picture.xmp
    if picture.iptc:
        resources = iptc.to_resources(picture.iptc)  # PNG has no chunk for it; this is ImageMagick's way
        digits = "\n".join(resources.hex()[at : at + 72] for at in range(0, 2 * len(resources), 72))
        text = f"\niptc\n{len(resources):8d}\n{digits}\n"
        yield b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(text.encode())


def _packer(level: int, strategy: int) -> "zlib._Compress":
    return zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)  # with as much memory as Pillow takes


def _strategy(picture: Picture) -> int:
    """Runs alone, unless a sample of the rows shows that all of zlib does better."""
    height, width = picture.height, picture.width
    if height * width < WORTH_A_SAMPLE or height < SAMPLE_EVERY:
        return zlib.Z_FILTERED
    count = min(SAMPLE_BANDS, height // SAMPLE_EVERY)
    first = (2 * np.arange(count) + 1) * height // (2 * count) - SAMPLE_ROWS // 2  # around the middles of `count` parts
    rows = np.add.outer(first, np.arange(SAMPLE_ROWS))
    clear = None if picture.alpha is None else picture.alpha[rows.ravel()]
    sample = replace(picture, pixels=picture.pixels[rows.ravel()], alpha=clear)
    raw = b"".join(_filtered(bands(sample, 8)))
    runs, everything = (_packed_size(raw, strategy) for strategy in (zlib.Z_RLE, zlib.Z_FILTERED))
    return zlib.Z_RLE if FLAT * len(raw) < runs < LARGER * everything else zlib.Z_FILTERED


def _packed_size(raw: bytes, strategy: int) -> int:
    packer = _packer(LEVEL, strategy)
    return len(packer.compress(raw)) + len(packer.flush())


def _filtered(blocks: Iterable[Samples]) -> Iterator[bytes]:
    """Rows behind the number of their filter, most significant bytes first."""
    from tintype.native import _loops  # here: training reads pictures where nothing was compiled

    above: Samples | None = None
    for block in blocks:
        rows = np.ascontiguousarray(block.astype(block.dtype.newbyteorder(">"), copy=False))
        rows = rows.view(np.uint8).reshape(len(block), -1)
        step = block.dtype.itemsize * (block.shape[2] if block.ndim == 3 else 1)  # bytes of a pixel
        yield _loops.filtered(rows, np.zeros_like(rows[0]) if above is None else above, step)
        above = rows[-1]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
