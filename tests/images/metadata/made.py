"""EXIF, XMP and IPTC made field by field, without the code under test, and read back by Pillow."""

import io
import struct

import numpy as np
from PIL import ExifTags, Image

RGB = (np.arange(36 * 24 * 3) % 251).astype(np.uint8).reshape(24, 36, 3)  # 36 wide, 24 high

IPTC = b"\x1c\x02\x78\x00\x06a word" + b"\x1c\x02\x5a\x00\x04Bern" + b"\x1c\x02\x19\x00\x01k"

XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    b' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4">'
    b"<dc:title><rdf:Alt><rdf:li>A &amp; B</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
    b'<?xpacket end="w"?>'
)

MAKER_NOTE = b"MAKER" + bytes(range(1, 100))


def xmp_with(properties: str, spaces: str = "") -> bytes:
    """A packet with further attributes on its description."""
    return XMP.replace(b' xmp:Rating="4"', f' xmp:Rating="4" {spaces} {properties}'.encode())


def jpeg(width: int, height: int, **options) -> bytes:
    return encoded(
        "JPEG", np.tile(np.linspace(0, 255, width).astype(np.uint8)[None, :, None], (height, 1, 3)), **options
    )


def encoded(format: str, pixels=RGB, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format, **options)
    return file.getvalue()


def short(*values: int):
    return 3, "H", values


def long(*values: int):
    return 4, "I", values


def ratio(*values: int):
    return 5, "I", values


def text(value: str):
    return 2, "s", value.encode() + b"\0"


def raw(value: bytes):
    return 7, "s", value


def structure(order: str, directories: dict, thumbnail: bytes = b"") -> bytes:
    """A TIFF structure: `directories` maps "main", "exif", "gps", "interop", "thumbnail" to fields by tag."""
    data = bytearray({"<": b"II*\0", ">": b"MM\0*"}[order] + bytes(4))
    places, end_of_main = {}, 0
    for name in ("interop", "exif", "gps", "main", "thumbnail"):
        fields = dict(directories.get(name, {}))
        if name == "exif" and "interop" in places:
            fields[0xA005] = long(places["interop"])
        if name == "main":
            fields |= {
                tag: long(places[below]) for tag, below in ((0x8769, "exif"), (0x8825, "gps")) if below in places
            }
        if name == "thumbnail" and thumbnail:
            behind = len(data) + 2 + 12 * (len(fields) + 2) + 4  # its other fields are short
            fields[0x0201], fields[0x0202] = long(behind), long(len(thumbnail))
        if not fields:
            continue
        table = b""
        for tag, (kind, code, values) in sorted(fields.items()):
            if code == "s":
                packed, count = values, len(values)
            else:
                packed = struct.pack(f"{order}{len(values)}{code}", *values)
                count = len(values) // (2 if kind == 5 else 1)
            if len(packed) > 4:
                place = struct.pack(f"{order}I", len(data))
                data += packed + bytes(len(packed) % 2)
            else:
                place = packed.ljust(4, b"\0")
            table += struct.pack(f"{order}HHI", tag, kind, count) + place
        places[name] = len(data)
        data += struct.pack(f"{order}H", len(fields)) + table + bytes(4)
        if name == "thumbnail":
            struct.pack_into(f"{order}I", data, end_of_main, len(data) - len(table) - 6)
            data += thumbnail
        end_of_main = len(data) - 4
    struct.pack_into(f"{order}I", data, 4, places["main"])
    return bytes(data)


def camera_exif(
    order: str = ">", orientation: int = 1, thumbnail: bytes = b"", width: int = 36, height: int = 24
) -> bytes:
    """What a camera writes."""
    small = {0x0103: short(6), 0x0112: short(orientation)} if thumbnail else {}
    return structure(
        order,
        {
            "main": {
                0x010F: text("ACME"),
                0x0110: text("Camera with a long name"),
                0x0112: short(orientation),
                0x011A: ratio(300, 1),
                0x011B: ratio(200, 1),
                0x0128: short(2),
                0x8298: text("(c) somebody"),
            },
            "exif": {
                0x829A: ratio(1, 60),
                0x8827: short(200),
                0x9003: text("2020:01:01 00:00:00"),
                0x9214: short(10, 4, 6, 2),
                0x927C: raw(MAKER_NOTE),
                0xA002: long(width),
                0xA003: long(height),
                0xA20E: ratio(4000, 1),
                0xA20F: ratio(3000, 1),
            },
            "gps": {0x0001: text("N"), 0x0002: ratio(46, 1, 57, 1, 30, 1)},
            "interop": {0x0001: text("R98")},
            "thumbnail": small,
        },
        thumbnail,
    )


def fields(exif: bytes | None) -> dict:
    """Fields as Pillow reads them, by directory and tag; offsets of directories and thumbnails are left out."""
    tags = Image.Exif()
    tags.load(exif or b"")
    found = {"main": dict(tags)}
    for name, tag in (("exif", 0x8769), ("gps", 0x8825), ("interop", 0xA005)):
        found[name] = dict(tags.get_ifd(tag))
    found["thumbnail"] = dict(tags.get_ifd(ExifTags.IFD.IFD1))
    for directory in found.values():
        for pointer in (0x8769, 0x8825, 0xA005, 0x0201, 0x0202):
            directory.pop(pointer, None)
    return found
