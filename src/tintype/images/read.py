"""Pictures in: files, Pillow images and numpy arrays.

What is coded is 8-bit RGB or grey, upright. Everything else is refused with the way out in the message, never
converted where that loses something: alpha, more than 8 bits, CMYK and other colour models, animations.
Lossless steps are taken: a palette without transparency becomes RGB, an EXIF orientation is applied to the
pixels. ICC profiles, EXIF and XMP travel along as bytes, their orientation set to 1.
"""

import os
import warnings
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.errors import InputError
from tintype.images.metadata import UPRIGHT, gather
from tintype.images.picture import Picture, check_sides, from_array
from tintype.images.pillow import READABLE, pillow_errors

Source = Image.Image | NDArray[Any] | str | os.PathLike[str] | BinaryIO


def load(source: Source) -> Picture:
    """A picture from a path, an open binary file, a Pillow image, or an array.

    Parameters
    ----------
    source : path, file, PIL.Image.Image, or uint8 array of shape (H, W, 3) RGB or (H, W) grey
        An array is not copied where its layout allows.

    Raises
    ------
    InputError
        Not a picture that can be coded, or damaged; the message says what to do.
    OSError
        The file is missing or cannot be read.
    """
    if isinstance(source, np.ndarray):
        return from_array(source)
    if isinstance(source, Image.Image):
        with pillow_errors("the image"):
            return _from_pillow(source, "the image")
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as file:
            return _from_file(file, os.fspath(source))
    return _from_file(source, str(getattr(source, "name", "the file")))


def _from_file(file: BinaryIO, name: str) -> Picture:
    with pillow_errors(name), Image.open(file, formats=READABLE) as image:
        return _from_pillow(image, name)


def _from_pillow(image: Image.Image, name: str) -> Picture:
    check_sides(image.width, image.height, name)
    _check_kind(image, name)
    metadata = gather(image)  # before the samples are loaded
    image.load()
    pixels = np.asarray(image.convert("RGB") if image.mode == "P" else image)
    icc = image.info.get("icc_profile")
    turn = None if image.format == "TIFF" else UPRIGHT.get(metadata.orientation)  # Pillow turns TIFF itself
    return Picture(
        np.ascontiguousarray(turn(pixels) if turn else pixels),
        icc=icc if isinstance(icc, bytes) and icc else None,
        exif=metadata.exif,
        xmp=metadata.xmp,
        iptc=metadata.iptc,
        notes=metadata.notes,
    )


def _check_kind(image: Image.Image, name: str) -> None:
    """Refuse what would lose something on its way to 8-bit RGB or grey."""
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format == "MPO":
        # phones write these; every viewer shows the first picture alone
        warnings.warn(f"{name}: only the first of its {frames} pictures is coded", stacklevel=5)
    elif frames > 1:
        raise InputError(f"{name}: {frames} frames or pages; pass one of them, e.g. image.copy() in Pillow")
    if image.has_transparency_data:
        raise InputError(
            f"{name}: has transparency, which cannot be coded yet; flatten it first, "
            "e.g. paste it on a white background"
        )
    if image.mode in _WAY_OUT:
        raise InputError(f"{name}: {_WAY_OUT[image.mode]}")
    if image.mode not in ("RGB", "L", "P"):
        raise InputError(f"{name}: mode {image.mode} cannot be coded; convert it to RGB or grey (L) of 8 bits")
    bits = _file_bits(image)
    if bits > 8:
        raise InputError(f"{name}: {bits} bits per sample cannot be coded yet; convert it to 8 bits first")


_WAY_OUT: Mapping[str, str] = {
    "1": 'black and white of 1 bit; convert it to grey first, e.g. image.convert("L")',
    "CMYK": "CMYK; convert it to RGB first, by its ICC profile if it has one",
    "YCbCr": 'YCbCr, which RGB cannot hold without loss; convert it first, e.g. image.convert("RGB")',
    **dict.fromkeys(
        ("I", "F", "I;16", "I;16B", "I;16L", "I;16N"),
        "more than 8 bits per sample cannot be coded yet; convert it to 8 bits first",
    ),
}


def _file_bits(image: Image.Image) -> int:
    """Bits per sample in the file, where Pillow would drop some of them without a word while it loads."""
    if image.format in ("PNG", "TIFF"):  # BMP has ";16" too, but for 16 bits per pixel
        return 16 if any(";16" in str(tile.args) for tile in _tiles(image)) else 8
    if image.format == "PPM":
        limits = [tile.args[-1] for tile in _tiles(image) if isinstance(tile.args, tuple)]
        return max((int(limit).bit_length() for limit in limits if isinstance(limit, int)), default=8)
    if image.format == "AVIF":
        # AV1 codec configuration: version, profile and level, then flags
        flags = _byte_after(image, b"av1C", 2)
        return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
    if image.format == "JPEG2000":
        # SIZ marker: 2 of length, 2 of capabilities, 8 fields of 4, 2 of components, then the first depth
        return (_byte_after(image, b"\xff\x4f\xff\x51", 38) & 0x7F) + 1
    return 8


def _tiles(image: Image.Image) -> list[Any]:
    """Pillow's list of encoded blocks; empty once the image is loaded."""
    return list(getattr(image, "tile", []))


def _byte_after(image: Image.Image, marker: bytes, distance: int) -> int:
    """The byte at a distance after a marker in the head of the image's file; 0 where there is none."""
    file = getattr(image, "fp", None)
    if file is None:
        return 0
    position = file.tell()
    file.seek(0)
    head = file.read(2**16)
    file.seek(position)
    at = head.find(marker)
    return head[at + len(marker) + distance] if 0 <= at < len(head) - len(marker) - distance else 0
