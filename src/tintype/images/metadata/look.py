"""The look that a picture was decoded with, in its metadata."""

from dataclasses import replace

from tintype.images.metadata import xmp
from tintype.images.picture import Picture


def with_look(picture: Picture, look: str) -> Picture:
    """A picture whose XMP says so, in the property `Look` of the namespace `urn:x-tintype:1.0/`."""
    return replace(picture, xmp=xmp.with_look(picture.xmp, look))
