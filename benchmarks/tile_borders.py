"""What cutting a large picture into tiles costs: visible borders, and bits.

`python -m benchmarks.tile_borders PICTURE...` measures one picture, or the mosaic of several.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.mosaic import mosaic
from tintype import images, metrics
from tintype.codec import decoder
from tintype.codec.container.file import parse
from tintype.codec.encoder import Encoder
from tintype.codec.tile_model import TileModel
from tintype.codec.tiling import DEFAULT_MARGIN, WHOLE_PICTURE, Tile, Tiling, tile_grid
from tintype.codec.workers import available_cpus
from tintype.errors import InputError, TintypeError
from tintype.evaluation.results.bd_rate import Curve, bd_rate
from tintype.evaluation.results.markdown import table
from tintype.models import load
from tintype.pixels import Pixels8
from tintype.qualities import quality_to_level
from tintype.weights import store

Steps = NDArray[np.float32]  # absolute differences of neighbouring pixels, 8-bit levels

QUALITIES = (20, 40, 60, 75, 88)


@dataclass(frozen=True, slots=True)
class TileBorders:
    """Mean absolute step from one pixel to the next, in 8-bit levels, over both directions and all channels.

    `border`: between pixels of two tiles. `elsewhere`: between all other neighbours.
    """

    original_border: float
    original_elsewhere: float
    decoded_border: float
    decoded_elsewhere: float
    error_border: float  # of the difference decoded - original: texture does not hide a border there
    error_elsewhere: float

    @property
    def excess(self) -> float:
        """How much larger decoded steps are at borders, the original's ratio divided out; 0: no visible border."""
        return (
            _ratio(self.decoded_border, self.decoded_elsewhere) / _ratio(self.original_border, self.original_elsewhere)
            - 1
        )

    @property
    def error_excess(self) -> float:
        """The same for the coding error, which needs no comparison with the original; 0: no visible border."""
        return _ratio(self.error_border, self.error_elsewhere) - 1


def tile_borders(original: Pixels8, decoded: Pixels8, tiles: Sequence[Tile]) -> TileBorders:
    """Steps across the borders of tiles, compared with steps elsewhere.

    Parameters
    ----------
    original, decoded : uint8, equal shapes
    tiles : of the file, at least two
    """
    columns = sorted({tile.core.left for tile in tiles} - {0})
    rows = sorted({tile.core.top for tile in tiles} - {0})
    error = decoded.astype(np.float32) - original
    values = [
        _steps(picture, columns, rows) for picture in (original.astype(np.float32), decoded.astype(np.float32), error)
    ]
    (ob, oe), (db, de), (eb, ee) = values
    return TileBorders(ob, oe, db, de, eb, ee)


def _steps(picture: Steps, columns: Sequence[int], rows: Sequence[int]) -> tuple[float, float]:
    """Means at the given borders and elsewhere; a border at x is between x - 1 and x."""
    border_sum = border_count = total_sum = total_count = 0.0
    for axis, borders in ((1, columns), (0, rows)):
        steps = np.abs(np.diff(picture, axis=axis))
        at = np.take(steps, [border - 1 for border in borders], axis=axis)
        border_sum += float(at.sum(dtype=np.float64))
        border_count += at.size
        total_sum += float(steps.sum(dtype=np.float64))
        total_count += steps.size
    if not border_count:
        return float("nan"), total_sum / total_count
    return border_sum / border_count, (total_sum - border_sum) / (total_count - border_count)


def _ratio(a: float, b: float) -> float:
    return a / b if b else float("nan")


@dataclass(frozen=True, slots=True)
class TilingCost:
    """One picture at one level, in tiles and whole."""

    quality: float
    tiled_bytes: int
    whole_bytes: int
    tiled_psnr: float
    whole_psnr: float
    borders: TileBorders

    @property
    def percent(self) -> float:
        """Bytes of the tiled file against the whole one at the same level."""
        return 100 * (self.tiled_bytes / self.whole_bytes - 1)


def tiling_costs(
    pixels: Pixels8,
    model: TileModel,
    qualities: Sequence[float],
    threads: int = 1,
    tile: int | None = None,
    reader: TileModel | None = None,
) -> list[TilingCost]:
    """Code a picture in tiles, as files do, and as one tile, which they would not.

    Parameters
    ----------
    pixels : uint8, large enough for the tiling to cut it
    tile : side of the cores in pixels; default: as files have it
    reader : decodes, with another look of the same weights; default: the model

    Raises
    ------
    InputError
        The tiling does not cut the picture, or files have no such tiles.
    """
    height, width = pixels.shape[:2]
    tiling = Tiling.default(width, height) if tile is None else Tiling.of(width, height, tile, DEFAULT_MARGIN)
    if tiling == WHOLE_PICTURE:
        raise InputError(f"{width} x {height} is not cut into tiles; give a larger picture or smaller tiles (from 64)")
    tiled = Encoder(model, pixels, tiling, threads, keep=True)
    whole = Encoder(model, pixels, WHOLE_PICTURE, threads, keep=True)
    tiles = tile_grid(width, height, tiling, model.identity.stride)
    costs = []
    for quality in qualities:
        level = quality_to_level(quality, model.identity.levels)
        data = tiled.encode(level), whole.encode(level)
        in_tiles, at_once = (decoder.decode(parse(file), reader or model, threads) for file in data)
        costs.append(
            TilingCost(
                quality,
                len(data[0]),
                len(data[1]),
                metrics.psnr(pixels, in_tiles),
                metrics.psnr(pixels, at_once),
                tile_borders(pixels, in_tiles, tiles),
            )
        )
    return costs


def report(costs: Sequence[TilingCost], pixels: int) -> str:
    """Both questions as Markdown."""
    lines = [
        [
            f"{cost.quality:g}",
            f"{8 * cost.tiled_bytes / pixels:.4f}",
            f"{cost.tiled_bytes}",
            f"{cost.whole_bytes}",
            f"{cost.percent:+.2f} %",
            f"{cost.tiled_psnr - cost.whole_psnr:+.3f} dB",
        ]
        for cost in costs
    ]
    text = table(["quality", "bpp", "bytes in tiles", "bytes whole", "tiles cost", "PSNR"], lines)
    if len(costs) >= 4:
        tiled, whole = (
            Curve(
                name,
                np.array([8 * getattr(cost, f"{name}_bytes") / pixels for cost in costs]),
                {"psnr": np.array([getattr(cost, f"{name}_psnr") for cost in costs])},
            )
            for name in ("tiled", "whole")
        )
        text += f"\n\nIn tiles against whole: BD-rate {bd_rate(whole, tiled).percent:+.2f} % (Akima, PSNR)."
    lines = []
    for cost in costs:
        s = cost.borders
        cells = [
            *(f"{value:.3f}" for value in (s.original_border, s.original_elsewhere)),
            *(f"{value:.3f}" for value in (s.decoded_border, s.decoded_elsewhere)),
            f"{100 * s.excess:+.1f} %",
            *(f"{value:.3f}" for value in (s.error_border, s.error_elsewhere)),
            f"{100 * s.error_excess:+.1f} %",
        ]
        lines.append([f"{cost.quality:g}", *cells])
    header = ["quality", "original, border", "elsewhere", "decoded, border", "elsewhere", "excess"]
    header += ["error, border", "elsewhere", "excess"]
    return f"{text}\n\nMean absolute steps between neighbouring pixels (8-bit levels):\n\n" + table(header, lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tile_borders", description=__doc__)
    parser.add_argument(
        "pictures", metavar="PICTURE", nargs="+", type=Path, help="one large picture, or parts of a mosaic"
    )
    parser.add_argument("--size", metavar="WxH", default="4032x3024", help="of the mosaic (default: %(default)s)")
    parser.add_argument("--model", default=store.DEFAULT, help="shipped weights or a .tintmodel file")
    parser.add_argument("--look", choices=store.LOOKS, default="faithful", help="default: %(default)s")
    parser.add_argument("--qualities", default=",".join(map(str, QUALITIES)), help="default: %(default)s")
    parser.add_argument("--tile", type=int, help="side of the tiles in pixels (default: as files have it)")
    options = parser.parse_args()
    parts = [images.load_8bit(path) for path in options.pictures]
    width, height = map(int, options.size.split("x"))
    pixels = parts[0] if len(parts) == 1 else mosaic(parts, width, height)
    qualities = [float(text) for text in options.qualities.split(",")]
    try:
        reader = load.model(options.model) if options.look == "faithful" else load.natural(options.model)
        threads = min(2, available_cpus())
        costs = tiling_costs(pixels, load.model(options.model), qualities, threads, options.tile, reader)
    except TintypeError as error:
        parser.error(str(error))
    print(f"{pixels.shape[1]}x{pixels.shape[0]}, {options.model}, {options.look} look, {len(parts)} pictures\n")
    print(report(costs, pixels.shape[0] * pixels.shape[1]))


if __name__ == "__main__":
    main()
