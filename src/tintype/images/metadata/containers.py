"""Where each format keeps metadata. Readers here take what is whole, skip what is damaged, and never read pixels."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import BinaryIO

from tintype.images.metadata import exif, iptc
from tintype.images.metadata.exif import CENTIMETRE, EXIF_PREFIX, TIME
from tintype.images.metadata.found import XMP_PREFIX, Found, decoded, density_of
from tintype.images.metadata.tiff import Ifd, Readable, Tiff

MAX_NAMES = 8  # in one note
MAX_BLOCKS = 2**18  # segments, chunks or boxes that are looked at

XMP_EXTENSION_PREFIX = b"http://ns.adobe.com/xmp/extension/\0"
CREDENTIALS = "Its content credentials (C2PA) were left out: they do not hold for other pixels."


def jpeg(file: BinaryIO, found: Found) -> None:
    """Segments before the first scan."""
    resources, profile, others = bytearray(), list[bytes](), list[str]()
    for marker, size in _segments(file):
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            file.seek(size, 1)
            continue
        data = found.read(file, size)
        if marker == 0xE0 and data[:5] == b"JFIF\0" and len(data) >= 12:
            unit, x, y = struct.unpack_from(">BHH", data, 7)
            found.density = density_of(x, y, unit + 1) if unit <= 2 else None
        elif marker == 0xE1 and data.startswith(EXIF_PREFIX):
            found.exif = found.exif or data
        elif marker == 0xE1 and data.startswith(XMP_PREFIX):
            found.xmp = found.xmp or data[len(XMP_PREFIX) :]
        elif marker == 0xE1 and data.startswith(XMP_EXTENSION_PREFIX):
            found.keep_extension(data[len(XMP_EXTENSION_PREFIX) :])
        elif marker == 0xEB and data[:2] == b"JP" and CREDENTIALS not in found.notes:
            found.notes.append(CREDENTIALS)
        elif marker == 0xED and data.startswith(iptc.PHOTOSHOP_PREFIX):
            resources += data[len(iptc.PHOTOSHOP_PREFIX) :]  # long resources go on in the next segment
        elif marker == 0xE2 and data.startswith(_PROFILE):
            profile.append(data[len(_PROFILE) :])
        elif marker == 0xFE:
            found.comments.append(("", decoded(data)))
        elif marker not in _KNOWN_SEGMENTS and not data.startswith(_KNOWN_CONTENTS):
            name = re.match(rb"[\w ]{0,16}", data)
            others.append(f"APP{marker - 0xE0} {name[0].decode() if name else ''}".strip())
    if others:
        names = list(dict.fromkeys(others))[:MAX_NAMES]
        found.notes.append(f"Its segments {', '.join(names)} were left out.")
    found.keep_resources(bytes(resources))
    if profile and min(profile)[1:2] != bytes([len(profile) % 256]):  # Pillow keeps only profiles with all their parts
        found.notes.append("Its colour profile is damaged and was left out.")


def png(file: BinaryIO, found: Found) -> None:
    """Chunks, on both sides of the pixels; text may hold EXIF, IPTC and XMP too."""
    file.seek(8)
    for _ in range(MAX_BLOCKS):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        (size,), kind = struct.unpack(">I", head[:4]), head[4:]
        if kind == b"caBX":
            found.notes.append(CREDENTIALS)
        if kind not in (b"eXIf", b"pHYs", b"tIME", b"tEXt", b"zTXt", b"iTXt"):
            file.seek(size + 4, 1)
            continue
        data = found.read(file, size)
        check = file.read(4)
        if len(data) < size or struct.pack(">I", zlib.crc32(kind + data)) != check:
            found.notes.append(f"A damaged {kind.decode()} chunk was left out.")
        elif kind == b"eXIf":
            found.exif = data
        elif kind == b"tIME" and size == 7:
            found.comments.append((TIME, "{:04}:{:02}:{:02} {:02}:{:02}:{:02}".format(*struct.unpack(">H5B", data))))
        elif kind == b"pHYs" and size == 9:
            x, y, unit = struct.unpack(">IIB", data)
            found.density = density_of(x, y, CENTIMETRE, 100) if unit == 1 else density_of(x, y, 1)
        else:
            found.keep_text(*_png_text(kind, data, found))


def webp(file: BinaryIO, found: Found) -> None:
    file.seek(12)
    for _ in range(MAX_BLOCKS):
        head = file.read(8)
        if len(head) < 8:
            return
        kind, size = struct.unpack("<4sI", head)
        if kind in (b"EXIF", b"XMP "):
            data = found.read(file, size)
            if kind == b"EXIF":
                found.exif = found.exif or data
            else:
                found.xmp = found.xmp or data
            file.seek(size % 2, 1)
        else:
            file.seek(size + size % 2, 1)


def gif(file: BinaryIO, found: Found) -> None:
    """Comments, and XMP in an application block: raw text, through which readers of blocks find their way out."""
    file.seek(10)
    flags = file.read(3)[:1] or b"\0"
    file.seek(_colours(flags), 1)
    for _ in range(MAX_BLOCKS):
        kind = file.read(1)
        if kind == b",":  # a frame
            flags = file.read(9)[8:] or b"\0"
            file.seek(_colours(flags) + 1, 1)
            for _ in _gif_blocks(file):
                pass
        elif kind != b"!":
            return
        elif (label := file.read(1)) == b"\xfe":
            found.comments.append(("", decoded(b"".join(part[1:] for part in _gif_blocks(file, found)))))
        else:
            parts = list(_gif_blocks(file, found if label == b"\xff" else None))
            name = parts[0][1:] if parts else b""
            if name == b"XMP DataXMP":
                packet = b"".join(parts[1:])
                found.xmp = packet[: max(0, len(packet) - _GIF_TRAILER)]
            elif name == b"ICCRGBG1012":
                found.icc = b"".join(part[1:] for part in parts[1:])


def boxes(file: BinaryIO, found: Found) -> None:
    """Boxes of JPEG 2000 and JPEG XL."""
    _boxes(file, found, 0, file.seek(0, 2), ())


def tiff(data: Readable, found: Found, page: int = 0) -> None:
    """Its own directories are an EXIF structure, which holds density and texts too."""
    structure = Tiff.of(data)
    if structure is None:
        return
    entries = structure.directory(Ifd.MAIN, page).entries
    blocks = {tag: entries[tag].data for tag in (0x02BC, 0x83BB, 0x8649) if tag in entries}
    found.xmp = blocks.get(0x02BC)
    found.iptc = blocks.get(0x83BB)
    found.keep_resources(blocks.get(0x8649, b""))
    found.exif = exif.of_tiff(data, page)


def bmp(file: BinaryIO, found: Found) -> None:
    file.seek(14)
    head = file.read(32)
    if len(head) == 32 and struct.unpack_from("<I", head)[0] >= 40:
        x, y = struct.unpack_from("<ii", head, 24)
        found.density = density_of(x, y, CENTIMETRE, 100)


_KNOWN_SEGMENTS = {0xE0, 0xEE}  # JFIF, and Adobe's about colour
_PROFILE = b"ICC_PROFILE\0"  # number of the part and number of parts follow, a byte each
_KNOWN_CONTENTS = (b"MPF\0", b"Ducky", b"JP", iptc.PHOTOSHOP_PREFIX, XMP_PREFIX, EXIF_PREFIX)

READERS: Mapping[str, Callable[[BinaryIO, Found], None]] = {
    "JPEG": jpeg,
    "MPO": jpeg,
    "PNG": png,
    "WEBP": webp,
    "GIF": gif,
    "JPEG2000": boxes,
    "JXL": boxes,
    "BMP": bmp,
}
"""Readers by Pillow's names of formats. That of TIFF is not among them: it needs a page."""


def _segments(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Marker and size of each segment; the caller moves past its content."""
    file.seek(2)
    for _ in range(MAX_BLOCKS):
        byte = file.read(1)
        while byte == b"\xff":
            byte = file.read(1)
        if not byte or byte[0] in (0xD9, 0xDA):
            return
        if byte[0] in (0x00, 0x01, *range(0xD0, 0xD9)):
            continue
        head = file.read(2)
        if len(head) < 2 or (size := int.from_bytes(head, "big")) < 2:
            return
        yield byte[0], size - 2


def _png_text(kind: bytes, data: bytes, found: Found) -> tuple[str, str]:
    keyword, _, rest = data.partition(b"\0")
    name = keyword.decode("latin-1")
    if kind == b"tEXt":
        return name, decoded(rest, "latin-1")
    if kind == b"zTXt":
        return name, decoded(found.inflated(rest[1:], name), "latin-1")
    packed, rest = rest[:1] == b"\1", rest[2:]
    *_, text = (rest.split(b"\0", 2) + [b""] * 3)[:3]  # language, translated keyword, text
    return name, decoded(found.inflated(text, name) if packed else text)


_GIF_TRAILER = 257  # bytes of 1, 255, 254, ... 0; the zero that ends the block is not counted


def _colours(flags: bytes) -> int:
    """Bytes of the palette that the flags announce."""
    return 3 << (flags[0] & 7) + 1 if flags[0] & 0x80 else 0


def _gif_blocks(file: BinaryIO, found: Found | None = None) -> Iterator[bytes]:
    """The blocks up to the empty one, with their length in front."""
    for _ in range(MAX_BLOCKS):
        size = file.read(1)
        if not size or size == b"\0":
            return
        if found is None:
            file.seek(size[0], 1)
            yield size
        else:
            yield size + found.read(file, size[0])


_EXIF_BOX = b"JpgTiffExif->JP2"
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_IPTC_BOX = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
_GEO_BOX = bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03")


def _boxes(file: BinaryIO, found: Found, at: int, end: int, path: tuple[bytes, ...]) -> None:
    for _ in range(MAX_BLOCKS):
        file.seek(at)
        head = file.read(16)
        if at + 8 > end or len(head) < 8:
            return
        size, kind = struct.unpack_from(">I4s", head)
        start = at + 8
        if size == 1 and len(head) == 16:
            size, start = int.from_bytes(head[8:], "big"), at + 16
        stop = min(end, at + size) if size else end
        if stop < start:
            return
        file.seek(start)
        if (*path, kind) in ((b"jp2h",), (b"jp2h", b"res ")):
            _boxes(file, found, start, stop, (*path, kind))
        elif kind in (b"resc", b"resd"):  # where both are, the one for display is the last
            _keep_resolution(found, file.read(10))
        elif kind == b"uuid":
            _keep_uuid(found, file.read(16), found.read(file, max(0, stop - start - 16)))
        elif kind == b"Exif":
            data = found.read(file, stop - start)
            found.exif = data[4 + int.from_bytes(data[:4], "big") :]
        elif kind == b"xml ":
            data = found.read(file, stop - start)
            found.xmp = found.xmp or (data if b"adobe:ns:meta" in data else None)
        elif kind == b"brob" and file.read(4) in (b"Exif", b"xml "):
            found.notes.append("Metadata that are packed with Brotli were left out.")
        elif kind == b"jumb":
            found.notes.append(CREDENTIALS)
        at = stop


def _keep_uuid(found: Found, name: bytes, data: bytes) -> None:
    if name == _EXIF_BOX:
        found.exif = found.exif or data
    elif name == _XMP_BOX:
        found.xmp = found.xmp or data
    elif name == _IPTC_BOX:
        found.iptc = found.iptc or data
    elif name == _GEO_BOX:
        found.notes.append("Its GeoTIFF box was left out.")


def _keep_resolution(found: Found, data: bytes) -> None:
    if len(data) == 10:
        y_over, y_under, x_over, x_under, y_power, x_power = struct.unpack(">HHHHbb", data)
        if x_under and y_under:
            x, y = (Fraction(over, under) * Fraction(10) ** (power - 2) for over, under, power in (
                (x_over, x_under, x_power), (y_over, y_under, y_power)))  # fmt: skip
            found.density = density_of(x, y, CENTIMETRE)
