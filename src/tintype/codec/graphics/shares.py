"""How much of a picture is graphics."""

from typing import NamedTuple

import numpy as np

from tintype.codec.container.file import Container
from tintype.codec.graphics.layer import Layer, split
from tintype.codec.tiling import tile_grid


class Shares(NamedTuple):
    """Shares of the picture's pixels, 0 to 1."""

    graphics: float  # coded by the layer
    exact: float  # of them those without loss


def shares(container: Container) -> Shares:
    """Of a file; no image is decoded. Raises FormatError where the bytes are no layer."""
    if not container.graphics:
        return Shares(0.0, 0.0)
    header, graphics, exact = container.header, 0, 0
    tiles = tile_grid(header.width, header.height, header.tiling, stride=1)
    for number, tile in enumerate(tiles):
        data, _ = split(container.payload(number))
        if data:
            layer = Layer.parse(data, tile.core.height, tile.core.width)
            covered = _covered(layer)
            graphics += covered
            exact += covered * layer.coder.exact
    pixels = header.width * header.height
    return Shares(graphics / pixels, exact / pixels)


def _covered(layer: Layer) -> int:
    """Pixels of a layer, without a mask of all of them: a few bytes may say that blocks of 2^24 pixels are covered."""
    if layer.mask is None:
        return layer.height * layer.width
    rows, columns = (
        np.minimum(layer.side, length - layer.side * np.arange(count))
        for length, count in zip((layer.height, layer.width), layer.mask.shape, strict=True)
    )
    return int(rows @ layer.mask @ columns)
