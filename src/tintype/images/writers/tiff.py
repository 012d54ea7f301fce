"""TIFF of 8 and 16 bits, without compression.

A TIFF file is built as EXIF is. So the file begins with the picture's EXIF structure, whose maker notes stay where
their offsets hold, and a main directory behind it adds the samples. Libraries write their own directories and move
the notes; Pillow's writer has no RGB of 16 bits either.
"""

from collections.abc import Iterator
from dataclasses import replace

from tintype.errors import InputError
from tintype.images.metadata import exif
from tintype.images.metadata.exif import STORAGE_TAGS
from tintype.images.metadata.tiff import BYTE, LONG, SHORT, UNDEFINED, Editor, Ifd
from tintype.images.picture import Picture
from tintype.images.samples import bands, stored_bits

STRIP_OFFSETS = 0x0111
MAX_BYTES = 2**32 - 1  # offsets have 32 bits


def fit(picture: Picture) -> tuple[Picture, tuple[str, ...]]:
    """A picture without a thumbnail in EXIF: in a TIFF file it would be a second page."""
    if picture.exif is None or not exif.has_thumbnail(picture.exif):
        return picture, ()
    without = replace(picture, exif=exif.without_thumbnail(picture.exif))
    return without, ("The thumbnail in EXIF was left out: in TIFF it would be a second page.",)


def write(picture: Picture, _: float | None) -> Iterator[bytes]:
    """The file in pieces; 10 and 12 bits are written as 16."""
    bits = stored_bits(picture)
    editor = (Editor.of(picture.exif) if picture.exif else None) or Editor.new("<")
    value = editor.value
    channels = (1 if picture.grey else 3) + (picture.alpha is not None)
    size = picture.width * picture.height * channels * bits // 8
    tags = {
        0x0100: value(LONG, picture.width),
        0x0101: value(LONG, picture.height),
        0x0102: value(SHORT, *[bits] * channels),
        0x0103: value(SHORT, 1),  # no compression
        0x0106: value(SHORT, 1 if picture.grey else 2),  # black is zero, or RGB
        STRIP_OFFSETS: value(LONG, 0),
        0x0115: value(SHORT, channels),
        0x0116: value(LONG, picture.height),  # rows of the one strip
        0x0117: value(LONG, min(size, MAX_BYTES)),
        0x011C: value(SHORT, 1),  # samples of a pixel together
    }
    if picture.alpha is not None:
        tags[0x0152] = value(SHORT, 2)  # alpha with which the colour is not multiplied
    # IPTC is said to be made of LONGs, which it is not: its bytes stay in their order, filled up with zeros
    records = picture.iptc and picture.iptc + bytes(-len(picture.iptc) % 4)
    for tag, type, data in (
        (0x02BC, BYTE, picture.xmp),
        (0x83BB, LONG, records),
        (0x8773, UNDEFINED, picture.icc),
    ):
        if data:
            tags[tag] = value(type, data)
    stale = (STORAGE_TAGS & editor.directory(Ifd.MAIN).entries.keys()) - tags.keys()
    editor.edit(Ifd.MAIN, {**dict.fromkeys(stale), **tags})
    start = editor.append(b"")
    if start + size > MAX_BYTES:
        raise InputError(
            f"{picture.width} x {picture.height} pixels make a TIFF file of more than 4 GiB, which TIFF cannot be; "
            "choose another format"
        )
    editor.patch(editor.directory(Ifd.MAIN).entries[STRIP_OFFSETS], start)
    yield bytes(editor.data)
    for band in bands(picture, bits):
        yield band.astype(f"{editor.order}u{band.itemsize}").tobytes()
