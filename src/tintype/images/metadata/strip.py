"""Metadata taken off a picture on purpose."""

from dataclasses import replace
from typing import Literal

from tintype.images.metadata import exif, iptc, xmp
from tintype.images.picture import Picture


def strip(picture: Picture, what: Literal["all", "gps"]) -> Picture:
    """A picture without metadata, or without those that say where it was taken. Its colours keep their profile.

    Parameters
    ----------
    what : "all" for EXIF, XMP and IPTC; "gps" for the GPS directory of EXIF, GPS and place names of XMP, and the
        place names of IPTC. What a camera's maker note may say about places is not known, and stays.
    """
    if what == "all":
        return replace(picture, exif=None, xmp=None, iptc=None)
    return replace(
        picture,
        exif=picture.exif and exif.without_place(picture.exif),
        xmp=picture.xmp and xmp.without_places(picture.xmp),
        iptc=picture.iptc and iptc.without_places(picture.iptc),
    )
