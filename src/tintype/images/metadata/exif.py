"""EXIF: what it says about the picture, and what has to change in it when the codec changes the picture."""

import io
import struct
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from PIL import Image, JpegImagePlugin

from tintype.errors import InputError
from tintype.images.metadata.orientation import ORIENTATION, TRANSPOSED, UPRIGHT, upright_point
from tintype.images.metadata.tiff import (
    ASCII,
    BYTE,
    LONG,
    RATIONAL,
    SHORT,
    UNDEFINED,
    Editor,
    Entry,
    Ifd,
    Readable,
    Tiff,
)  # fmt: skip
from tintype.images.pillow import pillow_errors

EXIF_PREFIX = b"Exif\0\0"
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
INCH, CENTIMETRE = 2, 3  # values of the unit; 1 is none
MAKER_NOTE, USER_COMMENT = 0x927C, 0x9286
SUBJECT_AREA, SUBJECT_LOCATION = 0x9214, 0xA214
PIXEL_WIDTH, PIXEL_HEIGHT = 0xA002, 0xA003
MAX_THUMBNAIL = 2**20  # pixels; EXIF's own are 160 x 120
MAX_COMMENT = 2**14  # bytes: EXIF has to fit into the 64 KB that JPEG has for it
MAX_NOTE_OFFSET = 2**15

_SIDES = ((Ifd.EXIF, PIXEL_WIDTH, PIXEL_HEIGHT), (Ifd.MAIN, 0x0100, 0x0101), (Ifd.INTEROP, 0x1001, 0x1002))
_DENSITIES = ((Ifd.MAIN, X_RESOLUTION, Y_RESOLUTION), (Ifd.EXIF, 0xA20E, 0xA20F))

STORAGE_TAGS = frozenset(
    {*range(0x00FE, 0x010A), 0x0111, *range(0x0115, 0x011A), 0x011C, *range(0x0120, 0x0126), 0x013D}
    | {*range(0x0140, 0x014E), *range(0x0151, 0x0156), *range(0x0200, 0x020A), *range(0x0211, 0x0215)}
    | {0x015B, 0x02BC, 0x83BB, 0x8649, 0x8773, 0x935C, 0x828D, 0x828E, *range(0xC612, 0xC6F6), *range(0xC6F8, 0xCD50)}
)
"""Tags of a TIFF file that say how its samples are stored, or hold other kinds of metadata and previews."""


class Density(NamedTuple):
    """Pixels per unit."""

    x: Fraction
    y: Fraction
    unit: int  # INCH, CENTIMETRE, or 1 where only the shape of a pixel is known


TIME = "tIME"  # PNG's time of the last change, among comments

_HOMES: Mapping[str, tuple[Ifd, int]] = {
    "": (Ifd.EXIF, USER_COMMENT),
    "comment": (Ifd.EXIF, USER_COMMENT),
    "description": (Ifd.MAIN, 0x010E),
    "software": (Ifd.MAIN, 0x0131),
    "author": (Ifd.MAIN, 0x013B),
    "copyright": (Ifd.MAIN, 0x8298),
    "title": (Ifd.MAIN, 0x9C9B),
    TIME: (Ifd.MAIN, 0x0132),
}
"""Keyword of a comment, as PNG registers them, to the field that says the same. JPEG and GIF comments have none."""


def sound(exif: bytes) -> bytes | None:
    """A structure without the prefix that some formats put before it; None if its main directory cannot be read."""
    while exif.startswith(EXIF_PREFIX):
        exif = exif[len(EXIF_PREFIX) :]
    return exif if Editor.of(exif) else None


def repaired(exif: bytes) -> tuple[bytes, tuple[str, ...]]:
    """EXIF without the fields and directories in it that cannot be read, and a sentence if there were any."""
    editor = Editor.of(exif)
    if editor is None:
        return exif, ()
    damaged = editor.repair()
    main = editor.directory(Ifd.MAIN).entries
    if any(tag in main and main[tag].type != RATIONAL for tag in (X_RESOLUTION, Y_RESOLUTION)):
        # Pillow does not open a JPEG file that has them
        editor.edit(Ifd.MAIN, dict.fromkeys((X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT)))
        damaged = True
    if not damaged:
        return exif, ()
    return editor.to_bytes(), ("Damaged fields of its EXIF were left out.",)


def orientation(exif: bytes | None) -> int | None:
    """The orientation that it states, 1 to 8."""
    tiff = Tiff.of(exif) if exif else None
    found = tiff.number(tiff.directory(Ifd.MAIN), ORIENTATION) if tiff else None
    return found if found in range(1, 9) else None


def sides(exif: bytes | None) -> tuple[int | None, int | None]:
    """Width and height that it states."""
    tiff = Tiff.of(sound(exif) or b"") if exif else None
    if tiff is None:
        return None, None
    directory = tiff.directory(Ifd.EXIF)
    return tiff.number(directory, PIXEL_WIDTH), tiff.number(directory, PIXEL_HEIGHT)


def upright(exif: bytes, turn: int, width: int, height: int) -> tuple[bytes, tuple[str, ...]]:
    """EXIF that is true of the turned picture, and what it lost.

    Orientations become 1. Sides, densities, and places in the picture follow the turn, and so do the pixels of the
    thumbnail.

    Parameters
    ----------
    turn : the orientation that was undone, 1 to 8
    width, height : of the picture before the turn
    """
    editor = Editor.of(exif)
    if editor is None:
        return exif, ()
    kept = _turn_thumbnail(editor, turn)
    for ifd in (Ifd.MAIN, Ifd.THUMBNAIL) if turn != 1 else (Ifd.MAIN,):
        entry = editor.directory(ifd).entries.get(ORIENTATION)
        if entry is not None:
            editor.patch(entry, 1)
    if turn != 1:
        _turn_places(editor, turn, width, height)
    if turn in TRANSPOSED:
        for ifd, *pair in _SIDES:
            directory = editor.directory(ifd)
            if [editor.number(directory, tag) for tag in pair] != [height, width]:  # else already true
                _exchange(editor, ifd, *pair)
        for ifd, *pair in _DENSITIES:
            _exchange(editor, ifd, *pair)
    return editor.to_bytes(), () if kept else ("The thumbnail in its EXIF could not be turned and was left out.",)


def density(exif: bytes | None) -> Density | None:
    """Pixels per inch or centimetre, if stated."""
    tiff = Tiff.of(exif) if exif else None
    if tiff is None:
        return None
    main = tiff.directory(Ifd.MAIN)
    x, y = (tiff.rational(main, tag) for tag in (X_RESOLUTION, Y_RESOLUTION))
    unit = tiff.number(main, RESOLUTION_UNIT)
    return Density(x, y, INCH if unit is None else unit) if x and y else None


def dpi(exif: bytes | None) -> tuple[float, float] | None:
    """Pixels per inch, if stated."""
    stated = density(exif)
    scale = {INCH: 1.0, CENTIMETRE: 2.54}.get(stated.unit) if stated else None
    return (float(stated.x) * scale, float(stated.y) * scale) if stated and scale else None


def with_density(exif: bytes | None, stated: Density) -> bytes:
    """EXIF that states a density, unless it does already."""
    editor = _editor_or_new(exif)
    if X_RESOLUTION in editor.directory(Ifd.MAIN).entries:
        return editor.to_bytes()
    limit = 2**20
    parts = [
        (value.limit_denominator(limit).numerator, value.limit_denominator(limit).denominator) for value in stated[:2]
    ]
    editor.edit(
        Ifd.MAIN,
        {
            X_RESOLUTION: editor.value(RATIONAL, *parts[0]),
            Y_RESOLUTION: editor.value(RATIONAL, *parts[1]),
            RESOLUTION_UNIT: editor.value(SHORT, stated.unit),
        },
    )
    return editor.to_bytes()


def with_comments(exif: bytes | None, comments: Iterable[tuple[str, str]]) -> tuple[bytes | None, tuple[str, ...]]:
    """EXIF with comments in the fields that say the same, and a sentence for each that found no place.

    Parameters
    ----------
    comments : keyword, as PNG has them or empty, and text
    """
    editor = _editor_or_new(exif)
    changed, notes = False, []
    for keyword, text in comments:
        home = _HOMES.get(keyword if keyword == TIME else keyword.lower())
        if home is None or len(text) > MAX_COMMENT:
            notes.append(f"Its text {keyword!r} was left out." if keyword else "Its comment was left out.")
            continue
        ifd, tag = home
        there = editor.directory(ifd).entries.get(tag)
        said = "" if there is None else _text(editor, tag, there)
        if not said and text:
            editor.edit(ifd, {tag: _text_value(editor, tag, text)})
            changed = True
        elif said.strip() != text.strip():
            notes.append(f"Its {f'text {keyword!r}' if keyword else 'comment'} was left out: EXIF says something else.")
    return editor.to_bytes() if changed else exif, tuple(notes)


def of_tiff(data: Readable, page: int = 0) -> bytes | None:
    """What the directories of a TIFF file say about the picture, as an EXIF structure; None if that is nothing."""
    source = Tiff.of(data)
    if source is None:
        return None
    editor = Editor.new(source.order)
    note = source.directory(Ifd.EXIF, page).entries.get(MAKER_NOTE)
    if note is not None and 8 <= note.offset <= MAX_NOTE_OFFSET:
        editor.data += bytes(note.offset - len(editor.data)) + note.data  # where its own offsets still hold
    for ifd in (Ifd.INTEROP, Ifd.EXIF, Ifd.GPS, Ifd.MAIN):
        entries = source.directory(ifd, page).entries
        left_out = _POINTER_TAGS | (STORAGE_TAGS if ifd is Ifd.MAIN else frozenset())
        found = {tag: _small(source, entry) for tag, entry in entries.items() if tag not in left_out}
        if found:
            editor.edit(ifd, found)
    if not editor.directory(Ifd.MAIN).count:
        return None
    return editor.to_bytes()


def without_place(exif: bytes) -> bytes:
    """EXIF without its GPS directory; the bytes are blanked."""
    editor = Editor.of(exif)
    if editor is None:
        return exif
    editor.remove(Ifd.GPS)
    return editor.to_bytes()


def without_thumbnail(exif: bytes) -> bytes:
    """EXIF without its thumbnail; shorter if that was its end, as is usual."""
    editor = Editor.of(exif)
    if editor is None:
        return exif
    editor.remove_thumbnail()
    return editor.to_bytes()


def has_thumbnail(exif: bytes) -> bool:
    tiff = Tiff.of(exif)
    return bool(tiff and tiff.directory(Ifd.THUMBNAIL).offset)


def essential(exif: bytes) -> bytes | None:
    """EXIF in as few bytes as it needs, without thumbnail and maker note."""
    slim = of_tiff(exif)
    editor = Editor.of(slim) if slim else None
    if editor is None or MAKER_NOTE not in editor.directory(Ifd.EXIF).entries:
        return slim
    editor.edit(Ifd.EXIF, {MAKER_NOTE: None})
    return of_tiff(editor.to_bytes())  # without the bytes that the note had


_POINTER_TAGS = frozenset({0x8769, 0x8825, 0xA005})


def _editor_or_new(exif: bytes | None) -> Editor:
    return (Editor.of(exif) if exif else None) or Editor.new("<")


def _small(source: Tiff, entry: Entry) -> Entry:
    """An entry without the types that only BigTIFF has."""
    if entry.type not in (16, 17, 18):
        return entry
    values = struct.unpack(f"{source.order}{len(entry.data) // 8}Q", entry.data)
    packed = struct.pack(f"{source.order}{len(values)}I", *(min(value, 2**32 - 1) for value in values))
    return Entry(LONG, packed)


def _exchange(editor: Editor, ifd: Ifd, one: int, other: int) -> None:
    """What two entries say, the one for the other."""
    entries = editor.directory(ifd).entries
    if one in entries and other in entries:
        first, second = (slice(entries[tag].position + 2, entries[tag].position + 12) for tag in (one, other))
        editor.data[first], editor.data[second] = editor.data[second], editor.data[first]


def _turn_places(editor: Editor, turn: int, width: int, height: int) -> None:
    """Where the subject is: a point, a circle around it, or a rectangle around it."""
    directory = editor.directory(Ifd.EXIF)
    stated = [editor.number(directory, tag) for tag in (PIXEL_WIDTH, PIXEL_HEIGHT)]
    width, height = stated[0] or width, stated[1] or height
    for tag in (SUBJECT_AREA, SUBJECT_LOCATION):
        entry = directory.entries.get(tag)
        if entry is None or entry.type != SHORT or not 2 <= entry.count <= 4:
            continue
        x, y, *size = struct.unpack(f"{editor.order}{entry.count}H", entry.data)
        x, y = (int(min(max(0, at), 2**16 - 1)) for at in upright_point(turn, x, y, width - 1, height - 1))
        size = size[::-1] if turn in TRANSPOSED else size
        struct.pack_into(f"{editor.order}{entry.count}H", editor.data, entry.offset, x, y, *size)


def _turn_thumbnail(editor: Editor, turn: int) -> bool:
    """Turn the thumbnail, or remove it. False: it is gone."""
    directory = editor.directory(Ifd.THUMBNAIL)
    if not directory.offset:
        return True
    own = editor.number(directory, ORIENTATION)
    own = own if own is not None and 1 <= own <= 8 else turn
    if turn == 1 or own == 1:
        return True
    start, length = editor.thumbnail()
    turned = _turned_jpeg(bytes(editor.data[start : start + length]), own)
    if turned is None:
        editor.remove_thumbnail()
        return False
    if len(turned) <= length:
        editor.data[start : start + length] = turned.ljust(length, b"\0")
    else:
        editor.blank(start, length)
        start = editor.append(turned)
    for tag, number in ((0x0201, start), (0x0202, len(turned))):
        editor.patch(editor.directory(Ifd.THUMBNAIL).entries[tag], number)
    if own in TRANSPOSED:
        _exchange(editor, Ifd.THUMBNAIL, 0x0100, 0x0101)
        _exchange(editor, Ifd.THUMBNAIL, X_RESOLUTION, Y_RESOLUTION)
    return True


def _turned_jpeg(data: bytes, turn: int) -> bytes | None:
    """A small JPEG file turned, in its own quality; None if it is not one."""
    file = io.BytesIO()
    try:
        with pillow_errors("thumbnail"), Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            if image.width * image.height > MAX_THUMBNAIL or image.mode not in ("L", "RGB"):
                return None
            tables, sampling = getattr(image, "quantization", None), JpegImagePlugin.get_sampling(image)
            upright = Image.fromarray(np.ascontiguousarray(UPRIGHT[turn](np.asarray(image))))
            upright.save(file, "JPEG", qtables=tables, subsampling=max(sampling, 0))
    except InputError:
        return None
    return file.getvalue()


def _text(editor: Editor, tag: int, entry: Entry) -> str:
    """What a text field says."""
    if tag == USER_COMMENT:
        code, data = entry.data[:8], entry.data[8:]
        utf_16 = "utf-16-le" if editor.order == "<" else "utf-16-be"
        text = data.decode(utf_16 if code.startswith(b"UNICODE") else "utf-8", "replace")
    else:
        text = entry.data.decode("utf-16-le" if entry.type == BYTE else "utf-8", "replace")
    return text.rstrip("\0 ")


def _text_value(editor: Editor, tag: int, text: str) -> Entry:
    """The value of a text field."""
    if tag == USER_COMMENT:
        if text.isascii():
            return editor.value(UNDEFINED, b"ASCII\0\0\0" + text.encode())
        return editor.value(UNDEFINED, b"UNICODE\0" + text.encode("utf-16-le" if editor.order == "<" else "utf-16-be"))
    if tag >= 0x9C9B:  # Windows' own fields
        return editor.value(BYTE, text.encode("utf-16-le") + b"\0\0")
    return editor.value(ASCII, text.encode() + b"\0")
