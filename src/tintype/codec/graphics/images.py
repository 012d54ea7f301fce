"""Still-image coders of a well-kept library for what is drawn: WebP and PNG without loss, AVIF with a small one.

docs/format.md, "Graphics", is the normative text. docs/decisions/0021 says why these three.
"""

import io
import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, WebPImagePlugin, features

from tintype.codec.graphics import avif, png
from tintype.errors import CorruptError, UnsupportedError
from tintype.pixels import IntPixels

WEBP_MAX_SIDE = 2**14 - 1  # pixels; the fields of its header have 14 bits
WEBP_SIGNATURE = 0x2F  # first byte of a lossless WebP's chunk
PNG_SIDE, PNG_BITS = 512, 2  # PNG is tried up to this side, or where WebP needs at most so many bits per pixel
WEBP_EFFORT = {"method": 6, "quality": 90}  # the most, quality 100, takes 8 to 30 times as long for up to 1.6 % less


class Coder(IntEnum):
    """What an image is coded by, as the format numbers it."""

    WEBP = 0  # the chunk VP8L of a lossless WebP file
    PNG = 1  # see `tintype.codec.graphics.png`
    AVIF = 2  # see `tintype.codec.graphics.avif`

    @property
    def exact(self) -> bool:
        """Whether it returns what it was given."""
        return self is not Coder.AVIF


def write_exact(pixels: IntPixels) -> tuple[Coder, bytes]:
    """An image without loss; (H, W, 3) or (H, W) in uint8 or uint16."""
    if pixels.dtype != np.uint8:
        return Coder.PNG, png.write(Image.fromarray(_stacked(pixels)))
    if max(pixels.shape[:2]) > WEBP_MAX_SIDE:
        return Coder.PNG, _smallest_png(pixels)
    file = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(file, "WEBP", lossless=True, **WEBP_EFFORT)
    data = file.getvalue()
    if data[12:16] != b"VP8L":
        raise RuntimeError(f"libwebp wrote a chunk {data[12:16]!r} for a lossless picture")
    webp = data[20 : 20 + int.from_bytes(data[16:20], "little")]
    if 8 * len(webp) > PNG_BITS * pixels.shape[0] * pixels.shape[1] and max(pixels.shape[:2]) > PNG_SIDE:
        return Coder.WEBP, webp
    return min((Coder.WEBP, webp), (Coder.PNG, _smallest_png(pixels)), key=lambda coded: len(coded[1]))


def _smallest_png(pixels: IntPixels) -> bytes:
    """With a palette where there are at most 256 colours, and with 1 bit where there is black and white alone."""
    images = [Image.fromarray(pixels)]
    colours, index = np.unique(pixels.reshape(-1, pixels[0, 0].size), axis=0, return_inverse=True)
    if len(colours) <= 256:
        with_palette = Image.fromarray(index.reshape(pixels.shape[:2]).astype(np.uint8), "P")
        with_palette.putpalette(np.broadcast_to(colours, (len(colours), 3)).tobytes())
        images.append(with_palette)
        if ((pixels == 0) | (pixels == 255)).all() and (colours == colours[:, :1]).all():
            images.append(Image.fromarray(pixels.reshape(*pixels.shape[:2], -1)[..., 0] > 0))
    return min((png.write(image) for image in images), key=len)


def write_near(pixels: IntPixels, quality: int, speed: int = avif.SPEED) -> bytes | None:
    """An image in uint8 as AVIF, quality 0 to 100, speed 0 to 10.

    None where AVIF cannot hold it, or Pillow cannot write it.
    """
    if max(pixels.shape[:2]) > avif.MAX_SIDE or not features.check("avif"):
        return None
    return avif.write(pixels, quality, speed)


def read(coder: Coder, data: bytes, height: int, width: int, grey: bool, depth: int) -> IntPixels:
    """An image of `write_exact` or `write_near`: (height, width, 3) or (height, width), uint8 or, above 8 bits, uint16.

    Raises
    ------
    CorruptError
        It is no such image, or of another size. The size is compared before anything is allocated.
    UnsupportedError
        It is AVIF, which this Pillow cannot read.
    """
    if coder is Coder.PNG and depth != 8:
        plane = _decoded(lambda: png.read(data, height * (1 if grey else 3), width), "I;16")
        samples = _unstacked(plane, height, grey)
        if samples.max() >= 2**depth:
            raise CorruptError(f"graphics have samples of more than {depth} bits; the file is damaged")
        return samples
    if depth != 8:
        raise CorruptError(f"graphics in {coder.name} have 8 bits, the picture {depth}; the file is damaged")
    if coder is Coder.PNG:
        pixels = _decoded(lambda: png.read(data, height, width))
    elif coder is Coder.AVIF:
        if not features.check("avif"):
            raise UnsupportedError(
                "the file has graphics in AVIF, which this Pillow cannot read; install Pillow's wheel"
            )
        pixels = _decoded(lambda: avif.read(data, height, width, grey))
    else:
        if len(data) < 5 or data[0] != WEBP_SIGNATURE:
            raise CorruptError("graphics are no lossless WebP; the file is damaged")
        (sides,) = struct.unpack_from("<I", data, 1)  # 14 bits each, less 1
        _require_size((sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1, (width, height))
        chunk = b"WEBPVP8L" + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
        file = io.BytesIO(b"RIFF" + struct.pack("<I", len(chunk)) + chunk)
        pixels = _decoded(lambda: WebPImagePlugin.WebPImageFile(file))
    if pixels.shape != (height, width, 3):
        raise CorruptError("graphics are not of the size that their header says; the file is damaged")
    return np.ascontiguousarray(pixels[..., 1]) if grey else pixels


def _decoded(opened: Callable[[], Image.Image], mode: str = "RGB") -> NDArray[Any]:
    """Samples of an image as Pillow opens it, in a mode; the caller has compared its size."""
    try:
        with opened() as image:
            return np.asarray(image if image.mode == mode else image.convert(mode))
    except (MemoryError, CorruptError):
        raise
    except Exception as error:  # whatever damaged bytes can make Pillow raise
        raise CorruptError(f"graphics cannot be decoded ({error}); the file is damaged") from error


def _require_size(width: int, height: int, wanted: tuple[int, int]) -> None:
    if (width, height) != wanted:
        raise CorruptError(
            f"graphics have {width} x {height} pixels where {wanted[0]} x {wanted[1]} belong; the file is damaged"
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
