"""IPTC records are found among other resources, and read to the first damage."""

import struct

import pytest

from tests.images.metadata.made import IPTC
from tintype.images.metadata import iptc


def resource(kind: int, data: bytes, name: bytes = b"\0\0") -> bytes:
    return b"8BIM" + struct.pack(">H", kind) + name + struct.pack(">I", len(data)) + data + bytes(len(data) % 2)


@pytest.mark.parametrize(
    "resources, expected",
    [
        (iptc.to_resources(IPTC), IPTC),
        (resource(0x03ED, b"abc") + resource(0x0404, IPTC) + resource(0x0425, bytes(16)), IPTC),
        (resource(0x03ED, b"ab", b"\x03abc") + resource(0x0404, IPTC, b"\x02ab\0"), IPTC),
        (resource(0x03ED, b"ab"), None),
        (resource(0x0404, b""), None),
        (resource(0x0404, IPTC)[:9], None),
        (b"", None),
        (b"8BIM" * 50, None),
    ],
)
def test_records_are_found_among_resources(resources, expected):
    assert iptc.of_resources(resources) == expected


@pytest.mark.parametrize(
    "data, expected",
    [
        (IPTC, IPTC),
        (IPTC + b"\0\0\0", IPTC),  # filled up, as in TIFF
        (IPTC[:-1], IPTC[: -len(b"\x1c\x02\x19\x00\x01k")]),
        (b"\x1c\x02\x78\x80\x04\0\0\0\x03abc", b"\x1c\x02\x78\x80\x04\0\0\0\x03abc"),  # a long field
        (b"\x1c\x02\x78\x80\x04\xff\xff\xff\xffabc", None),
        (b"\x1c\x02\x78\xff\xff", None),
        (b"something else", None),
    ],
)
def test_records_end_before_damage(data, expected):
    assert iptc.sound(data) == expected


def test_swapped_words_are_put_right():
    padded = IPTC + bytes(-len(IPTC) % 4)
    swapped = b"".join(padded[at : at + 4][::-1] for at in range(0, len(padded), 4))
    assert iptc.sound(swapped) == IPTC


def test_places_are_taken_out():
    city = b"\x1c\x02\x5a\x00\x04Bern"
    assert iptc.without_places(IPTC) == IPTC.replace(city, b"")
    assert iptc.without_places(city) is None
