"""Decoding with the shipped weights."""

from functools import partial
from pathlib import Path

import numpy as np

from fuzz.target import Target
from fuzz.tint import mutated
from tests.codec.graphics.drawings import page
from tests.pictures import deep_picture, picture
from tintype import Codec
from tintype.errors import FormatError, InputError, UnsupportedError
from tintype.images import Picture

MAX_PIXELS = 2**15  # of a decoded picture, so that an input takes milliseconds


def target(folder: Path) -> Target:
    codec = Codec(threads=1, max_pixels=MAX_PIXELS)
    documented = (FormatError, UnsupportedError, InputError)
    drawn = [codec.encode(image, lossless=True) for image in (page(48, 64), deep_picture(30, 30, 16))]
    drawn.append(codec.encode(page(70, 150), content="screen"))
    return Target(partial(decode, codec), documented, [*pictures_of(codec), *drawn], mutated)


def decode(codec: Codec, data: bytes) -> None:
    """Decode; what that refuses is decoded for salvage."""
    try:
        codec.decode_picture(data)
    except FormatError:
        codec.decode_picture(data, salvage=True)
        raise


def pictures_of(codec: Codec) -> list[bytes]:
    """Files of small pictures: colour and grey, deep, transparent, in tiles, with metadata."""
    colour = picture(48, 64)
    alpha = np.where(np.arange(48 * 64).reshape(48, 64) % 251 < 99, 0, 255).astype(np.uint8)
    described = Picture(
        colour, exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0", xmp=b"<x/>", iptc=b"\x1c\x02\x19\x00\x01k", alpha=alpha
    )
    pictures = (colour, colour[:, :, 0], picture(1, 1), deep_picture(30, 30, 16), described)
    tiled = Codec(codec.model, threads=1, tile=64, options=codec.options)
    return [*map(codec.encode, pictures), tiled.encode(picture(70, 150))]
