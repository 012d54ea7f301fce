"""PNG of 8 and 16 bits: pixels by Pillow up to 8 bits, and by the few lines that 16 need; chunks by our own hand.

Pillow writes neither RGB of 16 bits nor cICP.
"""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tintype.images.metadata import exif, iptc
from tintype.images.metadata.found import XMP_KEYWORD
from tintype.images.picture import Picture, Samples
from tintype.images.samples import interleaved, stored_bits

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_END = 33  # signature and IHDR
LEVEL = 6  # of zlib
DEEP_LEVEL = 3  # of zlib: on photographs of 16 bits 1 % larger than 6, in a third of the time
SAMPLE_ROWS, SAMPLE_EVERY = 16, 256  # rows of a sample, and one such band in so many
WORTH_A_SAMPLE = 2**16  # pixels; below, all of zlib is quick
LARGER = 1.1  # what runs alone may cost in bytes
FLAT = 1 / 8  # of the raw bytes: what compresses below that is drawn, and all of zlib is quick there
BLOCK_BYTES = 2**18  # of samples that are filtered at a time, which takes 60 times as much memory


def write(picture: Picture, _: float | None = None, level: int | None = None) -> bytes:
    """The file; 10 and 12 bits are written as 16 that say how many of them count.

    Parameters
    ----------
    level : of zlib, 0 to 9
        None: what is quick and loses little. Behind PNG's filters, photographs have runs but hardly any other
        repetition. Coding runs alone takes a fifth of the time and 1 % more bytes.
    """
    bits = stored_bits(picture)
    samples = interleaved(picture, bits)
    if bits > 8:
        data = _deep(samples, DEEP_LEVEL if level is None else level)
    elif level is None:
        data = _by_pillow(samples, LEVEL, _strategy(samples))
    else:
        data = _by_pillow(samples, level, zlib.Z_FILTERED)
    return data[:HEADER_END] + b"".join(_chunk(*chunk) for chunk in _metadata(picture)) + data[HEADER_END:]


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


def _by_pillow(samples: Samples, level: int, strategy: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(samples).save(file, "PNG", compress_level=level, compress_type=strategy)
    return file.getvalue()


def _strategy(samples: Samples) -> int:
    """Runs alone, unless a sample of the rows shows that all of zlib does better."""
    height, width = samples.shape[:2]
    if height * width < WORTH_A_SAMPLE or height < SAMPLE_EVERY:
        return zlib.Z_FILTERED
    first = (SAMPLE_EVERY - SAMPLE_ROWS) // 2
    whole = samples[: height // SAMPLE_EVERY * SAMPLE_EVERY].reshape(-1, SAMPLE_EVERY, *samples.shape[1:])
    sample = np.concatenate(list(whole[:, first : first + SAMPLE_ROWS]))  # (bands * SAMPLE_ROWS, W, ...)
    runs, everything = (len(_by_pillow(sample, LEVEL, strategy)) for strategy in (zlib.Z_RLE, zlib.Z_FILTERED))
    return zlib.Z_RLE if FLAT * sample.nbytes < runs < LARGER * everything else zlib.Z_FILTERED


def _deep(samples: Samples, level: int) -> bytes:
    """A file of 16 bits per sample: header and pixels."""
    height, width, *channels = samples.shape
    kind = {(): 0, (3,): 2, (2,): 4, (4,): 6}[tuple(channels)]  # IHDR's colour type
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    pieces = [SIGNATURE, _chunk(b"IHDR", header)]
    packer = zlib.compressobj(level)
    for rows in _filtered(samples):
        if packed := packer.compress(rows):
            pieces.append(_chunk(b"IDAT", packed))
    return b"".join([*pieces, _chunk(b"IDAT", packer.flush()), _chunk(b"IEND", b"")])


def _filtered(samples: Samples) -> Iterator[bytes]:
    """Rows behind the number of their filter, block by block: each row by the filter with the smallest sum.

    PNG section 9: a byte is predicted from those to the left (a), above (b) and above left (c).
    """
    step = 2 * (samples.shape[2] if samples.ndim == 3 else 1)  # bytes of a pixel
    row_bytes = step * samples.shape[1]
    above = np.zeros((1, row_bytes), np.int16)
    count = max(1, BLOCK_BYTES // row_bytes)
    for at in range(0, len(samples), count):
        x = samples[at : at + count].astype(">u2").view(np.uint8).reshape(-1, row_bytes).astype(np.int16)
        b = np.concatenate([above, x[:-1]])
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
