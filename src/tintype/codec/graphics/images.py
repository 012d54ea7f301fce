"""Still-image coders of a well-kept library for what is drawn: WebP and PNG without loss, AVIF with a small one.

docs/format.md, "Graphics", is the normative text. docs/decisions/0016 says why these three.
"""

import io
import struct
from enum import IntEnum

import numpy as np
from PIL import AvifImagePlugin, Image, ImageFile, PngImagePlugin, WebPImagePlugin, features

from tintype.errors import CorruptError, UnsupportedError
from tintype.pixels import IntPixels, Pixels8

WEBP_MAX_SIDE = 2**14 - 1  # pixels; the fields of its header have 14 bits
WEBP_SIGNATURE = 0x2F  # first byte of a lossless WebP's chunk
PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
GREY = 0  # PNG's colour type
WEBP_EFFORT = {"method": 6, "quality": 90}  # the most, quality 100, takes 8 to 30 times as long for up to 1.6 % less
AVIF_SPEED = 6  # of 0 to 10


class Coder(IntEnum):
    """What an image is coded by, as the format numbers it."""

    WEBP = 0  # the chunk VP8L of a lossless WebP file
    PNG = 1  # a grey PNG file of 16 bits, the planes of RGB one below the other
    AVIF = 2  # an AVIF file

    @property
    def exact(self) -> bool:
        """Whether it returns what it was given."""
        return self is not Coder.AVIF


def write_exact(pixels: IntPixels) -> tuple[Coder, bytes]:
    """An image without loss; (H, W, 3) or (H, W) in uint8 or uint16, sides up to 16383 pixels for uint8."""
    file = io.BytesIO()
    if pixels.dtype == np.uint8:
        image = Image.fromarray(pixels).convert("RGB")
        image.save(file, "WEBP", lossless=True, **WEBP_EFFORT)
        data = file.getvalue()
        if data[12:16] != b"VP8L":
            raise RuntimeError(f"libwebp wrote a chunk {data[12:16]!r} for a lossless picture")
        return Coder.WEBP, data[20 : 20 + int.from_bytes(data[16:20], "little")]
    Image.fromarray(_stacked(pixels)).save(file, "PNG", optimize=True)
    return Coder.PNG, file.getvalue()


def write_near(pixels: IntPixels, quality: int) -> bytes | None:
    """An image in uint8 as AVIF in 4:4:4, quality 0 to 100; None where Pillow cannot write it.

    Tuned for PSNR: of libaom's tunes at the speed used it gave pages and desktops the most SSIMULACRA2 and PSNR for
    their bytes (docs/decisions/0016).
    """
    if not features.check("avif"):
        return None
    file = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(
        file,
        "AVIF",
        quality=quality,
        speed=AVIF_SPEED,
        subsampling="4:0:0" if pixels.ndim == 2 else "4:4:4",
        advanced={"tune": "psnr"},
        autotiling=False,
        max_threads=1,  # its bytes depend on their number
    )
    return file.getvalue()


def read(coder: Coder, data: bytes, height: int, width: int, grey: bool, depth: int) -> IntPixels:
    """An image of `write_exact` or `write_near`: (height, width, 3) or (height, width), uint8 or, above 8 bits, uint16.

    Raises
    ------
    CorruptError
        It is no such image, or of another size. The size is compared before anything is allocated.
    UnsupportedError
        It is AVIF, which this Pillow cannot read.
    """
    if coder is Coder.PNG:
        return _unstacked(_read_png(data, height * (1 if grey else 3), width, depth), height, grey)
    if depth != 8:
        raise CorruptError(f"graphics in {coder.name} have 8 bits, the picture {depth}; the file is damaged")
    if coder is Coder.AVIF:
        if not features.check("avif"):
            raise UnsupportedError(
                "the file has graphics in AVIF, which this build of Pillow cannot read; update Pillow"
            )
        pixels = _decoded(AvifImagePlugin.AvifImageFile, data, height, width)
    else:
        if len(data) < 5 or data[0] != WEBP_SIGNATURE:
            raise CorruptError("graphics are no lossless WebP; the file is damaged")
        (sides,) = struct.unpack_from("<I", data, 1)  # 14 bits each, less 1
        _require_size((sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1, height, width)
        padded = data + bytes(len(data) % 2)
        chunk = b"WEBPVP8L" + struct.pack("<I", len(data)) + padded
        pixels = _decoded(WebPImagePlugin.WebPImageFile, b"RIFF" + struct.pack("<I", len(chunk)) + chunk, height, width)
    return np.ascontiguousarray(pixels[..., 1]) if grey else pixels


def _decoded(reader: type[ImageFile.ImageFile], data: bytes, height: int, width: int) -> Pixels8:
    """RGB of a file, (H, W, 3)."""
    try:
        with reader(io.BytesIO(data)) as image:
            _require_size(image.width, image.height, height, width)
            pixels = np.asarray(image.convert("RGB"))
    except (MemoryError, CorruptError):
        raise
    except Exception as error:  # whatever damaged bytes can make Pillow raise
        raise CorruptError(f"graphics cannot be decoded ({error}); the file is damaged") from error
    if pixels.shape != (height, width, 3):
        raise CorruptError("graphics are not of the size that their header says; the file is damaged")
    return pixels


def _read_png(data: bytes, height: int, width: int, depth: int) -> IntPixels:
    """A plane of 16 bits, whose values have at most `depth` bits."""
    if not data.startswith(PNG_START) or len(data) < 26:
        raise CorruptError("graphics are no PNG; the file is damaged")
    coded_width, coded_height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    if (bits, colour) != (16, GREY):
        raise CorruptError("graphics in PNG are not grey with 16 bits; the file is damaged")
    _require_size(coded_width, coded_height, height, width)
    try:
        with PngImagePlugin.PngImageFile(io.BytesIO(data)) as image:
            plane = np.asarray(image).astype(np.uint16)
    except MemoryError:
        raise
    except Exception as error:  # whatever damaged bytes can make Pillow raise
        raise CorruptError(f"graphics cannot be decoded ({error}); the file is damaged") from error
    if plane.shape != (height, width):
        raise CorruptError("graphics are not of the size that their header says; the file is damaged")
    return plane


def _require_size(coded_width: int, coded_height: int, height: int, width: int) -> None:
    if (coded_width, coded_height) != (width, height):
        raise CorruptError(
            f"graphics have {coded_width} x {coded_height} pixels where {width} x {height} belong; the file is damaged"
        )


def _stacked(pixels: IntPixels) -> IntPixels:
    """Samples in uint16 as one plane: grey as it is; of RGB green, red less green and blue less green (modulo 2^16)."""
    if pixels.ndim == 2:
        return pixels
    green = pixels[..., 1]
    return np.concatenate([green, pixels[..., 0] - green, pixels[..., 2] - green])


def _unstacked(plane: IntPixels, height: int, grey: bool) -> IntPixels:
    if grey:
        return plane
    green, red, blue = plane.reshape(3, height, -1)
    return np.stack([red + green, green, blue + green], axis=-1)
