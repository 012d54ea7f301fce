"""Pictures out: files and Pillow images."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, PngImagePlugin

from tintype.errors import InputError
from tintype.images.metadata import EXIF_PREFIX
from tintype.images.picture import Picture, Samples, from_array
from tintype.images.pillow import pillow_errors


def to_pillow(picture: Picture) -> Image.Image:
    """A Pillow image of mode RGB or L. Metadata stand in its `info`, where Pillow's own readers put them."""
    image = Image.fromarray(picture.pixels)
    for key, value in _metadata(picture).items():
        image.info[key] = value
    return image


def save(picture: Picture | Samples, target: str | os.PathLike[str] | BinaryIO, *, suffix: str = "") -> None:
    """Write a picture in the format that the suffix names.

    PNG, TIFF, BMP, PPM and WebP are written without loss; JPEG with quality 95 and AVIF with quality 90, both
    with full colour resolution. BMP and PPM have no room for metadata.

    Parameters
    ----------
    target : path, or open binary file
        A path is overwritten.
    suffix : str
        As ".png"; needed for an open file, and else taken from the path.

    Raises
    ------
    InputError
        The suffix is unknown, or its format cannot hold this picture.
    OSError
        The file cannot be written.
    """
    if isinstance(picture, np.ndarray):
        picture = from_array(picture)
    path_suffix = os.fspath(target) if isinstance(target, str | os.PathLike) else ""
    writer = _WRITERS[output_suffix(suffix or path_suffix)]
    image = Image.fromarray(picture.pixels)
    options = dict(writer.options)
    if writer.metadata:
        options |= writer.metadata(picture)
    size = f"{picture.width} x {picture.height} pixels"
    with pillow_errors(f"{size} as {writer.format}", "cannot be written, choose another format"):
        image.save(target, writer.format, **options)


def output_suffix(path: str | os.PathLike[str]) -> str:
    """Suffix of an output path in lower case, if `save` knows it; also takes a bare suffix as ".png".

    Raises
    ------
    InputError
        No picture can be written under this name.
    """
    name = Path(path).name.lower()
    suffix = name if name in _WRITERS else Path(name).suffix
    if suffix not in _WRITERS:
        raise InputError(f"{os.fspath(path)!r} does not end in a picture's suffix: {', '.join(_WRITERS)}")
    return suffix


def _metadata(picture: Picture) -> dict[str, bytes]:
    """Metadata under Pillow's names."""
    found = {}
    if picture.icc:
        found["icc_profile"] = picture.icc
    if picture.exif:
        found["exif"] = EXIF_PREFIX + picture.exif
    if picture.xmp:
        found["xmp"] = picture.xmp
    return found


def _png_metadata(picture: Picture) -> dict[str, Any]:
    options: dict[str, Any] = dict(_metadata(picture))
    if picture.xmp:
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", options.pop("xmp").decode())
        options["pnginfo"] = text
    return options


def _tiff_metadata(picture: Picture) -> dict[str, Any]:
    """EXIF and XMP as tags of the file's own directory, without those that describe its data."""
    tags = Image.Exif()
    tags.load(picture.exif or b"")
    for tag in set(tags) & _TIFF_STRUCTURE:
        del tags[tag]
    if picture.xmp:
        tags[_TIFF_XMP] = picture.xmp
    return {"exif": tags} | ({"icc_profile": picture.icc} if picture.icc else {})


_TIFF_XMP = 700
_TIFF_STRUCTURE = frozenset(
    {*range(254, 267), 273, *range(277, 280), 284, *range(288, 294), 317, *range(320, 326), 338, 339}
    | {*range(512, 522), *range(529, 533)}
)


@dataclass(frozen=True, slots=True)
class _Writer:
    format: str
    options: Mapping[str, Any]
    metadata: Callable[[Picture], Mapping[str, Any]] | None = _metadata


_JPEG = _Writer("JPEG", {"quality": 95, "subsampling": "4:4:4"})
_TIFF = _Writer("TIFF", {}, _tiff_metadata)
_PPM = _Writer("PPM", {}, None)

_WRITERS: Mapping[str, _Writer] = {
    ".png": _Writer("PNG", {}, _png_metadata),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": _Writer("WEBP", {"lossless": True}),
    ".avif": _Writer("AVIF", {"quality": 90, "subsampling": "4:4:4"}),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": _Writer("BMP", {}, None),
    ".ppm": _PPM,
    ".pgm": _PPM,
}
