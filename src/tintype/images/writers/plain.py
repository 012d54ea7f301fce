"""BMP and PPM, which hold little besides pixels."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tintype.images.metadata import exif
from tintype.images.picture import Picture

BAND = 64  # rows


def bmp(picture: Picture, _: float | None) -> Iterator[bytes]:
    """The file, with the density of the picture."""
    file = io.BytesIO()
    dpi = exif.dpi(picture.exif)
    stated = dpi if dpi and max(dpi) < 2**20 else (0, 0)  # Pillow would state 96
    Image.fromarray(picture.pixels).save(file, "BMP", dpi=stated)
    yield file.getvalue()


def ppm(picture: Picture, _: float | None) -> Iterator[bytes]:
    """PGM for grey, else PPM, of any depth, in pieces."""
    kind, most = "P5" if picture.grey else "P6", 2**picture.depth - 1
    yield f"{kind}\n{picture.width} {picture.height}\n{most}\n".encode()
    for top in range(0, picture.height, BAND):
        band = picture.pixels[top : top + BAND]
        yield band.astype(np.uint8 if picture.depth == 8 else ">u2").tobytes()
