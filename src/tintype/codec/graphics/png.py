"""PNG without what the layer knows already: its size, its signature and its end.

docs/format.md, "Graphics", is the normative text.
"""

import io
import struct
import zlib

from PIL import Image, PngImagePlugin

from tintype.errors import CorruptError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KINDS = {(0, 1), (0, 8), (0, 16), (2, 8), (3, 1), (3, 2), (3, 4), (3, 8)}
"""Colour type (grey, RGB, palette) and bits of a sample that images may have."""


def write(image: Image.Image) -> bytes:
    """Colour type and bits in a byte, then the chunks PLTE and IDAT of a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    data = file.getvalue()
    bits, colour = data[24], data[25]
    kept = (data[begin:end] for name, begin, end in _chunks(data, len(SIGNATURE)) if name in (b"PLTE", b"IDAT"))
    return bytes([colour << 5 | bits]) + b"".join(kept)


def read(data: bytes, height: int, width: int) -> Image.Image:
    """The image, opened and not yet decoded.

    Raises
    ------
    CorruptError
        It has another form.
    """
    colour, bits = divmod(data[0], 32) if data else (0, 0)
    if (colour, bits) not in KINDS:
        raise CorruptError(f"graphics in PNG of colour type {colour} and {bits} bits do not exist; the file is damaged")
    for name, _, _ in _chunks(data, 1):
        if name not in (b"PLTE", b"IDAT"):
            raise CorruptError("graphics in PNG hold a chunk that is neither PLTE nor IDAT; the file is damaged")
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return PngImagePlugin.PngImageFile(io.BytesIO(SIGNATURE + header + data[1:] + _chunk(b"IEND", b"")))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _chunks(data: bytes, begin: int) -> list[tuple[bytes, int, int]]:
    """Name, begin and end of each chunk."""
    found = []
    while begin < len(data):
        end = begin + 12 + int.from_bytes(data[begin : begin + 4], "big")
        if end > len(data):
            raise CorruptError("graphics in PNG end within a chunk; the file is damaged")
        found.append((data[begin + 4 : begin + 8], begin, end))
        begin = end
    return found
