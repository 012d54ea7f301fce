"""TIFF structures, which EXIF is one of: read from any bytes, and edited without moving what is in them.

Maker notes hold offsets into the structure around them, and no two makers count from the same place. So nothing that is
there ever moves: a directory that needs other entries is written anew behind the end, and whatever pointed to the old
one points to the new. A TIFF file made this way from an EXIF structure begins with that structure.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Protocol, Self

MAX_VALUES = 2**24  # bytes of all values of a directory: more is not metadata
MAX_ENTRIES = 2**12  # of one directory
FORMATS: Mapping[int, str] = {
    1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d",
    13: "I", 16: "Q", 17: "q", 18: "Q", 129: "s",
}  # fmt: skip
"""Type to the struct code of one value. 16 to 18 are BigTIFF's, 129 is the UTF-8 of EXIF 3."""

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7


class Ifd(Enum):
    """The directories of an EXIF structure."""

    MAIN = "main"
    THUMBNAIL = "thumbnail"
    EXIF = "exif"
    GPS = "gps"
    INTEROP = "interop"


POINTERS: Mapping[Ifd, tuple[Ifd, int]] = {
    Ifd.INTEROP: (Ifd.EXIF, 0xA005),
    Ifd.EXIF: (Ifd.MAIN, 0x8769),
    Ifd.GPS: (Ifd.MAIN, 0x8825),
}
"""Directories below another one, lowest first: the directory above, and the tag there that points down."""


class Readable(Protocol):
    """What a structure is read from: bytes, or a file that is not read whole."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> bytes | bytearray: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a directory."""

    type: int
    data: bytes  # in the byte order of the structure
    position: int = 0  # of the entry in the structure
    offset: int = 0  # of its value

    @property
    def count(self) -> int:
        return len(self.data) // struct.calcsize(f"={FORMATS[self.type]}")


@dataclass(frozen=True, slots=True)
class Directory:
    """Entries by tag. Entries that cannot be read are missing, but keep their place in the structure."""

    entries: Mapping[int, Entry]
    offset: int  # 0: there is none
    count: int  # of the entries in the structure
    next: int  # offset of the next directory, 0 for none
    after: int  # position of that offset


ABSENT = Directory({}, 0, 0, 0, 0)


class Tiff:
    """A structure in either byte order; BigTIFF can be read only."""

    def __init__(self, data: Readable, order: str, big: bool, main: int) -> None:
        self.data, self.order, self.big, self._main = data, order, big, main

    @classmethod
    def of(cls, data: Readable) -> Self | None:
        """The structure in some bytes; None if its main directory cannot be read."""
        head = bytes(data[:16])
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        if order is None or len(head) < 8:
            return None
        (version,) = struct.unpack_from(f"{order}H", head, 2)
        if version == 42:
            tiff = cls(data, order, False, struct.unpack_from(f"{order}I", head, 4)[0])
        elif version == 43 and len(head) == 16:
            tiff = cls(data, order, True, struct.unpack_from(f"{order}Q", head, 8)[0])
        else:
            return None
        return tiff if tiff.directory(Ifd.MAIN).offset else None

    def directory(self, ifd: Ifd, page: int = 0) -> Directory:
        """A directory; an empty one where there is none, or a damaged one.

        Parameters
        ----------
        page : of a file of many pages, those below its main directory
        """
        if ifd in POINTERS:
            above, tag = POINTERS[ifd]
            offset = self.number(self.directory(above, page), tag) or 0
            return ABSENT if offset == self._main else self._directory_at(offset)  # Pillow writes such pointers
        directory = self._directory_at(self._main)
        for _ in range(page + (ifd is Ifd.THUMBNAIL)):
            directory = self._directory_at(directory.next)
        return directory

    def number(self, directory: Directory, tag: int) -> int | None:
        """The first value of an entry, if it is a whole number."""
        entry = directory.entries.get(tag)
        if entry is None or entry.type not in (1, 3, 4, 13, 16, 18) or not entry.data:
            return None
        return int(struct.unpack_from(f"{self.order}{FORMATS[entry.type]}", entry.data)[0])

    def rational(self, directory: Directory, tag: int) -> Fraction | None:
        """The first value of an entry, if it is a fraction."""
        entry = directory.entries.get(tag)
        if entry is None or entry.type != RATIONAL or len(entry.data) < 8:
            return None
        over, under = struct.unpack_from(f"{self.order}II", entry.data)
        return Fraction(over, under) if under else None

    def _directory_at(self, offset: int) -> Directory:
        size, entry_size = (8, 20) if self.big else (2, 12)
        head = self.data[offset : offset + size]
        if not 8 <= offset <= len(self.data) or len(head) < size:
            return ABSENT
        (count,) = struct.unpack(f"{self.order}{'Q' if self.big else 'H'}", head)
        start = offset + size
        pointer = 8 if self.big else 4
        if count > MAX_ENTRIES or start + count * entry_size > len(self.data):
            return ABSENT
        table = self.data[start : start + count * entry_size + pointer]
        entries: dict[int, Entry] = {}
        room = MAX_VALUES
        for at in range(0, count * entry_size, entry_size):
            tag, entry = self._entry(table[at : at + entry_size], start + at, room)
            if entry is not None:
                entries[tag] = entry
                room -= len(entry.data)
        after = table[count * entry_size :]  # some writers end with the last entry
        following = struct.unpack(f"{self.order}{'Q' if self.big else 'I'}", after)[0] if len(after) == pointer else 0
        return Directory(entries, offset, count, following, start + count * entry_size)

    def _entry(self, raw: bytes | bytearray, position: int, room: int) -> tuple[int, Entry | None]:
        """Tag and entry; None in the place of an entry that is of an unknown type, too long, or
        points out of the structure."""
        tag, type, count = struct.unpack_from(f"{self.order}HH{'Q' if self.big else 'I'}", raw)
        inline = 8 if self.big else 4
        if type not in FORMATS:
            return tag, None
        size = count * struct.calcsize(f"={FORMATS[type]}")
        if size <= inline:
            start = len(raw) - inline
            return tag, Entry(type, bytes(raw[start : start + size]), position, position + start)
        (offset,) = struct.unpack_from(f"{self.order}{'Q' if self.big else 'I'}", raw, len(raw) - inline)
        if size > room or offset + size > len(self.data):
            return tag, None
        return tag, Entry(type, bytes(self.data[offset : offset + size]), position, offset)


class Editor(Tiff):
    """A structure in memory that can be changed."""

    data: bytearray

    @classmethod
    def of(cls, data: Readable) -> Self | None:
        tiff = super().of(bytearray(data[: len(data)]))
        return None if tiff is None or tiff.big else tiff

    @classmethod
    def new(cls, order: str) -> Self:
        """A structure without a directory, to be filled."""
        return cls(bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4)), order, False, 0)

    def to_bytes(self) -> bytes:
        return bytes(self.data)

    def value(self, type: int, *values: int | bytes) -> Entry:
        """A value in the byte order of this structure: numbers, over and under of fractions, or one text."""
        if isinstance(values[0], bytes):
            return Entry(type, values[0])
        return Entry(type, struct.pack(f"{self.order}{len(values)}{FORMATS[type][0]}", *values))

    def patch(self, entry: Entry, number: int) -> None:
        """Another whole number in the place of an entry's only one; SHORT becomes LONG where it has to."""
        type = SHORT if entry.type == SHORT and number < 2**16 else LONG
        struct.pack_into(f"{self.order}HI4x", self.data, entry.position + 2, type, 1)
        struct.pack_into(f"{self.order}{FORMATS[type]}", self.data, entry.position + 8, number)

    def edit(self, ifd: Ifd, changes: Mapping[int, Entry | None]) -> None:
        """Add, replace, or with None remove entries, and remove damaged ones.

        The directory moves behind the end; the values in it stay.
        """
        old = self.directory(ifd)
        table = {tag: bytes(self.data[entry.position : entry.position + 12]) for tag, entry in old.entries.items()}
        for tag, value in changes.items():
            if value is None:
                table.pop(tag, None)
            else:
                table[tag] = self._packed(tag, value)
        self._blank_table(old)
        self._align()
        offset = len(self.data)
        self.data += struct.pack(f"{self.order}H", len(table)) + b"".join(table[tag] for tag in sorted(table))
        self.data += struct.pack(f"{self.order}I", old.next)
        self._point(ifd, offset)

    def repair(self) -> bool:
        """Remove entries that cannot be read, and pointers to directories that are none. False: there were none."""
        damaged = False
        for ifd in (Ifd.THUMBNAIL, *POINTERS, Ifd.MAIN):
            above, pointer = POINTERS.get(ifd, (Ifd.MAIN, 0))
            directory = self.directory(ifd)
            if directory.offset and directory.count == len(directory.entries):
                continue
            if ifd is Ifd.THUMBNAIL:
                if self.directory(Ifd.MAIN).next:
                    self.remove_thumbnail()
                    damaged = True
            elif directory.offset:
                self.edit(ifd, {})
                damaged = True
            elif pointer in self.directory(above).entries:
                self.edit(above, {pointer: None})
                damaged = True
        return damaged

    def remove_thumbnail(self) -> None:
        """Cut the chain after the main directory; its values stay, since writers share them between directories."""
        main = self.directory(Ifd.MAIN)
        if main.next:
            directory, (start, length) = self.directory(Ifd.THUMBNAIL), self.thumbnail()
            struct.pack_into(f"{self.order}I", self.data, main.after, 0)
            self._blank_table(directory)
            self.blank(start, length)

    def thumbnail(self) -> tuple[int, int]:
        """Offset and bytes of the thumbnail as a JPEG file; both 0 if there is none."""
        directory = self.directory(Ifd.THUMBNAIL)
        start, length = (self.number(directory, tag) or 0 for tag in (0x0201, 0x0202))
        outside = start + length <= directory.offset or directory.after + 4 <= start
        return (start, length) if outside and 8 <= start < start + length <= len(self.data) else (0, 0)

    def remove(self, ifd: Ifd) -> None:
        """Blank a directory and its values, and remove what points to it."""
        directory = self.directory(ifd)
        for entry in directory.entries.values():
            self.blank(entry.offset, len(entry.data))
        self._blank_table(directory)
        above, tag = POINTERS[ifd]
        if tag in self.directory(above).entries:
            self.edit(above, {tag: None})

    def append(self, data: bytes) -> int:
        """Offset of bytes put behind the end."""
        self._align()
        self.data += data
        return len(self.data) - len(data)

    def _packed(self, tag: int, entry: Entry) -> bytes:
        if len(entry.data) <= 4:
            place = entry.data.ljust(4, b"\0")
        else:
            there = self.data[entry.offset : entry.offset + len(entry.data)] == entry.data
            place = struct.pack(f"{self.order}I", entry.offset if there else self.append(entry.data))
        return struct.pack(f"{self.order}HHI", tag, entry.type, entry.count) + place

    def _point(self, ifd: Ifd, offset: int) -> None:
        if ifd is Ifd.MAIN:
            self._main = offset
            struct.pack_into(f"{self.order}I", self.data, 4, offset)
        else:
            above, tag = POINTERS[ifd]
            entry = self.directory(above).entries.get(tag)
            if entry is not None:
                self.patch(entry, offset)
            else:
                self.edit(above, {tag: self.value(LONG, offset)})

    def blank(self, start: int, length: int) -> None:
        """Zeros in the place of some bytes, or nothing if they are the last ones."""
        stop = start + length
        if 8 <= start < stop <= len(self.data):
            self.data[start:stop] = bytes(length if stop < len(self.data) else 0)

    def _blank_table(self, directory: Directory) -> None:
        self.blank(directory.offset, directory.after - directory.offset)

    def _align(self) -> None:
        self.data += bytes(len(self.data) % 2)
