"""PNG of 8 and 16 bits, band by band: rows are filtered by Pillow in 8 bits, and by the few lines that 16 need.

Pillow writes neither RGB of 16 bits nor cICP, and it takes whole images alone.
"""

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from PIL import Image

from tintype.images.metadata import exif, iptc
from tintype.images.metadata.found import XMP_KEYWORD
from tintype.images.picture import Picture, Samples
from tintype.images.samples import bands, stored_bits

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LEVEL = 6  # of zlib
DEEP_LEVEL = 3  # of zlib: on photographs of 16 bits 1 % larger than 6, in a third of the time
SAMPLE_ROWS, SAMPLE_EVERY = 16, 256  # rows of a sample, and one such band in so many
WORTH_A_SAMPLE = 2**16  # pixels; below, all of zlib is quick
LARGER = 1.1  # what runs alone may cost in bytes
FLAT = 1 / 8  # of the raw bytes: what compresses below that is drawn, and all of zlib is quick there
BLOCK_BYTES = 2**18  # of samples that are filtered at a time, which takes 60 times as much memory


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
        blocks = _filtered(bands(picture, bits, BLOCK_BYTES))
    else:
        packer = _packer(LEVEL, _strategy(picture)) if level is None else _packer(level, zlib.Z_FILTERED)
        blocks = _filtered_by_pillow(bands(picture, bits))
    for rows in blocks:
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


def _filtered_by_pillow(blocks: Iterable[Samples]) -> Iterator[bytes]:
    """Rows of 8 bits behind the number of their filter, which Pillow chooses: it writes each block without compression.

    It takes whole images, as a copy of 4 bytes per pixel and with the whole file in memory.
    """
    above: Samples | None = None
    for block in blocks:
        file = io.BytesIO()
        shown = block if above is None else np.concatenate([above, block])
        Image.fromarray(shown).save(file, "PNG", compress_level=0)
        rows = zlib.decompress(b"".join(_chunks(file.getvalue(), b"IDAT")))
        yield rows if above is None else rows[len(rows) // len(shown) :]
        above = block[-1:]


def _packer(level: int, strategy: int) -> "zlib._Compress":
    return zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)  # with as much memory as Pillow takes


def _strategy(picture: Picture) -> int:
    """Runs alone, unless a sample of the rows shows that all of zlib does better."""
    height, width = picture.height, picture.width
    if height * width < WORTH_A_SAMPLE or height < SAMPLE_EVERY:
        return zlib.Z_FILTERED
    first = (SAMPLE_EVERY - SAMPLE_ROWS) // 2
    rows = np.add.outer(np.arange(first, height - SAMPLE_EVERY + first + 1, SAMPLE_EVERY), np.arange(SAMPLE_ROWS))
    clear = None if picture.alpha is None else picture.alpha[rows.ravel()]
    sample = replace(picture, pixels=picture.pixels[rows.ravel()], alpha=clear)
    raw = b"".join(_filtered_by_pillow(bands(sample, 8)))
    runs, everything = (_packed_size(raw, strategy) for strategy in (zlib.Z_RLE, zlib.Z_FILTERED))
    return zlib.Z_RLE if FLAT * len(raw) < runs < LARGER * everything else zlib.Z_FILTERED


def _packed_size(raw: bytes, strategy: int) -> int:
    packer = _packer(LEVEL, strategy)
    return len(packer.compress(raw)) + len(packer.flush())


def _chunks(data: bytes, kind: bytes) -> Iterator[bytes]:
    """Content of the chunks of a kind."""
    at = len(SIGNATURE)
    while at < len(data):
        size, found = struct.unpack_from(">I4s", data, at)
        if found == kind:
            yield data[at + 8 : at + 8 + size]
        at += 12 + size


def _filtered(blocks: Iterable[Samples]) -> Iterator[bytes]:
    """Rows of 16 bits behind the number of their filter: each by the filter with the smallest sum.

    PNG section 9: a byte is predicted from those to the left (a), above (b) and above left (c).
    """
    above: Samples | None = None
    for block in blocks:
        step = 2 * (block.shape[2] if block.ndim == 3 else 1)  # bytes of a pixel
        x = block.astype(">u2").view(np.uint8).reshape(len(block), -1).astype(np.int16)
        b = np.concatenate([np.zeros_like(x[:1]) if above is None else above, x[:-1]])
        a, c = (np.pad(rows[:, :-step], ((0, 0), (step, 0))) for rows in (x, b))
        guesses = (np.zeros_like(x), a, b, (a + b) // 2, _paeth(a, b, c))
        choices = np.stack([(x - guess).astype(np.uint8) for guess in guesses])
        best = np.abs(choices.view(np.int8).astype(np.int16)).sum(axis=2, dtype=np.int64).argmin(axis=0)
        rows = choices[best, np.arange(len(x))]
        yield np.concatenate([best.astype(np.uint8)[:, None], rows], axis=1).tobytes()
        above = x[-1:]


def _paeth(a: Samples, b: Samples, c: Samples) -> Samples:
    """Of the three neighbours the one nearest to a + b - c; ties go to the first."""
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    return np.where((to_a <= to_b) & (to_a <= to_c), a, np.where(to_b <= to_c, b, c))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
