"""From the bytes of a file to a picture, tile by tile."""

from collections.abc import Callable

from tintype.codec.agreement import Agreement, Records
from tintype.codec.blending import Canvas
from tintype.codec.container.file import ChunkType, Container
from tintype.codec.container.header import ColourType
from tintype.codec.entropy import rans
from tintype.codec.entropy.tables import Symbols
from tintype.codec.graphics.layer import Painting, split
from tintype.codec.reducing import (
    QUARTER,
    boxed,
    fits,
    over,
    painted,
    reduced_painting,
    reduced_pixels,
    reduced_tile,
    require_aligned,
)
from tintype.codec.steps import walk
from tintype.codec.tile_model import StepRows, TileModel
from tintype.codec.tiling import Rect, Tile, Tiling, tile_grid
from tintype.codec.workers import Progress, in_order
from tintype.errors import CorruptError, DesyncError, FormatError
from tintype.limits import NO_DEADLINE, Deadline
from tintype.pixels import IntPixels, Pixels

Damage = FormatError | DesyncError  # of a tile


def decode(
    container: Container,
    model: TileModel,
    threads: int = 1,
    progress: Progress | None = None,
    deadline: Deadline = NO_DEADLINE,
    reduce: int = 1,
) -> IntPixels:
    """Pixels of a file, (H, W, 3) or (H, W) of its depth; the same for any number of threads.

    Of a container that was parsed for a region, its pixels: those of the whole picture, to the bit.

    Parameters
    ----------
    reduce : side of the boxes of which one pixel each is wanted: 1, 2, 4 or 8. From 4 on, a model that can gives their
        means from the latents, without its synthesis. Else the picture is decoded first

    Raises
    ------
    InputError
        If a region does not consist of whole boxes.
    FormatError
        If a payload cannot be read; the message names the tile. If the level is above the model's levels, or a file
        of a float model lacks its row hashes.
    DesyncError
        If a float model finds other table rows than the encoder's; the message names tile and step.
    DeadlineError
        If the time is over before a tile or a step.
    """
    return _decode(container, model, threads, progress, deadline, None, reduce)


def salvage(
    container: Container,
    model: TileModel,
    threads: int = 1,
    progress: Progress | None = None,
    deadline: Deadline = NO_DEADLINE,
    reduce: int = 1,
) -> tuple[IntPixels, dict[int, Damage]]:
    """As `decode`, for a container that was parsed for salvage: tiles that cannot be decoded are mid-grey.

    Returns
    -------
    The pixels, and what is wrong with each tile that cannot be decoded, by number in ascending order.
    """
    damage: dict[int, Damage] = {}
    pixels = _decode(container, model, threads, progress, deadline, damage, reduce)
    return pixels, damage


def _decode(
    container: Container,
    model: TileModel,
    threads: int,
    progress: Progress | None,
    deadline: Deadline,
    damage: dict[int, Damage] | None,
    reduce: int,
) -> IntPixels:
    """Pixels of a file. With `damage`, tiles that cannot be decoded are grey and added to it."""
    _require_level(container, model)
    header, agreements = container.header, _agreements(container, model)
    require_aligned(container.region, reduce, header.width, header.height)
    step = QUARTER if reduce >= QUARTER and model.quarters and fits(header.tiling, QUARTER) else 1
    canvas = _canvas(container, step)
    tiles = tile_grid(header.width, header.height, header.tiling, model.identity.stride)
    places = [reduced_tile(tile, step) for tile in tiles]

    def work(number: int) -> tuple[int, tuple[Pixels | None, Painting | None] | Damage]:
        deadline.check()
        try:
            return number, _decode_tile(container, model, tiles[number], number, agreements(number), deadline, step)
        except (FormatError, DesyncError) as error:
            if damage is None:
                raise
            return number, error

    if progress is not None:
        progress(0, len(container.tiles))
    threads = threads if model.tiles_in_parallel else 1
    for done, (number, found) in enumerate(in_order(work, container.tiles, threads), 1):
        if isinstance(found, Exception):
            assert damage is not None
            damage[number] = found
            canvas.add_missing(places[number])
        else:
            pixels, painting = found
            if pixels is not None:
                canvas.add(pixels, places[number])
            if painting is not None:
                canvas.cover(places[number], painting)
        if progress is not None:
            progress(done, len(container.tiles))
    return boxed(canvas.picture(), reduce // step)


def _canvas(container: Container, step: int) -> Canvas:
    """For the picture, or its region, in boxes of `step`."""
    header, region = container.header, container.region
    size = over(Rect(0, 0, header.width, header.height), step)
    tiling = Tiling(header.tiling.core // step, header.tiling.margin // step)
    grey = header.colour == ColourType.GREY
    shown = None if region is None else over(region, step)
    return Canvas(size.width, size.height, grey, tiling, header.samples.depth, shown)


def _require_level(container: Container, model: TileModel) -> None:
    levels = model.identity.levels
    if container.header.level >= levels:
        raise CorruptError(
            f"level {container.header.level} in the header is above {levels - 1}, the highest of "
            f"{model.identity.name}; the file is damaged"
        )


def _decode_tile(
    container: Container,
    model: TileModel,
    tile: Tile,
    number: int,
    agreement: Agreement,
    deadline: Deadline,
    step: int,
) -> tuple[Pixels | None, Painting | None]:
    """What the networks make of one tile, (3, tile.height, tile.width), not clipped, and what covers its core.

    Both in boxes of `step`, 1 or 4. One of both may be missing.
    """
    header = container.header
    grey, depth = header.colour == ColourType.GREY, header.samples.depth

    def answer(found: StepRows) -> Symbols:
        deadline.check()
        return decoder.decode(agreement.confirm(found))

    payload, painting = container.payload(number), None
    try:
        if container.graphics:
            layer, payload = split(payload)
            painting = Painting.of(layer, tile.core, grey, depth) if layer else None
        if painting is not None and painting.whole:
            if payload:
                raise CorruptError(f"{len(payload)} bytes of symbols stand under graphics that hide all of them")
            return None, reduced_painting(painting, step)
        decoder = rans.Decoder(payload, model.tables)
        latents = walk(model.decode(tile.height, tile.width, header.level), answer)
        decoder.finish()
    except (FormatError, DesyncError) as error:
        raise type(error)(f"tile {number}: {error}") from error
    deadline.check()
    if step == 1:
        return model.synthesise(latents, header.level), painting
    if painting is None:
        return model.synthesise_quarter(latents, header.level), None
    pixels = painted(model.synthesise(latents, header.level), tile, painting, 2**depth - 1)
    return reduced_pixels(pixels, step), None


def _agreements(container: Container, model: TileModel) -> Callable[[int], Agreement]:
    """For each tile, what confirms its rows.

    Raises
    ------
    CorruptError
        If a file of a float model lacks row hashes, unless it is salvaged.
    """
    if model.identity.numerics is None:  # rows are integers, the same on every machine
        return lambda number: Agreement(None, None, None)
    hashes = container.chunk(ChunkType.ROW_HASHES)
    if hashes is None:
        if not container.salvaged:
            raise CorruptError(
                f"a file of {container.header.model_name} lacks the chunk ROW_HASHES, without which a decoder cannot "
                "know that its rows are the encoder's; the file is damaged"
            )
        return lambda number: Agreement(None, None, None)  # a salvaged tile may be noise; it is better than none
    records = Records.parse(container.header.tile_count, hashes, container.chunk(ChunkType.ROW_REPAIRS))
    recorded = container.numerics
    return lambda number: Agreement(records.tiles[number], recorded, model.identity.numerics)
