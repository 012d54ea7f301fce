"""From a picture to the bytes of a file, tile by tile."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from tintype.codec.agreement import Records, StepRecord, record
from tintype.codec.container.file import Chunk, ChunkType, Container, write
from tintype.codec.container.header import SRGB_8_BIT, ColourType, Header, Samples
from tintype.codec.container.numerics import write_numerics
from tintype.codec.entropy import rans
from tintype.codec.graphics.choose import Choice, Content, Learned, choose, exact
from tintype.codec.graphics.layer import Mask, joined
from tintype.codec.quantise import RateDistortion
from tintype.codec.steps import Array, Step, walk
from tintype.codec.tile_model import Coded, Numerics, TileModel
from tintype.codec.tiling import Tile, Tiling, core_of, extract, tile_grid
from tintype.codec.workers import Progress, in_order
from tintype.limits import NO_DEADLINE, Deadline
from tintype.pixels import IntPixels

quantiser = lru_cache(maxsize=8)(RateDistortion.of)


class Encoder:
    """One picture on one model: pixels go in, the bytes of a .tint file come out for each level that is asked for.

    Each tile is extracted, analysed, quantised and coded on its own. With `keep`, further levels repeat the last two.

    Parameters
    ----------
    picture : (H, W, 3) RGB or (H, W) grey, 0 to 2^depth - 1
    tiling : default: `Tiling.default` of the picture's size
    threads : tiles worked on at the same time; changes no byte of the result
    keep : keep what does not depend on the level for further levels: analyses (5 bytes per pixel), layers without loss
    tolerance : float models: of scales; up to half of it, drift on another machine can be mended. 0: none
    samples : depth and colour of the picture, for the header
    content : what the graphics layer is used for, see `tintype.codec.graphics.choose`; a model that does not know what
        an error is worth has it for "exact" alone
    original : the picture before colour was filled in where it is fully transparent; default: the same
    """

    def __init__(
        self,
        model: TileModel,
        picture: IntPixels,
        tiling: Tiling | None = None,
        threads: int = 1,
        keep: bool = False,
        tolerance: float = 0.0,
        samples: Samples = SRGB_8_BIT,
        content: Content = "photo",
        original: IntPixels | None = None,
    ) -> None:
        self.model, self.picture, self.keep, self.tolerance = model, picture, keep, tolerance
        self.samples, self.content = samples, content
        self.original = picture if original is None else original
        self.threads = threads if model.tiles_in_parallel else 1
        height, width = picture.shape[:2]
        self.tiling = Tiling.default(width, height) if tiling is None else tiling
        self.tiles = tile_grid(width, height, self.tiling, model.identity.stride)
        self.quantiser = quantiser(model.tables)
        self._analyses: dict[Tile, Any] = {}
        self._exact: dict[Tile, Choice] = {}

    def encode(
        self,
        level: int,
        chunks: Sequence[Chunk] = (),
        progress: Progress | None = None,
        deadline: Deadline = NO_DEADLINE,
    ) -> bytes:
        """The file at one level, 0 to `model.identity.levels` - 1.

        Raises
        ------
        DeadlineError
            If the time is over before a tile or a step.
        """
        coded: list[_CodedTile] = []
        if progress is not None:
            progress(0, len(self.tiles))
        for choice in in_order(lambda tile: self._code(tile, level, deadline), self.tiles, self.threads):
            coded.append(
                _CodedTile(None if choice.layer is None else choice.layer.write(), choice.symbols, choice.steps)
            )
            if progress is not None:
                progress(len(coded), len(self.tiles))
        identity, picture = self.model.identity, self.picture
        header = Header(
            model=identity.model_id,
            weights_hash=identity.weights_hash,
            width=picture.shape[1],
            height=picture.shape[0],
            level=level,
            colour=ColourType.GREY if picture.ndim == 2 else ColourType.RGB,
            samples=self.samples,
            tiling=self.tiling,
        )
        kept = [*chunks, *_agreement_chunks(identity.numerics, Records(tuple(tile.steps for tile in coded)))]
        payloads = [tile.symbols for tile in coded]
        if any(tile.layer for tile in coded):
            kept.append(Chunk(ChunkType.GRAPHICS, b""))
            payloads = [joined(tile.layer or b"", tile.symbols) for tile in coded]
        return write(Container(header, tuple(payloads), tuple(kept)))

    def _code(self, tile: Tile, level: int, deadline: Deadline) -> Choice:
        def learned(hidden: Mask | None = None) -> Learned:
            return self._learned(tile, level, hidden, deadline)

        deadline.check()
        worth = self.model.error_worth(level)
        if worth is None and self.content != "exact":
            return Choice(None, learned())
        core, alone = self.picture[tile.core.slices], len(self.tiles) == 1
        original = core if self.original is self.picture else self.original[tile.core.slices]

        def exactly(pixels: IntPixels) -> Choice:
            if tile not in self._exact:
                self._exact[tile] = exact(pixels)
            return self._exact[tile]

        depth, content, check = self.samples.depth, self.content, deadline.check
        choice = choose(core, original, depth, worth or 0, content, alone, learned, exactly, check)
        if not self.keep:
            self._exact.pop(tile, None)
        return choice

    def _learned(self, tile: Tile, level: int, hidden: Mask | None, deadline: Deadline) -> Learned:
        """What the networks make of a tile whose `hidden` pixels are free."""

        def quantise(step: Step) -> Array:
            deadline.check()
            return self.quantiser(step)

        deadline.check()
        analysis = self._analyses.get(tile) if hidden is None else None
        if analysis is None:
            analysis = self.model.analyse(extract(self.picture, tile, self.samples.depth, hidden))
            if self.keep and hidden is None:
                self._analyses[tile] = analysis
        coded = self.model.encode(analysis, level, quantise)
        payload = rans.encode([(step.rows, step.symbols) for step in coded], self.model.tables)
        floats = self.model.identity.numerics is not None  # integers are rows that every machine finds
        steps = tuple(record(step, self.tolerance) for step in coded) if floats else ()
        return Learned(payload, steps, lambda: self._decoded(tile, level, coded))

    def _decoded(self, tile: Tile, level: int, coded: Sequence[Coded]) -> IntPixels:
        """The core as a decoder finds it."""
        symbols = iter(coded)
        latents = walk(self.model.decode(tile.height, tile.width, level), lambda _: next(symbols).symbols)
        pixels = self.model.synthesise(latents, level)
        return core_of(pixels, tile, self.picture.ndim == 2, self.samples.depth)


class _CodedTile(NamedTuple):
    """What a file needs of a choice, which holds rows and symbols of all steps: a megabyte for a tile of 512."""

    layer: bytes | None
    symbols: bytes
    steps: tuple[StepRecord, ...]


def _agreement_chunks(numerics: Numerics | None, records: Records) -> Sequence[Chunk]:
    if numerics is None:
        return ()
    found = (
        (ChunkType.NUMERICS, write_numerics(numerics)),
        (ChunkType.ROW_HASHES, records.hashes()),
        (ChunkType.ROW_REPAIRS, records.repairs()),
    )
    return [Chunk(kind, data) for kind, data in found if data]
