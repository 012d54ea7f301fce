"""From a picture to the bytes of a file, tile by tile."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from tintype.codec import rans
from tintype.codec.container import Chunk, Container, write
from tintype.codec.header import ColourType, Header
from tintype.codec.parallel import in_order
from tintype.codec.quantise import RateDistortion
from tintype.codec.seam import TileModel
from tintype.codec.tiling import Picture, Tile, Tiling, extract, tile_grid

quantiser = lru_cache(maxsize=8)(RateDistortion.of)
Progress = Callable[[int, int], None]  # tiles done, tiles in all


class Encoder:
    """One picture on one model; any number of levels. The analysis of each tile runs once.

    Parameters
    ----------
    picture : uint8, (H, W, 3) RGB or (H, W) grey
    threads : tiles worked on at the same time; changes no byte of the result
    keep : keep the analyses (5 bytes per pixel) for further levels
    """

    def __init__(
        self, model: TileModel, picture: Picture, tiling: Tiling | None = None, threads: int = 1, keep: bool = False
    ) -> None:
        self.model, self.picture, self.threads, self.keep = model, picture, threads, keep
        height, width = picture.shape[:2]
        self.tiling = Tiling.default(width, height) if tiling is None else tiling
        self.tiles = tile_grid(width, height, self.tiling, model.identity.stride)
        self.quantiser = quantiser(model.tables)
        self._analyses: dict[Tile, Any] = {}

    def encode(self, level: int, chunks: Sequence[Chunk] = (), progress: Progress | None = None) -> bytes:
        """The file at one level, 0 to `model.identity.levels` - 1."""
        payloads = []
        for payload in in_order(lambda tile: self._payload(tile, level), self.tiles, self.threads):
            payloads.append(payload)
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
            tiling=self.tiling,
        )
        return write(Container(header, tuple(payloads), tuple(chunks)))

    def _payload(self, tile: Tile, level: int) -> bytes:
        analysis = self._analyses.get(tile)
        if analysis is None:
            analysis = self.model.analyse(extract(self.picture, tile))
            if self.keep:
                self._analyses[tile] = analysis
        return rans.encode(self.model.encode(analysis, level, self.quantiser), self.model.tables)
