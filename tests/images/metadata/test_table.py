"""Every cell of the tables in docs/metadata.md is true."""

import io
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageCms

from tests.images.metadata.made import IPTC, RGB, XMP, camera_exif, encoded, fields
from tests.images.metadata.test_gather import (
    WITH_COMMENT,
    WITH_DENSITY,
    WITH_EXIF,
    WITH_IPTC,
    WITH_XMP,
    gif_with,
    sub_blocks,
)
from tintype.images import CodePoints, Picture, load, save

PAGE = Path(__file__).parents[3] / "docs" / "metadata.md"
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

WITH_ICC = {
    **{name: encoded(name.upper(), icc_profile=ICC) for name in ("JPEG", "PNG", "WebP", "AVIF", "TIFF")},
    "GIF": gif_with(b"!\xff\x0bICCRGBG1012" + sub_blocks(ICC)),
    "BMP": b"",  # below
    "JPEG 2000": b"",
}


def bmp_5(profile: bytes) -> bytes:
    """Two pixels under a header of version 5."""
    head = struct.pack("<IiiHHIIiiII", 124, 2, 1, 1, 24, 0, 8, 0, 0, 0, 0).ljust(124, b"\0")
    head = head[:56] + b"DEBM" + head[60:112] + struct.pack("<II", 132, len(profile)) + head[120:]
    return struct.pack("<2sIHHI", b"BM", 14 + 132 + len(profile), 0, 0, 138) + head + bytes(8) + profile


def jp2_with_profile() -> bytes:
    data = encoded("JPEG2000")
    (size,) = struct.unpack_from(">I", data, data.index(b"jp2h") - 4)
    place = data.index(b"colr") - 4
    (old,) = struct.unpack_from(">I", data, place)
    new = struct.pack(">I", 11 + len(ICC)) + b"colr\2\0\0" + ICC
    grown = struct.pack(">I", size + len(new) - old) + b"jp2h"
    return data[:place].replace(struct.pack(">I", size) + b"jp2h", grown) + new + data[place + old :]


WITH_ICC["JPEG 2000"] = jp2_with_profile()
WITH_ICC["BMP"] = bmp_5(ICC)

FILES = {"EXIF": WITH_EXIF, "XMP": WITH_XMP, "IPTC": WITH_IPTC, "ICC": WITH_ICC, "comments": WITH_COMMENT}
FILES["dpi"] = {name: data for name, (data, _) in WITH_DENSITY.items()}


def table(title: str) -> list[tuple[str, str, str]]:
    """Format, column and cell of the first table below a title."""
    section = PAGE.read_text().partition(f"## {title}\n")[2]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.*\|$", section, re.M)]
    end = next((at for at, row in enumerate(rows) if len(row) != len(rows[0])), len(rows))
    return [(row[0], column, cell) for row in rows[2:end] for column, cell in zip(rows[0][1:], row[1:], strict=True)]


def present(picture: Picture, column: str) -> bool:
    """Whether a picture has metadata of a kind."""
    found = fields(picture.exif)
    return {
        "EXIF": found["main"].get(0x010F) == "ACME",
        "XMP": picture.xmp == XMP,
        "IPTC": picture.iptc == IPTC,
        "ICC": picture.icc == ICC,
        "dpi": 0x011A in found["main"],
        "comments": found["exif"].get(0x9286) == b"ASCII\0\0\0a comment",
    }[column]


@pytest.mark.parametrize("format, column, cell", table("In"))
def test_each_format_gives_what_the_table_says(format, column, cell):
    files = [data for name, data in FILES[column].items() if name.split(",")[0] == format]
    assert bool(files) == (cell != "-")  # a dash is claimed of no format that has a file here
    for data in files:
        assert present(load(io.BytesIO(data)), column)


def test_no_format_with_a_file_lacks_a_row():
    formats = {format for format, _, _ in table("In")}
    assert {name.split(",")[0] for files in FILES.values() for name in files} - {"MPO"} == formats


@pytest.mark.parametrize("format, column, cell", [row for row in table("Out") if row[1] in {*FILES, "dpi"}])
def test_each_format_holds_what_the_table_says(format, column, cell):
    for suffix in (name.lower() for name in format.split(", ")):
        file = io.BytesIO()
        lost = save(Picture(RGB, icc=ICC, exif=camera_exif(), xmp=XMP, iptc=IPTC), file, suffix=f".{suffix}")
        kept = present(load(file), column)
        assert kept == (cell == "yes")
        name = {"ICC": "ICC profile"}.get(column, column)
        assert any(name in sentence for sentence in lost) == (cell == "no" and column != "dpi")


@pytest.mark.parametrize(
    "format, column, cell", [row for row in table("Out") if row[1] in ("alpha", "bits", "code points")]
)
def test_each_format_holds_the_samples_that_the_table_says(format, column, cell):
    deep = (np.arange(24 * 36 * 3) * 83 % 65536).astype(np.uint16).reshape(24, 36, 3)
    picture, expected = {
        "alpha": (Picture(RGB, alpha=RGB[:, :, 0].copy()), lambda found: "yes" if found.alpha is not None else "no"),
        "bits": (Picture(deep, depth=16), lambda found: str(found.depth)),
        "code points": (
            Picture(RGB, code_points=CodePoints(12, 13)),
            lambda found: "yes" if found.code_points else "as ICC" if found.icc else "no",
        ),
    }[column]
    for suffix in (name.lower() for name in format.split(", ")):
        file = io.BytesIO()
        lost = save(picture, file, suffix=f".{suffix}")
        assert expected(load(file)) == cell
        assert bool(lost) == (cell in ("no", "8"))
