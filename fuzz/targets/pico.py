"""Decoding with the shipped weights."""

import random
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from fuzz.target import Target
from fuzz.tint import mutated
from tests.codec.graphics.drawings import page
from tests.pictures import deep_picture, picture
from tintype import Codec, info
from tintype.codec.tiling import Region
from tintype.errors import FormatError, InputError, TintypeError, UnsupportedError
from tintype.images import Picture
from tintype.weights import store

MAX_PIXELS = 2**15  # of a decoded picture, so that an input takes milliseconds


def target(folder: Path) -> Target:
    codecs = {look: Codec(look=look, threads=1, max_pixels=MAX_PIXELS) for look in store.LOOKS}
    codec = codecs["faithful"]
    documented = (FormatError, UnsupportedError, InputError)
    drawn = [codec.encode(image, lossless=True) for image in (page(48, 64), deep_picture(30, 30, 16))]
    drawn.append(codec.encode(page(70, 150), content="screen"))
    return Target(partial(decode_somehow, codecs), documented, [*pictures_of(codec), *drawn], mutated)


def decode_somehow(codecs: Mapping[str, Codec], data: bytes) -> None:
    """Decode with either look, many inputs in part or reduced.

    The bytes decide, so that an input that failed will fail again.
    """
    rng = random.Random(data)
    codec, reduce, region = codecs[rng.choice(sorted(codecs))], rng.choice((1, 1, 1, 2, 4, 8)), None
    if rng.random() < 0.3:
        with suppress(TintypeError):
            about = info(data)
            left, top = (rng.randrange(0, side, reduce) for side in (about.width, about.height))
            region = left, top, about.width - left, about.height - top
    decode(codec, data, region, reduce)


def decode(codec: Codec, data: bytes, region: Region | None = None, reduce: int = 1) -> None:
    """Decode; what that refuses is decoded for salvage."""
    try:
        codec.decode_picture(data, region=region, reduce=reduce)
    except FormatError:
        codec.decode_picture(data, salvage=True, region=region, reduce=reduce)
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
