"""AVIF without its container: one still picture of AV1.

A container can promise a small picture and hold a large one, and libavif does not compare before it decodes. So a layer
holds the two units of AV1 that are needed, whose header is read here, and the container is made anew. docs/format.md,
"Graphics", is the normative text; fields are those of the AV1 specification, sections 5.3, 5.5 and 5.9.
"""

import io
from collections.abc import Iterator
from typing import NamedTuple

from PIL import AvifImagePlugin, Image

from tintype.errors import CorruptError
from tintype.pixels import IntPixels

SPEED = 5  # of 0 to 10; 6 takes a third of the time and shows drawings 1.3 dB worse at equal bytes
FAST = 6  # for strips of photographs, where it costs 0 to 2 %
MAX_SIDE = 2**15  # pixels; libavif's own limit

DELIMITER, SEQUENCE, FRAME = 2, 1, 6  # types of units
_FTYP = b"avif" + bytes(4) + b"avifmif1miaf"


def write(pixels: IntPixels, quality: int, speed: int = SPEED) -> bytes:
    """An image in uint8, (H, W, 3) in 4:4:4 or (H, W), quality 0 to 100: sequence header and frame.

    Of libaom's tunes at this speed, ssim gave drawings the most PSNR and the most SSIMULACRA2 for their bytes
    (docs/decisions/0021).
    """
    file = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(
        file,
        "AVIF",
        quality=quality,
        speed=speed,
        subsampling="4:0:0" if pixels.ndim == 2 else "4:4:4",
        advanced={"tune": "ssim"},
        autotiling=False,
        max_threads=1,  # its bytes depend on their number
    )
    data = file.getvalue()
    (begin, end), *others = [(begin, end) for name, begin, end in _boxes(data) if name == b"mdat"]
    units = [unit for unit in _units(data[:end], begin) if unit.kind != DELIMITER]
    if others or [unit.kind for unit in units] != [SEQUENCE, FRAME]:
        raise RuntimeError("libavif wrote something other than one frame for a still picture")
    return b"".join(data[unit.begin : unit.end] for unit in units)


def read(data: bytes, height: int, width: int, grey: bool) -> Image.Image:
    """The image, opened and not yet decoded.

    Raises
    ------
    CorruptError
        It is no still picture, or of another size.
    """
    units = list(_units(data, 0))
    if [unit.kind for unit in units] != [SEQUENCE, FRAME]:
        raise CorruptError("graphics in AVIF are not one sequence header and one frame; the file is damaged")
    _require_still(data[units[0].content : units[0].end], height, width, 0 if grey else 1)
    return AvifImagePlugin.AvifImageFile(io.BytesIO(_container(data, height, width, grey)))


def _require_still(header: bytes, height: int, width: int, profile: int) -> None:
    """That a sequence header describes a single picture of this size, whose frame cannot say otherwise."""
    bits = int.from_bytes(header, "big")
    left = 8 * len(header)

    def take(count: int) -> int:
        nonlocal left
        left -= count
        if left < 0:
            raise CorruptError("graphics in AVIF end within their header; the file is damaged")
        return bits >> left & ((1 << count) - 1)

    # with the reduced header of still pictures a frame has no size of its own
    if (take(3), take(1), take(1)) != (profile, 1, 1):
        raise CorruptError("graphics in AVIF are no still picture of their kind; the file is damaged")
    take(5)  # level
    width_bits, height_bits = take(4) + 1, take(4) + 1
    found = take(width_bits) + 1, take(height_bits) + 1
    if found != (width, height):
        raise CorruptError(
            f"graphics have {found[0]} x {found[1]} pixels where {width} x {height} belong; the file is damaged"
        )


class _Unit(NamedTuple):
    """An open bitstream unit: its type, and where it, its content and what follows begin."""

    kind: int
    begin: int
    content: int
    end: int


def _units(data: bytes, begin: int) -> Iterator[_Unit]:
    while begin < len(data):
        head, size, shift, at = data[begin], 0, 0, begin + 1
        while at < len(data) and shift < 35:
            size |= (data[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if data[at - 1] < 0x80:
                break
        if head & 0x87 != 0x02 or at + size > len(data):  # without extension, with a size
            raise CorruptError("graphics in AVIF have a unit of another form; the file is damaged")
        yield _Unit(head >> 3, begin, at, at + size)
        begin = at + size


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of the content of each outer box of a file that libavif wrote."""
    begin = 0
    while begin < len(data):
        end = begin + int.from_bytes(data[begin : begin + 4], "big")
        yield data[begin + 4 : begin + 8], begin + 8, end
        begin = end


def _container(data: bytes, height: int, width: int, grey: bool) -> bytes:
    """An AVIF file of one item (ISO/IEC 23000-22, 14496-12)."""
    sides = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    channels = b"\x01\x08" if grey else b"\x03\x08\x08\x08"
    properties = (
        _box(b"ispe", bytes(4) + sides)
        + _box(b"pixi", bytes(4) + channels)
        + _box(b"av1C", b"\x81\x00\x1c\x00" if grey else b"\x81\x20\x00\x00")
        + _box(b"colr", b"nclx\x00\x01\x00\x0d\x00\x06\x80")  # sRGB, BT.601 coefficients, full range
    )
    associations = bytes(4) + b"\x00\x00\x00\x01\x00\x01\x04\x01\x02\x83\x04"
    location = bytes(4) + b"\x44\x00\x00\x01\x00\x01\x00\x00\x00\x01"
    entry = _box(b"infe", b"\x02\x00\x00\x00\x00\x01\x00\x00av01\x00")
    boxes = (
        _box(b"hdlr", bytes(8) + b"pict" + bytes(13))
        + _box(b"pitm", bytes(4) + b"\x00\x01")
        + _box(b"iinf", bytes(4) + b"\x00\x01" + entry)
        + _box(b"iprp", _box(b"ipco", properties) + _box(b"ipma", associations))
    )
    ftyp = _box(b"ftyp", _FTYP)
    location_bytes = 8 + len(location) + 8
    begin = len(ftyp) + 8 + 4 + len(boxes) + location_bytes + 8
    location += begin.to_bytes(4, "big") + len(data).to_bytes(4, "big")
    return ftyp + _box(b"meta", bytes(4) + boxes + _box(b"iloc", location)) + _box(b"mdat", data)


def _box(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content
