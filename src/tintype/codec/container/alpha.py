"""The chunk ALPHA: a plane of transparency, coded without loss by Pillow as WebP or PNG.

docs/format.md, "Alpha", is the normative text.
"""

import io
import struct
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFile, PngImagePlugin, WebPImagePlugin

from tintype.codec.container.file import MAX_CHUNK_BYTES
from tintype.errors import CorruptError, InputError
from tintype.pixels import IntPixels

WEBP_MAX_SIDE = 2**14 - 1  # pixels; the fields of its header have 14 bits
WEBP_MAX_PIXELS = 2**26  # the writer's choice: larger planes take long, and Pillow's reader refuses still larger ones
THOROUGH_PIXELS = 2**18  # up to this WebP's slowest method is worth it: planes of few values take up to a third less
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
GREY = 0  # PNG's colour type


def write_alpha(plane: IntPixels) -> bytes:
    """The chunk of a plane, (H, W), 0 transparent to 255 (uint8) or 65535 (uint16) opaque.

    As WebP where it can hold the plane: rims, shadows, gradients and noise all took fewer bytes than as PNG.

    Raises
    ------
    InputError
        It takes more bytes than a chunk holds.
    """
    image = Image.fromarray(plane)
    file = io.BytesIO()
    if plane.dtype == np.uint8 and max(plane.shape) <= WEBP_MAX_SIDE and plane.size <= WEBP_MAX_PIXELS:
        method = 6 if plane.size <= THOROUGH_PIXELS else 4
        image.convert("RGB").save(file, "WEBP", lossless=True, quality=100, method=method)  # it has no grey
    else:
        image.save(file, "PNG", optimize=True)
    data = file.getvalue()
    if len(data) > MAX_CHUNK_BYTES:
        raise InputError(
            f"the transparency takes {len(data)} bytes without loss, more than the {MAX_CHUNK_BYTES} of a chunk; put "
            "the picture on a background (--background COLOUR), or make it smaller"
        )
    return data


def read_alpha(data: bytes, width: int, height: int) -> IntPixels:
    """The plane in a chunk, (height, width): uint8, or uint16 if it has 16 bits.

    Raises
    ------
    CorruptError
        It is not a plane of this size. The size is known before anything is allocated.
    InputError
        A WebP plane is above Pillow's limit of pixels.
    """
    form = _form(data)
    if form is None:
        raise CorruptError("the transparency is neither a grey PNG of 8 or 16 bits nor a lossless WebP; damaged")
    if (form.width, form.height) != (width, height):
        raise CorruptError(
            f"the transparency has {form.width} x {form.height} pixels, the picture {width} x {height}; the file is "
            "damaged"
        )
    try:
        # the format's own reader, for Image.open applies Pillow's limit to PNG too; the caller has checked the size
        with form.reader(io.BytesIO(data)) as image:
            plane = np.asarray(image)
    except MemoryError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError(f"the transparency: {error}; raise PIL.Image.MAX_IMAGE_PIXELS") from error
    except Exception as error:  # whatever damaged bytes can make Pillow raise
        raise CorruptError(f"the transparency cannot be decoded ({error}); the file is damaged") from error
    if plane.ndim == 3:
        plane = plane[:, :, 1]  # of WebP: its three channels are equal
    if plane.shape != (height, width) or plane.dtype.itemsize != form.sample_bytes:
        raise CorruptError("the transparency is not what its header says; the file is damaged")
    return np.ascontiguousarray(plane, np.uint8 if form.sample_bytes == 1 else np.uint16)


class _Form(NamedTuple):
    """What the first bytes of a plane say."""

    reader: type[ImageFile.ImageFile]
    width: int
    height: int
    sample_bytes: int


def _form(data: bytes) -> _Form | None:
    """Format and size of a plane, None if it is not one."""
    if data.startswith(PNG_SIGNATURE) and len(data) >= 26:
        width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
        known = colour == GREY and depth in (8, 16)
        return _Form(PngImagePlugin.PngImageFile, width, height, depth // 8) if known else None
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8L" and len(data) >= 25:
        (sides,) = struct.unpack_from("<I", data, 21)  # 14 bits each, less 1
        return _Form(WebPImagePlugin.WebPImageFile, (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1, 1)
    return None
