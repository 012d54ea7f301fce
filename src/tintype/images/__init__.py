"""Pictures in and out: files, Pillow images and numpy arrays."""

from tintype.images.metadata import strip
from tintype.images.picture import MAX_SIDE, CodePoints, Picture
from tintype.images.pillow import READABLE
from tintype.images.read import Source, load
from tintype.images.write import output_suffix, save, to_pillow

__all__ = [
    "MAX_SIDE",
    "READABLE",
    "CodePoints",
    "Picture",
    "Source",
    "load",
    "output_suffix",
    "save",
    "strip",
    "to_pillow",
]
