"""From rows to curves: means over one and the same set of pictures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tintype import metrics
from tintype.evaluation.measuring.rows import TIMES, Row
from tintype.evaluation.metrics import registry
from tintype.evaluation.metrics.registry import Column
from tintype.evaluation.results.bd_rate import Curve

Means = Mapping[str, NDArray[np.float64]]  # by name in `COLUMNS`, one value per quality

_COLUMNS = (
    Column("bpp", "bpp", decimals=4),
    *registry.COLUMNS.values(),
    Column("psnr_of_mean_mse", "PSNR of mean MSE", "dB"),
    Column("ms_ssim_db", "MS-SSIM, mean of dB", "dB"),
    Column("ms_ssim_db_of_mean", "MS-SSIM, dB of mean", "dB"),
    Column("encode_s", "encode, wall", "s/MP", higher_is_better=False),
    Column("encode_cpu_s", "encode, CPU", "s/MP", higher_is_better=False),
    Column("decode_s", "decode, wall", "s/MP", higher_is_better=False),
    Column("decode_cpu_s", "decode, CPU", "s/MP", higher_is_better=False),
)
COLUMNS: Mapping[str, Column] = {column.name: column for column in _COLUMNS}
"""What means there are: of metrics, of conventions of one metric, and of times per megapixel."""


@dataclass(frozen=True, slots=True)
class Table:
    """Means of one codec over the common pictures, by rising quality setting."""

    codec: str
    settings: str
    versions: str
    qualities: tuple[float, ...]
    means: Means
    stored: bool = False

    @property
    def curve(self) -> Curve:
        """For BD-rates. Distances enter in dB below 1, so that more is better for every metric."""
        quality = {
            name: values if COLUMNS[name].higher_is_better else -10 * np.log10(values)
            for name, values in self.means.items()
            if name not in ("bpp", *TIMES)
        }
        return Curve(self.codec, self.means["bpp"], quality, self.settings, self.stored)

    def text(self, columns: Iterable[Column]) -> tuple[list[str], list[list[str]]]:
        """Header and lines of a table of these means; columns without a title or a value are skipped."""
        shown = [column for column in columns if column.title and column.name in self.means]
        lines = [
            [f"{quality:g}", *(f"{self.means[column.name][at]:.{column.decimals}f}" for column in shown)]
            for at, quality in enumerate(self.qualities)
        ]
        return ["quality", *(column.title for column in shown)], lines


def common_images(rows: Iterable[Row]) -> tuple[str, ...]:
    """Pictures that every codec coded at each of its qualities: means over others would not compare."""
    done: dict[str, dict[str, set[float]]] = {}
    for row in rows:
        if not row.error:
            done.setdefault(row.codec, {}).setdefault(row.image, set()).add(row.quality)
    complete = []
    for by_image in done.values():
        qualities = set.union(*by_image.values())
        complete.append({image for image, found in by_image.items() if found == qualities})
    return tuple(sorted(set.intersection(*complete))) if complete else ()


def exact_images(rows: Iterable[Row]) -> frozenset[str]:
    """Pictures, such as white pages, that a codec gave back exactly: one infinite PSNR makes a mean infinite."""
    return frozenset(row.image for row in rows if not row.error and np.isinf([*row.values.values()]).any())


def tables(rows: Sequence[Row], images: Sequence[str], stored: bool = False) -> list[Table]:
    """Means of each codec over the given pictures; codecs in the order of the rows."""
    wanted = set(images)
    groups: dict[str, dict[float, list[Row]]] = {}
    for row in rows:
        if row.image in wanted and not row.error:
            groups.setdefault(row.codec, {}).setdefault(row.quality, []).append(row)
    return [_table(codec, by_quality, stored) for codec, by_quality in groups.items()]


def _table(codec: str, by_quality: Mapping[float, list[Row]], stored: bool) -> Table:
    qualities = tuple(sorted(by_quality))
    points = [_means(by_quality[quality]) for quality in qualities]
    first = by_quality[qualities[0]][0]
    means = {name: np.array([point[name] for point in points]) for name in points[0]}
    present = {name: values for name, values in means.items() if not np.isnan(values).all()}
    return Table(codec, first.settings, first.versions, qualities, present, stored)


def _means(rows: Sequence[Row]) -> dict[str, float]:
    """Of one quality. NaN where a metric was not measured on every picture."""
    means = {"bpp": float(np.mean([row.bpp for row in rows]))}
    for name in registry.COLUMNS:
        means[name] = float(np.mean([row.values.get(name, np.nan) for row in rows]))
    similarities = [row.values.get("ms_ssim", np.nan) for row in rows]
    means["ms_ssim_db"] = float(np.mean([metrics.decibels(value) for value in similarities]))
    means["ms_ssim_db_of_mean"] = metrics.decibels(float(np.mean(similarities)))
    # PSNR of the mean of the pictures' MSE weighs the hard pictures more; both are in use
    mse = [10 ** (-row.values.get("psnr", np.nan) / 10) for row in rows]
    means["psnr_of_mean_mse"] = float(-10 * np.log10(np.mean(mse))) if np.mean(mse) else float("inf")
    for name in TIMES:
        seconds = [row.times.get(name, np.nan) / row.pixels * 1e6 if row.pixels else np.nan for row in rows]
        means[name] = float(np.mean(seconds))
    return means


@dataclass(frozen=True, slots=True)
class Monotony:
    """Whether a higher quality gives a larger file and a better picture."""

    codec: str
    rate_falls: int  # pairs of adjacent qualities, over all pictures, in which the file gets smaller
    psnr_falls: int  # ... in which the picture gets worse
    pairs: int
    mean_rises: bool  # bpp and PSNR of the means rise strictly

    @property
    def holds(self) -> bool:
        """On every picture and in the mean."""
        return self.mean_rises and not self.rate_falls and not self.psnr_falls


def monotony(rows: Sequence[Row], table: Table) -> Monotony:
    """Of one codec, over all pictures in the rows."""
    by_image: dict[str, list[Row]] = {}
    for row in rows:
        if row.codec == table.codec and not row.error:
            by_image.setdefault(row.image, []).append(row)
    rate_falls = psnr_falls = pairs = 0
    for found in by_image.values():
        found.sort(key=lambda row: row.quality)
        for low, high in pairwise(found):
            pairs += 1
            rate_falls += high.size_bytes < low.size_bytes
            psnr_falls += high.values.get("psnr", np.nan) < low.values.get("psnr", np.nan)
    rises = all(
        bool(np.all(means[1:] > means[:-1])) for name in ("bpp", "psnr") if (means := table.means.get(name)) is not None
    )
    return Monotony(table.codec, rate_falls, psnr_falls, pairs, rises)
