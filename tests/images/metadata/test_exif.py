"""What EXIF says stays true after a turn, and other facts find their field."""

import io
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from tests.images.metadata.made import (
    MAKER_NOTE,
    RGB,
    camera_exif,
    encoded,
    fields,
    jpeg,
    long,
    raw,
    short,
    structure,
    text,
)
from tintype.images.metadata import exif
from tintype.images.metadata.exif import CENTIMETRE, INCH, Density
from tintype.images.metadata.orientation import UPRIGHT, upright_point
from tintype.images.metadata.tiff import Editor


def thumbnail_of(data: bytes) -> Image.Image:
    start, length = Editor.of(data).thumbnail()
    return Image.open(io.BytesIO(data[start : start + length]))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_points_turn_as_pixels_do(orientation):
    pixels = np.arange(6).reshape(2, 3)
    turned = UPRIGHT.get(orientation, lambda a: a)(pixels)
    for y, x in np.ndindex(2, 3):
        to_x, to_y = upright_point(orientation, x, y, 2, 1)
        assert turned[to_y, to_x] == pixels[y, x]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turn_is_followed_by_every_field(orientation, order):
    small = jpeg(16, 8)
    data, lost = exif.upright(camera_exif(order, orientation, small), orientation, 36, 24)
    before, after = fields(camera_exif(order, orientation, small)), fields(data)
    assert lost == ()
    transposed = orientation >= 5
    assert after["main"][0x0112] == after["thumbnail"][0x0112] == 1
    assert [after["exif"][tag] for tag in (0xA002, 0xA003)] == ([24, 36] if transposed else [36, 24])
    assert [after["main"][tag] for tag in (0x011A, 0x011B)] == ([200, 300] if transposed else [300, 200])
    assert [after["exif"][tag] for tag in (0xA20E, 0xA20F)] == ([3000, 4000] if transposed else [4000, 3000])
    x, y, *size = after["exif"][0x9214]
    assert (x, y) == upright_point(orientation, 10, 4, 35, 23)
    assert size == ([2, 6] if transposed else [6, 2])
    same = 0x010F, 0x0110, 0x8298
    assert [after["main"][tag] for tag in same] == [before["main"][tag] for tag in same]
    assert after["gps"] == before["gps"]
    assert data.index(MAKER_NOTE) == camera_exif(order, orientation, small).index(MAKER_NOTE)
    expected = UPRIGHT.get(orientation, lambda a: a)(np.asarray(Image.open(io.BytesIO(small))).astype(int))
    assert np.abs(np.asarray(thumbnail_of(data)).astype(int) - expected).max() <= 6  # coded twice


def test_a_longer_thumbnail_goes_behind_the_end():
    noise = np.random.default_rng(251).integers(0, 256, (8, 16, 3), np.uint8)
    small = encoded("JPEG", noise, quality=30, optimize=True)  # its turn has standard tables, which are longer
    data, lost = exif.upright(camera_exif(">", 6, small), 6, 36, 24)
    assert (lost, thumbnail_of(data).size) == ((), (8, 16))
    assert data.index(MAKER_NOTE) == camera_exif(">", 6, small).index(MAKER_NOTE)


def test_a_thumbnail_without_an_orientation_of_its_own_turns_with_the_picture():
    small = jpeg(16, 8)
    data = structure("<", {"main": {0x0112: short(8)}, "thumbnail": {0x0103: short(6)}}, small)
    assert thumbnail_of(exif.upright(data, 8, 36, 24)[0]).size == (8, 16)


@pytest.mark.parametrize("small", [b"not a picture at all", jpeg(16, 8)[:40], encoded("PNG")])
def test_a_thumbnail_that_cannot_be_turned_is_dropped_by_name(small):
    data, lost = exif.upright(camera_exif(">", 6, small), 6, 36, 24)
    assert lost == ("The thumbnail in its EXIF could not be turned and was left out.",)
    assert fields(data)["thumbnail"] == {}
    assert small not in data
    assert fields(data)["exif"][0x9003] == "2020:01:01 00:00:00"


def test_sides_that_are_true_already_stay():
    data, _ = exif.upright(camera_exif(orientation=6, width=24, height=36), 6, 36, 24)
    assert [fields(data)["exif"][tag] for tag in (0xA002, 0xA003)] == [24, 36]


def test_sides_in_other_directories_turn_too():
    main, interop = {0x0100: long(36), 0x0101: short(24), 0x0112: short(5)}, {0x1001: long(36), 0x1002: long(24)}
    data = structure("<", {"main": main, "exif": {0x8827: short(200)}, "interop": interop})
    found = fields(exif.upright(data, 5, 36, 24)[0])
    assert found["main"] == {0x0100: 24, 0x0101: 36, 0x0112: 1}
    assert found["interop"] == {0x1001: 24, 0x1002: 36}


@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0", b"Exif\0\0Exif\0\0"])
def test_prefixes_are_taken_off(prefix):
    assert exif.sound(prefix + camera_exif()) == camera_exif()


def test_densities_are_added_where_none_is_stated():
    stated = Density(Fraction(11811, 100), Fraction(11811, 200), CENTIMETRE)
    assert exif.density(exif.with_density(None, stated)) == stated
    bare = structure(">", {"main": {0x010F: text("ACME")}, "exif": {0x927C: raw(MAKER_NOTE)}})
    data = exif.with_density(bare, stated)
    assert exif.density(data) == stated
    assert fields(data)["main"][0x010F] == "ACME"
    assert data.index(MAKER_NOTE) == bare.index(MAKER_NOTE)
    assert exif.with_density(camera_exif(), stated) == camera_exif()
    assert exif.dpi(data) == pytest.approx((299.9994, 149.9997))
    assert exif.dpi(camera_exif()) == (300, 200)
    assert exif.dpi(exif.with_density(None, Density(Fraction(2), Fraction(1), 1))) is None


def test_comments_find_the_field_that_says_the_same():
    comments = [("", "a comment"), ("Title", "T\u00fcr"), ("Author", "Ann"), ("Software", "gd"), ("Weird", "x")]
    data, lost = exif.with_comments(None, comments)
    found = fields(data)
    assert found["exif"][0x9286] == b"ASCII\0\0\0a comment"
    assert found["main"][0x9C9B] == "T\u00fcr".encode("utf-16-le") + b"\0\0"
    assert (found["main"][0x013B], found["main"][0x0131]) == ("Ann", "gd")
    assert lost == ("Its text 'Weird' was left out.",)


def test_a_comment_in_another_alphabet_is_utf_16_in_the_order_of_the_structure():
    for order, code in (("<", "utf-16-le"), (">", "utf-16-be")):
        data, _ = exif.with_comments(camera_exif(order), [("", "\u03bb")])
        assert fields(data)["exif"][0x9286] == b"UNICODE\0" + "\u03bb".encode(code)
        assert exif.with_comments(data, [("", "\u03bb")]) == (data, ())  # said already


def test_a_comment_never_replaces_what_exif_says():
    data, lost = exif.with_comments(camera_exif(), [("Copyright", "mine"), ("copyright", "(c) somebody")])
    assert data == camera_exif()
    assert lost == ("Its text 'Copyright' was left out: EXIF says something else.",)
    assert exif.with_comments(None, [("", "x" * 20_000)]) == (None, ("Its comment was left out.",))


def test_the_directories_of_a_tiff_file_become_exif():
    tags = Image.Exif()
    tags.load(camera_exif())
    data = exif.of_tiff(encoded("TIFF", RGB, exif=tags))
    before, after = fields(camera_exif()), fields(data)
    before["interop"] = {}  # Pillow writes a pointer to the main directory instead
    assert after == before
    assert exif.of_tiff(encoded("TIFF", RGB)) is None


def test_a_maker_note_early_in_a_tiff_file_keeps_its_place():
    tiff = camera_exif("<")  # a file, as far as directories go
    data = exif.of_tiff(tiff)
    assert data.index(MAKER_NOTE) == tiff.index(MAKER_NOTE)
    assert fields(data) == fields(tiff)


def test_bigtiff_becomes_exif():
    entry = (0x010F).to_bytes(2, "little") + b"\x02\0" + (5).to_bytes(8, "little") + b"ACME\0\0\0\0"
    wide = (0xC7AA).to_bytes(2, "little") + b"\x10\0" + (1).to_bytes(8, "little") + (77).to_bytes(8, "little")
    wide = (0x8000).to_bytes(2, "little") + wide[2:]
    data = b"II+\0\x08\0\0\0" + (16).to_bytes(8, "little") + (2).to_bytes(8, "little") + wide + entry
    assert fields(exif.of_tiff(data + bytes(8)))["main"] == {0x010F: "ACME", 0x8000: 77}
    assert INCH == 2


def test_the_place_is_taken_out():
    data = exif.without_place(camera_exif())
    before, after = fields(camera_exif()), fields(data)
    assert after["gps"] == {}
    assert (after["main"], after["exif"]) == (before["main"], before["exif"])


def test_damaged_exif_never_raises():
    rng = np.random.default_rng(257)
    whole = camera_exif(">", 6, jpeg(16, 8))
    for _ in range(300):
        data = bytearray(whole)
        for at in rng.integers(4, len(whole), 8):
            data[at] = rng.choice([0, 1, 8, 255, rng.integers(256)])
        if exif.sound(bytes(data)) is None:
            continue
        turned, _ = exif.upright(bytes(data), 6, 36, 24)
        turned = exif.with_density(turned, Density(Fraction(300), Fraction(300), INCH))
        turned, _ = exif.with_comments(turned, [("", "c"), ("Title", "t")])
        exif.of_tiff(exif.without_place(turned))
