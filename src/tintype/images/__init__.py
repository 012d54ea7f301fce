"""Pictures in and out: files, Pillow images and numpy arrays."""

from tintype.images.formats import is_picture
from tintype.images.metadata import STRIPPED, Stripped, strip, with_look
from tintype.images.options import ReadOptions
from tintype.images.picture import MAX_SIDE, MEMORY_BYTES_PER_PIXEL, CodePoints, Picture, check_picture, check_size
from tintype.images.read import Source, load, load_8bit
from tintype.images.write import (
    check_png_level,
    check_quality,
    check_target,
    output_suffix,
    pillow_info,
    pillow_mode,
    save,
    sound,
    to_pillow,
)
from tintype.limits import MAX_PIXELS

__all__ = [
    "MAX_PIXELS",
    "MAX_SIDE",
    "MEMORY_BYTES_PER_PIXEL",
    "STRIPPED",
    "CodePoints",
    "Picture",
    "ReadOptions",
    "Source",
    "Stripped",
    "check_picture",
    "check_png_level",
    "check_quality",
    "check_size",
    "check_target",
    "is_picture",
    "load",
    "load_8bit",
    "output_suffix",
    "pillow_info",
    "pillow_mode",
    "save",
    "sound",
    "strip",
    "to_pillow",
    "with_look",
]
