"""Files of pictures, made by hand where no library writes them."""

import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6  # colour types of PNG
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    """A file that Pillow writes."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    samples: NDArray[np.integer], bits: int, colour_type: int, extra: bytes = b"", interlaced: bool = False
) -> bytes:
    """A PNG of samples (H, W) or (H, W, channels) in the file's own bits; rows take the five filters in turn."""
    height, width = samples.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, int(interlaced))
    passes = [samples]
    if interlaced:  # first row and column, and steps, of Adam7's passes
        starts = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
        passes = [samples[top::down, left::right] for top, left, down, right in starts]
    step = max(1, bits * CHANNELS[colour_type] // 8)
    rows = b"".join(_rows(part, bits, step) for part in passes if part.size)
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + body


def _rows(samples: NDArray[np.integer], bits: int, step: int) -> bytes:
    before = b""
    out = b""
    for number, row in enumerate(samples.reshape(len(samples), -1)):
        if bits == 16:
            raw = row.astype(">u2").tobytes()
        else:
            shifts = np.arange(bits - 1, -1, -1)
            raw = np.packbits(((row[:, None] >> shifts) & 1).astype(np.uint8).ravel()).tobytes()
        out += _filtered(raw, before or bytes(len(raw)), number % 5, step)
        before = raw
    return out


def _filtered(raw: bytes, before: bytes, kind: int, step: int) -> bytes:
    left, corner = bytes(step) + raw, bytes(step) + before
    guesses = {
        0: lambda a, b, c: 0,
        1: lambda a, b, c: a,
        2: lambda a, b, c: b,
        3: lambda a, b, c: (a + b) // 2,
        4: lambda a, b, c: min((a, b, c), key=lambda value: abs(a + b - c - value)),
    }
    guess = guesses[kind]
    return bytes([kind]) + bytes(
        (value - guess(a, b, c)) % 256 for value, a, b, c in zip(raw, left, before, corner, strict=False)
    )


def box(kind: bytes, *content: bytes) -> bytes:
    """A box of the ISO base media format."""
    data = b"".join(content)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def noise(shape: Sequence[int], bits: int, seed: int = 0) -> NDArray[np.uint16]:
    """Samples that use every bit, with black and white among them."""
    samples = np.random.default_rng((251, seed)).integers(0, 2**bits, shape).astype(np.uint16)
    samples.flat[0], samples.flat[-1] = 0, 2**bits - 1
    return samples
