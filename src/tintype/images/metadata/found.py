"""Metadata as a file has them, on their way to be checked; with limits on what hostile files can ask for."""

import re
import struct
import zlib
from dataclasses import dataclass, field
from fractions import Fraction
from typing import BinaryIO

from tintype.images.metadata import iptc
from tintype.images.metadata.exif import CENTIMETRE, EXIF_PREFIX, INCH, Density

MAX_BLOCK = 2**24  # bytes of one block of metadata, unpacked
MAX_TOTAL = 2**26  # bytes of all of them

XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
XMP_KEYWORD = "XML:com.adobe.xmp"  # of PNG's text


@dataclass(slots=True)
class Found:
    """Metadata as a file has them, not checked yet."""

    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    icc: bytes | None = None  # where Pillow does not read it
    density: Density | None = None
    comments: list[tuple[str, str]] = field(default_factory=list)  # keyword, empty if the format has none, and text
    notes: list[str] = field(default_factory=list)
    extensions: dict[bytes, dict[int, bytes]] = field(default_factory=dict)  # of XMP: parts by digest and place
    room: int = MAX_TOTAL  # bytes that may still be read

    def read(self, file: BinaryIO, size: int) -> bytes:
        """A block; if it is longer than any that makes sense, it is passed over, and nothing comes back."""
        if size > min(MAX_BLOCK, self.room):
            self.notes.append(f"A block of metadata of {size} bytes was left out.")
            file.seek(size, 1)
            return b""
        self.room -= size
        return file.read(size)

    def keep_extension(self, data: bytes) -> None:
        """A part of an extension of XMP: digest of the whole, its size, place of the part, bytes."""
        if len(data) >= 40:
            (at,) = struct.unpack_from(">I", data, 36)
            self.extensions.setdefault(data[:32], {})[at] = data[40:]

    def extension(self, digest: str) -> bytes | None:
        """The extension of a packet, put together; None if a part is missing."""
        parts = self.extensions.get(digest.encode(), {})
        whole = bytearray()
        for at in sorted(parts):
            if at > len(whole):
                return None
            whole[at:] = parts[at]
        return bytes(whole) or None

    def keep_resources(self, resources: bytes) -> None:
        """IPTC among Photoshop's resources."""
        self.iptc = self.iptc or iptc.of_resources(resources)
        if iptc.has_paths(resources):
            self.notes.append("Its clipping paths were left out.")

    def keep_text(self, keyword: str, text: str) -> None:
        """Text by its keyword, as PNG has it: metadata, or a comment."""
        raw = re.match(r"Raw profile type (exif|iptc|xmp|APP1|8bim)", keyword, re.IGNORECASE)
        if keyword == XMP_KEYWORD:
            self.xmp = self.xmp or text.encode() or None
        elif raw:
            data = _raw_profile(text)
            if data is None:
                self.notes.append(f"A damaged text {keyword!r} was left out.")
            elif data.startswith(XMP_PREFIX):
                self.xmp = self.xmp or data[len(XMP_PREFIX) :]
            elif data.startswith((EXIF_PREFIX, b"II*\0", b"MM\0*")):
                self.exif = self.exif or data
            elif data.startswith(b"8BIM"):
                self.iptc = self.iptc or iptc.of_resources(data)
            elif raw[1].lower() == "iptc":
                self.iptc = self.iptc or data
            elif raw[1].lower() == "xmp":
                self.xmp = self.xmp or data
            else:
                self.notes.append(f"A damaged text {keyword!r} was left out.")
        elif text:
            self.comments.append((keyword, text))

    def inflated(self, data: bytes, name: str) -> bytes:
        """Text that zlib packed; empty if damaged, or too long."""
        unpacker = zlib.decompressobj()
        size = max(1, min(MAX_BLOCK, self.room))  # 0 would be no limit
        try:
            text = unpacker.decompress(data, size)
        except zlib.error:
            text = b""
        self.room -= len(text)
        if not unpacker.eof:
            self.notes.append(f"A damaged or very long text {name!r} was left out.")
            return b""
        return text


def density_of(x: Fraction | int, y: Fraction | int, unit: int, per: int = 1) -> Density | None:
    """A density, if it says anything: square pixels of no known size do not."""
    if x <= 0 or y <= 0 or (unit not in (INCH, CENTIMETRE) and x == y):
        return None
    return Density(Fraction(x) / per, Fraction(y) / per, unit)


def decoded(data: bytes, encoding: str = "utf-8") -> str:
    """Text; comments that are not UTF-8 are taken for Latin-1, the habit before it."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.rstrip("\0").strip()


def _raw_profile(text: str) -> bytes | None:
    """ImageMagick's way to put bytes into text: a name, their number, and hexadecimal digits, on lines of their own."""
    head = re.match(r"\s*+[^\n]*+\n\s*+(\d{1,9})\s", text)  # possessive: blanks without end are read once
    if head is None:
        return None
    try:
        data = bytes.fromhex(text[head.end() :])
    except ValueError:
        return None
    return data if len(data) == int(head[1]) else None
