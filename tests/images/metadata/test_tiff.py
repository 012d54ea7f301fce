"""Structures are read within bounds, and edited without moving what is in them."""

import io

import numpy as np
import pytest

from tests.images.metadata.made import MAKER_NOTE, camera_exif, fields, jpeg, long, short, structure, text
from tintype.images.metadata.tiff import ASCII, LONG, SHORT, Editor, Ifd, Tiff
from tintype.streams import FileBytes

ORDERS = ["<", ">"]


@pytest.mark.parametrize("order", ORDERS)
def test_directories_are_read_in_both_byte_orders(order):
    tiff = Tiff.of(camera_exif(order))
    main, exif, gps = (tiff.directory(ifd) for ifd in (Ifd.MAIN, Ifd.EXIF, Ifd.GPS))
    assert main.entries[0x010F].data == b"ACME\0"
    assert tiff.number(exif, 0x8827) == 200
    assert tiff.rational(main, 0x011A) == 300
    assert gps.entries[0x0002].count == 3
    assert tiff.directory(Ifd.INTEROP).entries[0x0001].data == b"R98\0"
    assert not tiff.directory(Ifd.THUMBNAIL).entries


@pytest.mark.parametrize("order", ORDERS)
def test_a_file_reads_as_its_bytes_do(order):
    data = camera_exif(order)
    file = Tiff.of(FileBytes(io.BytesIO(data)))
    assert file.directory(Ifd.EXIF) == Tiff.of(data).directory(Ifd.EXIF)


@pytest.mark.parametrize("order", ORDERS)
def test_edits_move_nothing_that_was_there(order):
    data = camera_exif(order)
    editor = Editor.of(data)
    editor.edit(Ifd.MAIN, {0x0131: editor.value(ASCII, b"tintype\0"), 0x010F: None, 0x0112: editor.value(SHORT, 8)})
    editor.edit(Ifd.EXIF, {0x9000: editor.value(ASCII, b"0232")})
    edited = editor.to_bytes()
    assert edited.index(MAKER_NOTE) == data.index(MAKER_NOTE)
    before, after = fields(data), fields(edited)
    assert after["gps"] == before["gps"]
    assert after["exif"] == before["exif"] | {0x9000: "0232"}
    del before["main"][0x010F]
    assert after["main"] == before["main"] | {0x0131: "tintype", 0x0112: 8}


@pytest.mark.parametrize("order", ORDERS)
def test_a_structure_grows_from_nothing(order):
    editor = Editor.new(order)
    editor.edit(Ifd.INTEROP, {1: editor.value(ASCII, b"R98\0")})
    editor.edit(Ifd.GPS, {1: editor.value(ASCII, b"N\0")})
    editor.edit(Ifd.MAIN, {0x0100: editor.value(LONG, 7)})
    found = fields(editor.to_bytes())
    assert (found["main"], found["gps"], found["interop"]) == ({0x0100: 7}, {1: "N"}, {1: "R98"})


def test_the_bytes_of_a_removed_directory_are_gone():
    editor = Editor.of(camera_exif())
    place = editor.directory(Ifd.GPS).entries[0x0002].data
    assert place in editor.to_bytes()
    editor.remove(Ifd.GPS)
    assert place not in editor.to_bytes()
    assert fields(editor.to_bytes())["gps"] == {}


def test_a_thumbnail_is_cut_off():
    small = jpeg(16, 8)
    editor = Editor.of(camera_exif(thumbnail=small))
    start, length = editor.thumbnail()
    assert editor.to_bytes()[start : start + length] == small
    editor.remove_thumbnail()
    assert editor.thumbnail() == (0, 0)
    assert small not in editor.to_bytes()
    assert fields(editor.to_bytes())["exif"] == fields(camera_exif())["exif"]


def test_numbers_are_patched_in_their_place():
    editor = Editor.of(structure("<", {"main": {0x0100: short(7), 0x0101: long(9), 0x010F: text("abc")}}))
    size = len(editor.to_bytes())
    for tag, number in ((0x0100, 70_000), (0x0101, 5)):
        editor.patch(editor.directory(Ifd.MAIN).entries[tag], number)
    assert fields(editor.to_bytes())["main"] == {0x0100: 70_000, 0x0101: 5, 0x010F: "abc"}
    assert len(editor.to_bytes()) == size


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II*\0",
        b"XX*\0\x08\0\0\0\0\0",
        b"II*\0\0\0\0\0",
        b"II*\0\xff\xff\xff\xff\0\0",
        camera_exif()[:20],
        b"II*\0\x08\0\0\0\xff\xff" + bytes(24),
        b"II+\0\x08\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
)
def test_a_structure_without_a_sound_main_directory_is_none(data):
    assert Tiff.of(data) is None
    assert Editor.of(data) is None


def test_values_that_point_at_everything_are_bounded():
    # each of 4000 values claims the whole structure
    count = 4000
    table = b"".join(
        tag.to_bytes(2, "little") + b"\x07\0" + (2**20).to_bytes(4, "little") + (8).to_bytes(4, "little")
        for tag in range(count)
    )
    data = b"II*\0\x08\0\0\0" + count.to_bytes(2, "little") + table + bytes(2**20)
    entries = Tiff.of(data).directory(Ifd.MAIN).entries
    assert sum(len(entry.data) for entry in entries.values()) <= 2**24


def test_damage_never_raises():
    rng = np.random.default_rng(251)
    whole = camera_exif(thumbnail=jpeg(16, 8))
    for _ in range(500):
        data = bytearray(whole)
        for at in rng.integers(4, 300, 6):
            data[at] = rng.choice([0, 1, 8, 255, rng.integers(256)])
        editor = Editor.of(data)
        if editor is None:
            continue
        for ifd in Ifd:
            editor.directory(ifd)
        editor.edit(Ifd.EXIF, {0x9000: editor.value(ASCII, b"0232")})
        editor.remove(Ifd.GPS)
        editor.remove_thumbnail()
        assert len(editor.to_bytes()) < 3 * len(whole)
