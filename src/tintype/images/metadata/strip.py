"""Metadata taken off a picture on purpose."""

from dataclasses import replace
from typing import Literal, get_args

from tintype.arguments import choice, kind
from tintype.images.metadata import exif, iptc, xmp
from tintype.images.picture import Picture

Stripped = Literal["all", "gps"]
STRIPPED: tuple[Stripped, ...] = get_args(Stripped)


def strip(picture: Picture, what: Stripped) -> Picture:
    """A picture without metadata, or without those that say where it was taken. Its colours keep their profile.

    Parameters
    ----------
    what : "all" for EXIF, XMP and IPTC; "gps" for the GPS directory of EXIF, GPS and place names of XMP, and the
        place names of IPTC. What a camera's maker note may say about places is not known, and stays.

    Raises
    ------
    InputError
        `what` is neither, so that a misspelt "all" keeps nothing; or `picture` is none.
    """
    kind("picture", picture, Picture, "what tintype.images.load gives")
    choice("strip", what, STRIPPED)
    if what == "all":
        return replace(picture, exif=None, xmp=None, iptc=None)
    return replace(
        picture,
        exif=picture.exif and exif.without_place(picture.exif),
        xmp=picture.xmp and xmp.without_places(picture.xmp),
        iptc=picture.iptc and iptc.without_places(picture.iptc),
    )
