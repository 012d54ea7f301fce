"""How much of a picture is graphics."""

from typing import NamedTuple

from tintype.codec.container.file import Container
from tintype.codec.graphics.layer import Layer, enlarged, split
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
    if layer.mask is None:
        return layer.height * layer.width
    return int(enlarged(layer.mask, layer.side, layer.height, layer.width).sum())
