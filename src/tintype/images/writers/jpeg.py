"""JPEG: pixels and ICC profile by Pillow, which splits long profiles; the other segments by our own hand.

Pillow writes no IPTC and no extended XMP.
"""

import hashlib
import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from PIL import Image

from tintype.images.metadata import exif, iptc, xmp
from tintype.images.metadata.containers import XMP_EXTENSION_PREFIX
from tintype.images.metadata.found import XMP_PREFIX
from tintype.images.picture import Picture

DEFAULT_QUALITY = 95
MAX_SEGMENT = 2**16 - 3  # bytes of content
MAX_EXIF = MAX_SEGMENT - len(exif.EXIF_PREFIX)
MAX_XMP = MAX_SEGMENT - len(XMP_PREFIX)
APP1, APP13 = 0xE1, 0xED


def write(picture: Picture, quality: float | None) -> Iterator[bytes]:
    """The file, with full resolution of colour."""
    file = io.BytesIO()
    options: dict[str, Any] = {"icc_profile": picture.icc} if picture.icc else {}
    if dpi := exif.dpi(picture.exif):
        x, y = (round(value) for value in dpi)
        if min(x, y) >= 1 and max(x, y) < 2**16:
            options["dpi"] = (x, y)
    quality = DEFAULT_QUALITY if quality is None else quality
    Image.fromarray(picture.pixels).save(file, "JPEG", quality=round(quality), subsampling="4:4:4", **options)
    data = file.getvalue()
    (size,) = struct.unpack_from(">H", data, 4)  # of the first segment, JFIF's
    place = 4 + size
    segments = (struct.pack(">BBH", 0xFF, marker, 2 + len(data)) + data for marker, data in _metadata(picture))
    yield b"".join([data[:place], *segments, data[place:]])


def fit(picture: Picture) -> tuple[Picture, tuple[str, ...]]:
    """A picture with as much EXIF as one segment holds, and with XMP that can be divided."""
    lost = []
    if picture.exif and len(picture.exif) > MAX_EXIF:
        steps = (
            ("The thumbnail in EXIF", exif.without_thumbnail(picture.exif)),
            ("Maker note and thumbnail in EXIF", exif.essential(picture.exif)),
            ("EXIF", None),
        )
        what, shorter = next(step for step in steps if not step[1] or len(step[1]) <= MAX_EXIF)
        lost.append(f"{what} left out: JPEG holds at most 64 KB of EXIF.")
        picture = replace(picture, exif=shorter)
    if picture.xmp and len(picture.xmp) > MAX_XMP and xmp.split(picture.xmp, MAX_XMP) is None:
        lost.append("XMP left out: JPEG holds at most 64 KB in a piece, and it cannot be divided.")
        picture = replace(picture, xmp=None)
    return picture, tuple(lost)


def _metadata(picture: Picture) -> Iterator[tuple[int, bytes]]:
    """Markers and contents of segments."""
    if picture.exif:
        yield APP1, exif.EXIF_PREFIX + picture.exif
    if picture.xmp:
        yield from _xmp(picture.xmp)
    if picture.iptc:
        resources = iptc.to_resources(picture.iptc)
        room = MAX_SEGMENT - len(iptc.PHOTOSHOP_PREFIX)
        for at in range(0, len(resources), room):
            yield APP13, iptc.PHOTOSHOP_PREFIX + resources[at : at + room]


def _xmp(packet: bytes) -> Iterator[tuple[int, bytes]]:
    """One segment, or a main one and an extension in parts, XMP specification part 3, section 1.1.3.1."""
    if len(packet) <= MAX_XMP:
        yield APP1, XMP_PREFIX + packet
        return
    parts = xmp.split(packet, MAX_XMP)
    if parts is None:
        return
    main, extension = parts
    digest = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper().encode()
    yield APP1, XMP_PREFIX + main.replace(xmp.NO_DIGEST, digest)
    room = MAX_SEGMENT - len(XMP_EXTENSION_PREFIX) - 40
    for at in range(0, len(extension), room):
        place = struct.pack(">32sII", digest, len(extension), at)
        yield APP1, XMP_EXTENSION_PREFIX + place + extension[at : at + room]
