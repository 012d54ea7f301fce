"""IPTC: records of the Information Interchange Model, alone or among Photoshop's image resources."""

import struct
from collections.abc import Iterator

PHOTOSHOP_PREFIX = b"Photoshop 3.0\0"
RESOURCE = 0x0404  # of Photoshop: the IPTC records
PATHS = range(2000, 2999)  # resources of Photoshop that hold clipping paths
PLACES = frozenset({26, 27, 90, 92, 95, 100, 101})  # fields of record 2 that say where, down to the sublocation

_START = 0x1C


def of_resources(data: bytes) -> bytes | None:
    """The records among Photoshop's image resources; None if there are none, or the resources are damaged before."""
    return next((sound(content) for kind, content in _resources(data) if kind == RESOURCE), None)


def has_paths(data: bytes) -> bool:
    """Whether there are clipping paths among Photoshop's image resources."""
    return any(kind in PATHS for kind, _ in _resources(data))


def _resources(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbers and contents; ends before the first damaged one."""
    at = 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        (kind,) = struct.unpack_from(">H", data, at + 4)
        name = data[at + 6] + 1
        at += 6 + name + name % 2
        if at + 4 > len(data):
            return
        (size,) = struct.unpack_from(">I", data, at)
        yield kind, data[at + 4 : at + 4 + size]
        at += 4 + size + size % 2


def to_resources(iptc: bytes) -> bytes:
    """Photoshop's image resources that hold nothing but the records."""
    return b"8BIM" + struct.pack(">HHI", RESOURCE, 0, len(iptc)) + iptc + bytes(len(iptc) % 2)


def sound(data: bytes) -> bytes | None:
    """Records without what follows them; None if there are none. Some writers of TIFF swap the bytes of their words."""
    if data[:1] != bytes([_START]) and data[3:4] == bytes([_START]):
        data = b"".join(data[at : at + 4][::-1] for at in range(0, len(data) - 3, 4))
    end = max((stop for _, _, stop in _fields(data)), default=0)
    return data[:end] or None


def without_places(iptc: bytes) -> bytes | None:
    """Records without the fields that say where the picture was taken; None if no field is left."""
    return (
        b"".join(iptc[start:stop] for field, start, stop in _fields(iptc) if not (field[0] == 2 and field[1] in PLACES))
        or None
    )


def _fields(data: bytes) -> Iterator[tuple[tuple[int, int], int, int]]:
    """Record and number of each field, and where it starts and stops; ends before the first damaged one."""
    at = 0
    while at + 5 <= len(data) and data[at] == _START:
        record, number, size = struct.unpack_from(">BBH", data, at + 1)
        start, at = at, at + 5
        if size & 0x8000:  # of many bytes: this is how many bytes hold the size
            count = size & 0x7FFF
            size, at = int.from_bytes(data[at : at + min(count, 8)], "big"), at + count
        at += size
        if at > len(data):
            return
        yield (record, number), start, at
