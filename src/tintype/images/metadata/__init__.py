"""Metadata that stay true: found in every format, turned with the picture, taken off on demand."""

from tintype.images.metadata.exif import EXIF_PREFIX
from tintype.images.metadata.gather import Metadata, gather, gather_tiff
from tintype.images.metadata.look import with_look
from tintype.images.metadata.orientation import ORIENTATION, UPRIGHT
from tintype.images.metadata.strip import STRIPPED, Stripped, strip

__all__ = [
    "EXIF_PREFIX",
    "ORIENTATION",
    "STRIPPED",
    "UPRIGHT",
    "Metadata",
    "Stripped",
    "gather",
    "gather_tiff",
    "strip",
    "with_look",
]
