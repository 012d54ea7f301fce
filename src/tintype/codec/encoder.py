"""From a picture to the bytes of a file, tile by tile."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tintype.codec.agreement import Records, StepRecord, record
from tintype.codec.container.file import Chunk, ChunkType, Container, write
from tintype.codec.container.header import SRGB_8_BIT, ColourType, Header, Samples
from tintype.codec.container.numerics import write_numerics
from tintype.codec.entropy import rans
from tintype.codec.quantise import RateDistortion
from tintype.codec.steps import Array, Step
from tintype.codec.tile_model import Numerics, TileModel
from tintype.codec.tiling import Tile, Tiling, extract, tile_grid
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
    keep : keep the analyses (5 bytes per pixel) for further levels
    tolerance : float models: of scales; up to half of it, drift on another machine can be mended. 0: none
    samples : depth and colour of the picture, for the header
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
    ) -> None:
        self.model, self.picture, self.keep, self.tolerance = model, picture, keep, tolerance
        self.samples = samples
        self.threads = threads if model.tiles_in_parallel else 1
        height, width = picture.shape[:2]
        self.tiling = Tiling.default(width, height) if tiling is None else tiling
        self.tiles = tile_grid(width, height, self.tiling, model.identity.stride)
        self.quantiser = quantiser(model.tables)
        self._analyses: dict[Tile, Any] = {}

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
        payloads: list[bytes] = []
        records: list[tuple[StepRecord, ...]] = []
        if progress is not None:
            progress(0, len(self.tiles))
        for payload, steps in in_order(lambda tile: self._code(tile, level, deadline), self.tiles, self.threads):
            payloads.append(payload)
            records.append(steps)
            if progress is not None:
                progress(len(payloads), len(self.tiles))
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
        kept = _agreement_chunks(identity.numerics, Records(tuple(records)))
        return write(Container(header, tuple(payloads), (*chunks, *kept)))

    def _code(self, tile: Tile, level: int, deadline: Deadline) -> tuple[bytes, tuple[StepRecord, ...]]:
        """Payload of a tile, and what a decoder on another machine needs to know of its rows."""

        def quantise(step: Step) -> Array:
            deadline.check()
            return self.quantiser(step)

        deadline.check()
        analysis = self._analyses.get(tile)
        if analysis is None:
            analysis = self.model.analyse(extract(self.picture, tile, self.samples.depth))
            if self.keep:
                self._analyses[tile] = analysis
        steps = self.model.encode(analysis, level, quantise)
        payload = rans.encode([(step.rows, step.symbols) for step in steps], self.model.tables)
        if self.model.identity.numerics is None:
            return payload, ()  # every machine finds these rows
        return payload, tuple(record(step, self.tolerance) for step in steps)


def _agreement_chunks(numerics: Numerics | None, records: Records) -> Sequence[Chunk]:
    if numerics is None:
        return ()
    found = (
        (ChunkType.NUMERICS, write_numerics(numerics)),
        (ChunkType.ROW_HASHES, records.hashes()),
        (ChunkType.ROW_REPAIRS, records.repairs()),
    )
    return [Chunk(kind, data) for kind, data in found if data]
