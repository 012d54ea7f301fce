"""Pictures in: files, bytes, Pillow images and numpy arrays.

What comes out is RGB or grey of 8, 10, 12 or 16 bits, upright, with alpha where there is any. What loses nothing is
done without a word; what loses something is noted in `Picture.notes`, or refused with the way out in the message.
`docs/pictures.md` has a row for each kind of picture.
"""

import io
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.arguments import kind, path
from tintype.errors import InputError
from tintype.images import alpha, colour, frames
from tintype.images.formats import HEAD, READABLE, Format, check_reader, identify
from tintype.images.metadata import UPRIGHT, Metadata, gather, gather_tiff
from tintype.images.options import ReadOptions
from tintype.images.options import colour as parse_colour
from tintype.images.picture import DEPTHS, Picture, check_size, from_array
from tintype.images.pillow import our_limits, pillow_errors
from tintype.images.raster import Raster, repeats_eight_bits, rescaled
from tintype.images.readers import bmff, bmp, by_mode, jpeg2000, jxl, png, ppm, raw
from tintype.images.readers.opened import Opened
from tintype.pixels import Pixels8
from tintype.streams import can_seek, read_whole

Source = Image.Image | NDArray[Any] | bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO

FILE_BYTES_PER_PIXEL = 16  # at most, of a file that is read; and a constant for what does not grow with the picture
BYTES_BESIDE = 2**28

READERS: Mapping[str, Callable[[Opened], Raster]] = {
    "PNG": png.read,
    "PPM": ppm.read,
    "AVIF": bmff.read_avif,
    "HEIF": bmff.read_heif,
    "JPEG2000": jpeg2000.read,
    "JXL": jxl.read,
    "BMP": bmp.read,
    "DIB": bmp.read,
}
"""By format, where `by_mode.read` is not enough; TIFF, which has pages, is read apart."""


def load(source: Source, options: ReadOptions | None = None) -> Picture:
    """A picture from a path, bytes, an open binary file, a Pillow image, or an array.

    Parameters
    ----------
    source : path (str or PathLike); content of a file (bytes, bytearray, memoryview: never taken for a name); open
        binary file; PIL.Image.Image; uint8 array of shape (H, W, 3) RGB or (H, W) grey
        An array is not copied where its layout allows.

    Raises
    ------
    InputError
        Not a picture that can be coded, or damaged; the message says what to do.
    OSError
        The file is missing or cannot be read.
    """
    options = ReadOptions() if options is None else options
    kind("options", options, ReadOptions, "tintype.images.ReadOptions(...)")
    if isinstance(source, np.ndarray):
        return from_array(source, options.max_pixels)
    if isinstance(source, Image.Image):
        return _from_image(source, "the image", options)
    if isinstance(source, bytes | bytearray | memoryview):
        return _from_bytes(bytes(source), "the picture", options)
    if isinstance(source, str | os.PathLike):
        with open(path(source), "rb") as file:
            return _from_file(file, os.fspath(source), options)
    if not hasattr(source, "read"):
        raise InputError(
            f"a {type(source).__name__} is not a picture; give a path, a file's content as bytes, an open binary file, "
            "a Pillow image, or an array"
        )
    return _from_file(source, str(getattr(source, "name", "the file")), options)


def load_8bit(source: Source, options: ReadOptions | None = None) -> Pixels8:
    """Pixels as 8-bit screens show them, for training and evaluation: RGB (H, W, 3) or grey (H, W).

    More bits are rounded to 8, and CMYK, Lab, floats and the like are converted. Transparent parts show the background,
    white unless the options say another.
    """
    options = ReadOptions() if options is None else options
    kind("options", options, ReadOptions, "tintype.images.ReadOptions(...)")
    picture = load(source, replace(options, background=options.background or "white", convert=True))
    pixels: Pixels8 = rescaled(picture.pixels, picture.depth, 8)
    return pixels


def _from_file(file: BinaryIO, name: str, options: ReadOptions) -> Picture:
    most = FILE_BYTES_PER_PIXEL * options.max_pixels + BYTES_BESIDE
    if isinstance(file, io.TextIOBase):
        raise InputError(f"{name}: the file is open as text; open it with the mode 'rb'")
    if getattr(file, "closed", False):
        raise InputError(f"{name}: the file is closed; open it with the mode 'rb'")
    if can_seek(file):
        file.seek(0)
    data = read_whole(file, most + 1)
    if len(data) > most:
        raise InputError(
            f"{name}: longer than {most} bytes, which no picture of {options.max_pixels} pixels is; if you trust the "
            "file, raise max_pixels (--max-pixels)"
        )
    return _from_bytes(data, name, options)


def _from_bytes(data: bytes, name: str, options: ReadOptions) -> Picture:
    """The content of a file; its name helps only where content is ambiguous."""
    format = identify(data[:HEAD], Path(name).suffix)
    if format is not None:
        check_reader(format, name)
    by_pillow = format is None or format.module is None
    with our_limits(name, options.max_pixels), pillow_errors(name, explained=by_pillow):
        if format is not None and format.name == "RAW":
            raster = raw.read(data, name, options)
            metadata = gather_tiff(data, 0, *_sides(raster))  # most makers' files are TIFF on the outside
            if not metadata.exif:
                raster = replace(raster, notes=(*raster.notes, "Its metadata could not be read."))
            return _picture(raster, None, metadata, name, options)
        if format is not None and format.name == "TIFF":
            return _from_tiff(data, name, options)
        with _opened(data, format, name, options) as image:
            check_size(image.width, image.height, name, options.max_pixels)
            notes = frames.choose(image, name, options.frame)
            metadata = gather(image)
            reader = READERS.get(image.format or "", by_mode.read)
            raster = reader(Opened(image, data, name, options))
            return _picture(replace(raster, notes=(*notes, *raster.notes)), image, metadata, name, options)


def _opened(data: bytes, format: Format | None, name: str, options: ReadOptions) -> Image.Image:
    """An image of Pillow's, of its own readers or of a plugin."""
    file = io.BytesIO(png.without_long_texts(data) if format is not None and format.name == "PNG" else data)
    if format is None or not format.module:
        return Image.open(file, formats=READABLE)
    if format.name == "HEIF":
        import pillow_heif

        heif: Image.Image = pillow_heif.HeifImageFile(file)
        return heif
    from pillow_jxl.JpegXLImagePlugin import JXLImageFile

    jxl.check(data, name, options.max_pixels)
    return JXLImageFile(file)


def _from_tiff(data: bytes, name: str, options: ReadOptions) -> Picture:
    """A page. Where Pillow does not know its arrangement, no image stands for it."""
    from tintype.images.readers import tiff  # slow to import, with Pillow's

    tags, number = tiff.page(data, name, options.frame)
    image: Image.Image
    try:
        image = Image.open(io.BytesIO(data), formats=("TIFF",))
        image.seek(number)
    except Exception as error:  # whatever Pillow says to an arrangement that it does not know, or to damage
        if isinstance(error, InputError | MemoryError):
            raise
        image = Image.new("1", (1, 1))
    raster = tiff.read(Opened(image, data, name, options), tags)
    return _picture(raster, image, gather_tiff(data, number, *_sides(raster)), name, options)


def _sides(raster: Raster) -> tuple[int, int]:
    """Width and height."""
    return raster.samples.shape[1], raster.samples.shape[0]


def _from_image(image: Image.Image, name: str, options: ReadOptions) -> Picture:
    """An image of Pillow's; one that is not loaded yet is read from its file, which may hold more than Pillow keeps."""
    file = getattr(image, "fp", None)
    with our_limits(name, options.max_pixels), pillow_errors(name):
        check_size(image.width, image.height, name, options.max_pixels)
        if file is not None and getattr(image, "tile", None) and image.format in {*READERS, "TIFF"} - {"JXL"}:
            position = file.tell()
            file.seek(0)
            data = file.read()
            file.seek(position)
            frame = image.tell() or None if options.frame is None else options.frame
            return _from_bytes(data, name, replace(options, frame=frame))
        notes = frames.choose(image, name, options.frame)
        metadata = gather(image)
        raster = by_mode.read(Opened(image, b"", name, options))
        return _picture(replace(raster, notes=(*notes, *raster.notes)), image, metadata, name, options)


def _picture(raster: Raster, image: Image.Image | None, metadata: Metadata, name: str, options: ReadOptions) -> Picture:
    """The form that is coded: standard depth, upright, with metadata."""
    samples, bits, clear = raster.samples, raster.bits, raster.alpha
    check_size(samples.shape[1], samples.shape[0], name, options.max_pixels)
    if clear is not None and int(clear.min()) == 2**bits - 1:
        clear = None
    if clear is not None and options.background is not None:
        samples = alpha.flattened(samples, clear, parse_colour(options.background), 2**bits - 1)
        clear = None
    if bits == 16 and repeats_eight_bits(samples) and (clear is None or repeats_eight_bits(clear)):
        samples, bits = samples.astype(np.uint8), 8  # the lower byte
        clear = None if clear is None else clear.astype(np.uint8)
    depth = next(depth for depth in DEPTHS if depth >= bits)
    if clear is not None and depth > 8:
        clear = rescaled(clear, bits, 16)
    turn = UPRIGHT.get(metadata.orientation)
    if turn and not raster.upright:
        samples, clear = turn(samples), None if clear is None else turn(clear)
    stated = _colour(raster, image, samples.ndim == 2, metadata.exif)
    return Picture(
        np.ascontiguousarray(rescaled(samples, bits, depth)),
        icc=stated.icc or metadata.icc,
        exif=metadata.exif,
        xmp=metadata.xmp,
        iptc=metadata.iptc,
        depth=depth,
        alpha=None if clear is None else np.ascontiguousarray(clear),
        code_points=stated.code_points,
        notes=(*raster.notes, *stated.notes, *metadata.notes),
    )


def _colour(raster: Raster, image: Image.Image | None, grey: bool, exif: bytes | None) -> colour.Colour:
    """What the format states, the ICC profile, or what EXIF says, in this order; a profile stays beside code points."""
    if raster.converted or image is None:
        return raster.colour
    points = image.info.get("code_points")  # where `to_pillow` puts them
    if isinstance(points, tuple) and len(points) == 2 and all(isinstance(point, int) for point in points):
        raster = replace(raster, colour=colour.of_code_points(*points))
    profile = image.info.get("icc_profile")
    icc = profile if isinstance(profile, bytes) and profile else raster.colour.icc
    if icc or raster.colour.code_points or grey:
        return raster.colour._replace(icc=icc)
    return colour.adobe_rgb() if _says_adobe_rgb(exif) else raster.colour


def _says_adobe_rgb(exif: bytes | None) -> bool:
    """Whether EXIF names Adobe RGB, by the interoperability index or the value that cameras use for it."""
    exif_ifd, interoperability_ifd, colour_space, index = 0x8769, 0xA005, 0xA001, 1
    tags = Image.Exif()
    try:
        tags.load(exif or b"")
        value = tags.get_ifd(interoperability_ifd).get(index)
        return str(value).rstrip("\0") == "R03" or tags.get_ifd(exif_ifd).get(colour_space) == 2
    except Exception:  # damaged EXIF raises all sorts of errors, and says nothing about colour then
        return False
