"""Metadata are taken off on request; colours are not metadata."""

import numpy as np

from tests.images.metadata.made import IPTC, RGB, camera_exif, fields, xmp_with
from tintype.images import CodePoints, Picture, strip

PICTURE = Picture(
    RGB,
    icc=b"profile",
    exif=camera_exif(),
    xmp=xmp_with('exif:GPSLatitude="46,57N"', 'xmlns:exif="http://ns.adobe.com/exif/1.0/"'),
    iptc=IPTC,
    code_points=CodePoints(12, 13),
    notes=("a note",),
)


def test_all_goes_except_the_colours():
    bare = strip(PICTURE, "all")
    assert (bare.exif, bare.xmp, bare.iptc) == (None, None, None)
    assert (bare.icc, bare.code_points, bare.notes) == (PICTURE.icc, PICTURE.code_points, PICTURE.notes)
    np.testing.assert_array_equal(bare.pixels, RGB)


def test_places_go_and_all_else_stays():
    clean = strip(PICTURE, "gps")
    before, after = fields(PICTURE.exif), fields(clean.exif)
    assert after == before | {"gps": {}}
    assert clean.xmp == PICTURE.xmp.replace(b' exif:GPSLatitude="46,57N"', b"")
    assert clean.iptc == IPTC.replace(b"\x1c\x02\x5a\x00\x04Bern", b"")
    assert (clean.icc, clean.code_points) == (PICTURE.icc, PICTURE.code_points)


def test_a_picture_without_metadata_stays_as_it_is():
    assert strip(Picture(RGB), "gps").exif is strip(Picture(RGB), "all").exif is None
