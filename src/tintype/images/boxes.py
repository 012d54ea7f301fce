"""Boxes of the ISO base media format, of which AVIF, HEIF, JPEG 2000 and JPEG XL are made."""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MAX_BOXES = 2**16  # that are looked at on one level


class Box(NamedTuple):
    """A box and where its content is."""

    kind: bytes
    start: int
    end: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Boxes of a range in order; ends at the first that makes no sense."""
    end = len(data) if end is None else end
    for _ in range(MAX_BOXES):
        if start + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1 and start + 16 <= end:
            size, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        stop = start + size if size else end
        if (size and size < head) or stop > end:
            return
        yield Box(kind, start + head, stop)
        start = stop


def find(data: bytes, *path: bytes) -> Box | None:
    """The first box of a path, as `find(data, b"meta", b"iprp")`; the content of meta begins with a version."""
    box = Box(b"", 0, len(data))
    for kind in path:
        start = box.start + (4 if box.kind == b"meta" else 0)
        found = next((inner for inner in boxes(data, start, box.end) if inner.kind == kind), None)
        if found is None:
            return None
        box = found
    return box


def primary_properties(data: bytes) -> dict[bytes, list[bytes]]:
    """Properties of the primary item of an AVIF or HEIF file, by kind.

    Those of its alpha plane, thumbnails and gain map do not count.
    """
    primary, store = find(data, b"meta", b"pitm"), find(data, b"meta", b"iprp", b"ipco")
    properties = list(boxes(data, store.start, store.end)) if store else []
    wanted: Sequence[int] = range(1, len(properties) + 1)
    association = find(data, b"meta", b"iprp", b"ipma")
    if primary and association:
        wide = data[primary.start] > 0
        item = int.from_bytes(data[primary.start + 4 : primary.start + (8 if wide else 6)], "big")
        of_item = _associations(data[association.start : association.end]).get(item)
        wanted = wanted if of_item is None else of_item
    found: dict[bytes, list[bytes]] = {}
    for number in wanted:
        if 1 <= number <= len(properties):
            box = properties[number - 1]
            found.setdefault(box.kind, []).append(data[box.start : box.end])
    return found


def _associations(data: bytes) -> dict[int, list[int]]:
    """Numbers of properties, from 1, by item. ISO/IEC 23008-12, 9.3.2; cut short where the data are."""
    found: dict[int, list[int]] = {}
    try:
        version, flags, count = data[0], data[3], int.from_bytes(data[4:8], "big")
        at, item_bytes, number_bytes = 8, 4 if version else 2, 2 if flags & 1 else 1
        for _ in range(min(count, MAX_BOXES)):
            item = int.from_bytes(data[at : at + item_bytes], "big")
            numbers, at = data[at + item_bytes], at + item_bytes + 1
            essential = 1 << 8 * number_bytes - 1
            found[item] = [
                int.from_bytes(data[place : place + number_bytes], "big") & ~essential
                for place in range(at, at + numbers * number_bytes, number_bytes)
            ]
            at += numbers * number_bytes
    except IndexError:
        pass
    return found
