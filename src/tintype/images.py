"""Pictures in and out: files, Pillow images and numpy arrays.

What is coded is 8-bit RGB or grey, upright. Everything else is refused with the way out in the message, never
converted where that loses something: alpha, more than 8 bits, CMYK and other colour models, animations.
Lossless steps are taken: a palette without transparency becomes RGB, an EXIF orientation is applied to the
pixels. ICC profiles, EXIF and XMP travel along as bytes, their orientation set to 1.
"""

import os
import re
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from tintype.errors import InputError

MAX_SIDE = 2**16 - 1  # pixels; the file format's limit

Samples = NDArray[np.uint8]  # (H, W, 3) RGB or (H, W) grey
Source = Image.Image | NDArray[Any] | str | os.PathLike[str] | BinaryIO

READABLE = ("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "PPM", "JPEG2000")
"""Pillow's names. A short list: its other readers see little use, and one of them starts programs."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Upright 8-bit pixels and the metadata that travels with them."""

    pixels: Samples  # (H, W, 3) RGB or (H, W) grey
    icc: bytes | None = None
    exif: bytes | None = None  # TIFF structure, without the "Exif" that some formats put before it
    xmp: bytes | None = None  # UTF-8

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def grey(self) -> bool:
        return self.pixels.ndim == 2


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
        return _from_array(source)
    if isinstance(source, Image.Image):
        with _pillow_errors("the image"):
            return _from_pillow(source, "the image")
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as file:
            return _from_file(file, os.fspath(source))
    return _from_file(source, str(getattr(source, "name", "the file")))


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
        picture = _from_array(picture)
    path_suffix = os.fspath(target) if isinstance(target, str | os.PathLike) else ""
    writer = _WRITERS[output_suffix(suffix or path_suffix)]
    image = Image.fromarray(picture.pixels)
    options = dict(writer.options)
    if writer.metadata:
        options |= writer.metadata(picture)
    size = f"{picture.width} x {picture.height} pixels"
    with _pillow_errors(f"{size} as {writer.format}", "cannot be written, choose another format"):
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


def _from_array(array: NDArray[Any]) -> Picture:
    if array.dtype != np.uint8:
        raise InputError(f"an array of {array.dtype} cannot be coded; scale it to 0..255 and convert it to uint8")
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)):
        raise InputError(f"an array of shape {array.shape} is neither (height, width, 3) RGB nor (height, width) grey")
    _check_sides(array.shape[1], array.shape[0], "the array")
    return Picture(np.ascontiguousarray(array))


def _from_file(file: BinaryIO, name: str) -> Picture:
    with _pillow_errors(name), Image.open(file, formats=READABLE) as image:
        return _from_pillow(image, name)


@contextmanager
def _pillow_errors(name: str, otherwise: str = "damaged, or of a kind that Pillow cannot read") -> Iterator[None]:
    """Pillow's errors as ours. Errors of the system and ours pass."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise InputError(
            f"{name}: {error}; if you trust the file, open it with Pillow under a higher "
            "PIL.Image.MAX_IMAGE_PIXELS and pass the image"
        ) from error
    except UnidentifiedImageError as error:
        raise InputError(f"{name}: not a picture in a known format ({', '.join(READABLE)})") from error
    # whatever bytes can make Pillow's parsers raise: besides OSError and SyntaxError also struct.error,
    # ValueError, KeyError and more, so no list of them would hold
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(f"{name}: {otherwise} ({error})") from error


def _from_pillow(image: Image.Image, name: str) -> Picture:
    _check_sides(image.width, image.height, name)
    _check_kind(image, name)
    image.load()
    pixels = np.asarray(image.convert("RGB") if image.mode == "P" else image)
    raw_exif, icc, xmp = (image.info.get(key) for key in ("exif", "icc_profile", "xmp"))
    exif = _upright_exif(raw_exif) if isinstance(raw_exif, bytes) else None
    if exif or not raw_exif:  # without EXIF Pillow may know an orientation from XMP or the format itself
        turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
        pixels = turn(pixels) if turn else pixels
    return Picture(
        np.ascontiguousarray(pixels),
        icc=icc if isinstance(icc, bytes) and icc else None,
        exif=exif,
        xmp=_upright_xmp(xmp.encode() if isinstance(xmp, str) else xmp or b""),
    )


def _check_sides(width: int, height: int, name: str) -> None:
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise InputError(f"{name}: {width} x {height} pixels; each side must be from 1 to {MAX_SIDE}")


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


_ORIENTATION = 0x0112

_UPRIGHT: Mapping[int, Callable[[Samples], Samples]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}
"""EXIF orientation to the turn that undoes it."""


def _upright_exif(exif: bytes) -> bytes | None:
    """EXIF without its prefix and with orientation 1; None if it has no sound main directory."""
    while exif.startswith(_EXIF_PREFIX):
        exif = exif[len(_EXIF_PREFIX) :]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return None
    (directory,) = struct.unpack_from(f"{order}I", exif, 4)
    if directory + 2 > len(exif):
        return None
    (count,) = struct.unpack_from(f"{order}H", exif, directory)
    entries = range(directory + 2, directory + 2 + 12 * count, 12)
    if entries and entries[-1] + 12 > len(exif):
        return None
    patched = bytearray(exif)
    for entry in entries:
        (tag,) = struct.unpack_from(f"{order}H", exif, entry)
        if tag == _ORIENTATION:
            short, values = 3, 1
            struct.pack_into(f"{order}HHIHH", patched, entry, _ORIENTATION, short, values, 1, 0)
    return bytes(patched)


_EXIF_PREFIX = b"Exif\0\0"


def _upright_xmp(xmp: bytes) -> bytes | None:
    """XMP with orientation 1; None if it is not UTF-8."""
    try:
        xmp.decode()
    except UnicodeDecodeError:
        return None
    return re.sub(rb"(tiff:Orientation(?:\s*=\s*[\"']|>\s*))\d+", rb"\g<1>1", xmp) or None


def _metadata(picture: Picture) -> dict[str, bytes]:
    """Metadata under Pillow's names."""
    found = {}
    if picture.icc:
        found["icc_profile"] = picture.icc
    if picture.exif:
        found["exif"] = _EXIF_PREFIX + picture.exif
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
