"""Pictures out: files and Pillow images."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from tintype.arguments import kind, number, path, whole
from tintype.errors import InputError
from tintype.images import colour
from tintype.images.colour import SRGB
from tintype.images.metadata import EXIF_PREFIX, exif, iptc, xmp
from tintype.images.picture import Picture, Samples, check_picture, from_array
from tintype.images.pillow import pillow_errors
from tintype.images.samples import in_eight_bits, interleaved, on_white, stored_bits
from tintype.images.writers import jpeg, modern, plain, png, tiff
from tintype.replacing import replacing


def to_pillow(picture: Picture) -> Image.Image:
    """A Pillow image of mode RGB or L, with transparency RGBA or LA.

    Pillow has no colour of more than 8 bits, so deep colour comes as 8 bits; deep grey without transparency comes in
    16, as mode I;16. `save` keeps what this does not.

    The image's `info` has the metadata where Pillow's own readers put them: `icc_profile`, `exif`, `xmp`, `dpi`, and
    `photoshop` for IPTC. Colour that code points alone describe gets an equivalent `icc_profile` if there is one, and
    its two H.273 numbers as `code_points`.
    """
    mode = pillow_mode(picture.grey, picture.depth, picture.alpha is not None)
    image = Image.fromarray(interleaved(picture, 16 if mode == "I;16" else 8))
    image.info |= pillow_info(picture)
    return image


def pillow_mode(grey: bool, depth: int, alpha: bool) -> str:
    """Mode of the image that `to_pillow` makes of a picture."""
    if alpha:
        return "LA" if grey else "RGBA"
    return "RGB" if not grey else "L" if depth == 8 else "I;16"


def pillow_info(picture: Picture) -> dict[str | tuple[int, int], Any]:
    """Metadata of a picture as `to_pillow` puts them in `Image.info`."""
    info: dict[str | tuple[int, int], Any] = {}
    profile = picture.icc
    if picture.code_points and picture.code_points != SRGB:
        info["code_points"] = tuple(picture.code_points)
        profile = profile or colour.profile(picture.code_points, picture.grey)
    if profile:
        info["icc_profile"] = profile
    if picture.exif:
        info["exif"] = EXIF_PREFIX + picture.exif
    if dpi := exif.dpi(picture.exif):
        info["dpi"] = dpi
    if picture.xmp:
        info["xmp"] = picture.xmp
    if picture.iptc:
        info["photoshop"] = {iptc.RESOURCE: picture.iptc}
    return info


def save(
    picture: Picture | Samples,
    target: str | os.PathLike[str] | BinaryIO,
    *,
    suffix: str = "",
    quality: float | None = None,
    png_level: int | None = None,
) -> tuple[str, ...]:
    """Write a picture in the format that the suffix names.

    PNG, TIFF, BMP, PPM and WebP are written without loss; JPEG with quality 95 and AVIF with quality 90, both with
    full colour resolution. PNG, TIFF and PPM hold more than 8 bits per sample, the others get 8. Where a format has no
    transparency, the picture is put on white. `docs/metadata.md` says which format holds which metadata.

    Parameters
    ----------
    target : path, or open binary file
        A path is overwritten.
    suffix : str
        As ".png"; needed for an open file, and else taken from the path.
    quality : 0 to 100
        Of JPEG, AVIF and WebP, which then has loss. The other formats have none.
    png_level : 0 to 9
        Of PNG's compression: 6 is the usual level, 9 gives the smallest files. The default is several times as fast
        as 6, and photographs become about 1 % larger.

    Returns
    -------
    What the file does not hold of the picture, a sentence each.

    Raises
    ------
    InputError
        The suffix is unknown, its format has no quality, or it cannot hold a picture of this size.
    OSError
        The file cannot be written.
    """
    if isinstance(picture, np.ndarray):
        picture = from_array(picture)
    check_picture(picture)
    kind("suffix", suffix, str, "a picture's suffix, such as '.png'")
    path_suffix = os.fspath(target) if isinstance(target, str | os.PathLike) else ""
    suffix = output_suffix(suffix or path_suffix)
    check_target(target)
    quality, png_level = check_quality(suffix, quality), check_png_level(suffix, png_level)
    format = _FORMATS[suffix]
    fitted, lost = _fitted(picture, format)
    with replacing(target) if isinstance(target, str | os.PathLike) else nullcontext(target) as file:
        for piece in _pieces(fitted, format, quality, png_level):
            file.write(piece)
    return lost


def _pieces(picture: Picture, format: "_Format", quality: float | None, png_level: int | None) -> Iterator[bytes]:
    """A file from its beginning; errors of the library that makes it become ours, those of who writes it do not."""
    size = f"{picture.width} x {picture.height} pixels"
    pieces = format.write(picture, quality) if png_level is None else png.write(picture, level=png_level)
    while True:
        with pillow_errors(f"{size} as {format.name}", "cannot be written, choose another format"):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def output_suffix(path: str | os.PathLike[str]) -> str:
    """Suffix of an output path in lower case, if `save` knows it; also takes a bare suffix as ".png".

    Raises
    ------
    InputError
        No picture can be written under this name.
    """
    kind("suffix", path, str | os.PathLike, "a picture's suffix, such as '.png'")
    name = Path(path).name.lower()
    suffix = name if name in _FORMATS else Path(name).suffix
    if suffix not in _FORMATS:
        raise InputError(f"{os.fspath(path)!r} does not end in a picture's suffix: {', '.join(_FORMATS)}")
    return suffix


def check_target(target: object) -> None:
    """Refuse what is neither a path nor an open file."""
    if isinstance(target, str | os.PathLike):
        path(target)
    elif not hasattr(target, "write"):
        raise InputError(f"a {type(target).__name__} cannot be written to; give a path or an open binary file")
    elif getattr(target, "closed", False):
        raise InputError("the file to write is closed; open it with the mode 'wb'")


def check_quality(suffix: str, quality: float | None) -> float | None:
    """Refuse a quality outside 0 to 100, and one of a format that has none to choose."""
    format = _FORMATS[suffix]
    if quality is not None and not format.quality:
        raise InputError(f"{format.name} has no quality to choose; JPEG, WebP and AVIF have")
    if quality is not None and not 0 <= (quality := number("quality", quality)) <= 100:
        raise InputError(f"quality {quality}: 0 to 100 are possible")
    return quality


def check_png_level(suffix: str, level: int | None) -> int | None:
    """Refuse a level of PNG's compression outside 0 to 9, and one for another format."""
    if level is not None and suffix != ".png":
        raise InputError(f"{_FORMATS[suffix].name} has no PNG level; leave it out")
    if level is not None and not 0 <= (level := whole("png_level", level)) <= 9:
        raise InputError(f"PNG level {level}: 0 to 9 are possible")
    return level


Fitted = tuple[Picture, tuple[str, ...]]  # what is left of a picture, and a sentence for each thing that is not


@dataclass(frozen=True, slots=True)
class _Format:
    """What a format holds, and how it is written."""

    name: str
    write: Callable[[Picture, float | None], Iterator[bytes]]  # in pieces, where it needs no whole file in memory
    quality: bool = False  # there is one to choose
    deep: bool = False  # more than 8 bits
    alpha: bool = True
    code_points: bool = False
    lacks: frozenset[str] = frozenset()  # metadata, as fields of `Picture`
    fit: Callable[[Picture], Fitted] = lambda picture: (picture, ())  # what else has to go


_ALL = frozenset({"icc", "exif", "xmp", "iptc"})
_IPTC = frozenset({"iptc"})
_NAMES: Mapping[str, str] = {"icc": "ICC profile", "exif": "EXIF", "xmp": "XMP", "iptc": "IPTC"}

_JPEG = _Format("JPEG", jpeg.write, quality=True, alpha=False, fit=jpeg.fit)
_TIFF = _Format("TIFF", tiff.write, deep=True, fit=tiff.fit)
_PPM = _Format("PPM", plain.ppm, deep=True, alpha=False, lacks=_ALL)

_FORMATS: Mapping[str, _Format] = {
    ".png": _Format("PNG", png.write, deep=True, code_points=True),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": _Format("WEBP", modern.webp, quality=True, lacks=_IPTC),
    ".avif": _Format("AVIF", modern.avif, quality=True, code_points=True, lacks=_IPTC),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": _Format("BMP", plain.bmp, alpha=False, lacks=_ALL),
    ".ppm": _PPM,
    ".pgm": _PPM,
}


def _fitted(picture: Picture, format: _Format) -> Fitted:
    """A picture as a format can hold it. Metadata that its writer does not know stay, and are named."""
    picture, damage = sound(picture)
    lost = list(damage)
    if picture.alpha is not None and not format.alpha:
        picture = on_white(picture)
        lost.append(f"Transparent parts were put on white: {format.name} has no transparency.")
    if stored_bits(picture) > 8 and not format.deep:
        alpha = picture.alpha
        lost.append(f"{max(picture.depth, 8 if alpha is None else 8 * alpha.itemsize)} bits per sample became 8.")
        picture = in_eight_bits(picture)
    picture, unsaid = _coloured(picture, format)
    lacking = [name for field, name in _NAMES.items() if field in format.lacks and getattr(picture, field)]
    if lacking:
        unsaid += (f"{', '.join(lacking)} left out: {format.name} has no place for it.",)
    picture, dropped = format.fit(picture)
    return picture, (*lost, *unsaid, *dropped)


def sound(picture: Picture) -> Fitted:
    """A picture without metadata that no reader could use: a .tint file may hold any bytes as EXIF, XMP and IPTC.

    Its EXIF says that the picture is upright.
    """
    fields, lost = None, list[str]()
    if picture.exif and (fields := exif.sound(picture.exif)):
        fields, repairs = exif.repaired(fields)
        fields, _ = exif.upright(fields, 1, picture.width, picture.height)
        lost += repairs
    packet = picture.xmp if picture.xmp and xmp.sound(picture.xmp) else None
    records = picture.iptc if picture.iptc and iptc.sound(picture.iptc) else None
    checked = replace(picture, exif=fields, xmp=packet, iptc=records)
    for field in ("exif", "xmp", "iptc"):
        if getattr(picture, field) and not getattr(checked, field):
            lost.append(f"Its {_NAMES[field]} is damaged and was left out.")
    return checked, tuple(lost)


def _coloured(picture: Picture, format: _Format) -> Fitted:
    """Colour code points become a profile where a format has no place for them."""
    points = picture.code_points
    if points is None or points == SRGB:
        return replace(picture, code_points=None), ()
    if format.code_points or picture.icc:
        return picture, ()
    profile = None if "icc" in format.lacks else colour.profile(points, picture.grey)
    lost = f"Its colours (H.273 code points {points.primaries}/{points.transfer}) are not stated: {format.name} cannot."
    return replace(picture, icc=profile, code_points=None), () if profile else (lost,)
