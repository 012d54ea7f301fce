"""From the bytes of a file to a picture, tile by tile."""

from collections.abc import Callable

import numpy as np

from tintype.codec import rans
from tintype.codec.container import Container
from tintype.codec.header import ColourType
from tintype.codec.parallel import in_order
from tintype.codec.seam import Pixels, TileModel
from tintype.codec.tiling import Picture, Tile, place, tile_grid
from tintype.errors import CorruptError, FormatError

Progress = Callable[[int, int], None]  # tiles done, tiles in all


def check(container: Container, model: TileModel) -> None:
    """That the model can decode the file.

    Raises
    ------
    CorruptError
        If the level is above the model's levels.
    """
    levels = model.identity.levels
    if container.header.level >= levels:
        raise CorruptError(
            f"level {container.header.level} in the header is above {levels - 1}, the highest of "
            f"{model.identity.name}; the file is damaged"
        )


def decode(container: Container, model: TileModel, threads: int = 1, progress: Progress | None = None) -> Picture:
    """Pixels of a file, (H, W, 3) or (H, W) uint8; the same for any number of threads.

    Tiles that are listed in `container.damage` stay mid-grey.

    Raises
    ------
    FormatError
        If a payload cannot be read; the message names the tile.
    """
    check(container, model)
    header = container.header
    shape = (header.height, header.width) + ((3,) if header.colour == ColourType.RGB else ())
    picture = np.full(shape, 128, np.uint8)
    tiles = tile_grid(header.width, header.height, header.tiling, model.identity.stride)

    def work(number: int) -> tuple[int, Pixels]:
        return number, decode_tile(container, model, tiles[number], number)

    whole = [number for number in range(len(tiles)) if number not in container.damage]
    for done, (number, pixels) in enumerate(in_order(work, whole, threads), 1):
        place(pixels, tiles[number], picture)
        if progress is not None:
            progress(done, len(whole))
    return picture


def decode_tile(container: Container, model: TileModel, tile: Tile, number: int) -> Pixels:
    """What the network makes of one tile: (3, tile.height, tile.width), not clipped."""
    level = container.header.level
    steps = model.decode(tile.height, tile.width, level)
    try:
        decoder = rans.Decoder(container.payload(number), model.tables)
        rows = next(steps)
        while True:
            symbols = decoder.decode(rows)
            try:
                rows = steps.send(symbols)
            except StopIteration as stop:
                latents = stop.value
                break
        decoder.finish()
    except FormatError as error:
        raise type(error)(f"tile {number}: {error}") from error
    return model.synthesise(latents, level)
