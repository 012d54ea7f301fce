"""What a run found, as Markdown: every table says how it was made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tintype.evaluation.codecs.tintype import is_ours
from tintype.evaluation.measuring import rows
from tintype.evaluation.measuring.processes import Peak
from tintype.evaluation.measuring.rows import Row
from tintype.evaluation.results import curves, published
from tintype.evaluation.results.bd_rate import (
    METHODS,
    MIN_POINTS,
    PROJECT_WINDOW,
    BdRate,
    Curve,
    NotComparableError,
    bd_rate,
)
from tintype.evaluation.results.curves import Table
from tintype.evaluation.results.markdown import table
from tintype.replacing import replace_text

SUMMARY = "summary.md"
USUAL_ANCHORS = ("jpeg444", "webp_m6", "avif444_s6", "avif444_s6_psnr", "jxl_e7", "vtm")
COMPARED = ("psnr", "ms_ssim_db", "ms_ssim_db_of_mean", "ssimulacra2", "butteraugli", "resnet_lp", "resnet_ds")
"""Metrics with a BD-rate table. Each convention of one metric has its own."""


@dataclass(frozen=True, slots=True)
class Results:
    """Rows of a run, with everything to compare them with.

    Parameters
    ----------
    rows : of this run
    anchor_rows : of an earlier run, per picture
    anchor_curves : entries of a file of curves, by name
    anchors : names to compare with, of any of the three
    memory : peaks by codec, of one sample each
    """

    rows: Sequence[Row]
    anchor_rows: Sequence[Row] = ()
    anchor_curves: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    anchors: Sequence[str] = USUAL_ANCHORS
    window: tuple[float, float] = PROJECT_WINDOW
    memory: Mapping[str, Peak] = field(default_factory=dict)

    @property
    def images(self) -> tuple[str, ...]:
        """Pictures that enter the means: coded by all codecs, by none exactly, unless there are only such."""
        common = curves.common_images(self.rows)
        return tuple(name for name in common if name not in curves.exact_images(self.rows)) or common

    @property
    def measured(self) -> list[Table]:
        """Means of this run's codecs, ours first."""
        return sorted(curves.tables(self.rows, self.images), key=lambda table: not is_ours(table.settings))

    @property
    def dataset(self) -> str | None:
        """Name of the set of pictures, if the means are over all of a known one."""
        images = set(self.images)
        return published.dataset_of(row.image_sha256 for row in self.rows if row.image in images and not row.error)


def anchors(results: Results) -> tuple[list[Curve], list[str]]:
    """Curves to compare with, and why others are excluded.

    A codec measured in this run comes first, then rows of an earlier run over the same pictures, then a stored curve,
    which holds for the whole of its set of pictures only.
    """
    measured = {table.codec: table for table in results.measured}
    earlier = {table.codec: table for table in _earlier(results)}
    found, reasons = [], []
    for name in results.anchors:
        if name in measured:
            found.append(measured[name].curve)
        elif name in earlier:
            found.append(earlier[name].curve)
        elif name in results.anchor_curves:
            entry = results.anchor_curves[name]
            dataset = entry.get("dataset")
            if dataset == results.dataset:
                found.append(published.curve(name, entry))
            else:
                reasons.append(
                    f"`{name}` is a mean over all pictures of {dataset}; this run's means are over "
                    f"{len(results.images)} pictures that are not that set"
                )
        elif results.anchor_curves or results.anchor_rows:
            reasons.append(f"`{name}` is neither measured here nor stored")
    return found, reasons


def _earlier(results: Results) -> list[Table]:
    """Codecs of an earlier run that coded all pictures of this one."""
    wanted = set(results.images)
    rows_of: dict[str, list[Row]] = {}
    for row in results.anchor_rows:
        if row.image in wanted and not row.error:
            rows_of.setdefault(row.codec, []).append(row)
    full = [found for found in rows_of.values() if set(curves.common_images(found)) == wanted]
    return [table for found in full for table in curves.tables(found, results.images, stored=True)]


def write(results: Results, path: Path, title: str = "Results") -> str:
    """Write the summary and return it."""
    text = summary(results, title)
    replace_text(path, text)
    return text


def summary(results: Results, title: str = "Results") -> str:
    """The whole page."""
    parts = [f"# {title}", _scope(results), _failures(results.rows)]
    if results.images:
        compared, reasons = anchors(results)
        parts += [_bd_rates(results, compared, metric) for metric in COMPARED]
        if not compared:
            parts.append(
                f"No BD-rates: none of {', '.join(results.anchors)} is measured or stored; --anchors names others."
            )
        if reasons:
            parts.append("Not compared:\n\n" + "\n".join(f"- {reason}" for reason in reasons))
        parts += [_averages(results), _monotony(results), _times(results), _memory(results), _agreement(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _scope(results: Results) -> str:
    images = results.images
    if not images:
        return "No picture was coded by every codec, so there are no means."
    measured = results.measured
    sizes = sorted({(row.width, row.height) for row in results.rows if row.image in set(images) and row.width})
    shown = ", ".join(f"{width}x{height}" for width, height in sizes[:4]) + (" and others" if len(sizes) > 4 else "")
    known = f" (all of {results.dataset})" if results.dataset else ""
    counted = "1 picture" if len(images) == 1 else f"{len(images)} pictures"
    lines = [
        f"{counted}{known}, {shown}. Sizes are whole files on disk, which are decoded from there; "
        "pictures are coded without metadata; metrics compare 8-bit R, G, B as stored. Means are means of the "
        "pictures' values."
    ]
    if len({width * height for width, height in sizes}) > 1:
        lines.append("The pictures differ in size: mean bpp counts every picture alike, not every pixel.")
    lines += excluded(results)
    codecs = table(["codec", "settings", "versions"], [[t.codec, t.settings, t.versions] for t in measured])
    return "\n\n".join([*lines, codecs.replace("---:", "---")])


def excluded(results: Results) -> list[str]:
    """Which pictures are not in the means, and why, in a sentence for each reason."""
    left_out = {row.image for row in results.rows if row.image} - set(results.images)
    exact = left_out & set(curves.common_images(results.rows))
    reasons = {
        "not every codec coded them": left_out - exact,
        "a codec gave them back so exactly that a metric is infinite": exact,
    }
    return [
        f"Excluded from the means, because {reason}: {', '.join(sorted(names))}."
        for reason, names in reasons.items()
        if names
    ]


def failures(found: Sequence[Row]) -> list[tuple[str, str, str, str]]:
    """Codecs, pictures, qualities and reason, each reason once; a picture that cannot be read fails for all codecs."""
    unreadable: dict[tuple[str, str], None] = {}  # picture and reason
    groups: dict[tuple[str, str, str], list[str]] = {}
    for row in (row for row in found if row.error):
        if row.image and not row.width:
            unreadable[row.image, row.error] = None
        else:
            key = row.codec, row.image or "(all)", row.error
            groups.setdefault(key, []).append(f"{row.quality:g}" if row.image else "")
    lines = [("(all)", image, "", error) for image, error in unreadable]
    return lines + [(codec, image, ", ".join(qualities), error) for (codec, image, error), qualities in groups.items()]


def _failures(found: Sequence[Row]) -> str:
    lines = failures(found)
    if not lines:
        return ""
    return "## Failures\n\n" + table(["codec", "picture", "quality", "reason"], lines).replace("---:", "---")


@dataclass(frozen=True, slots=True)
class BdTable:
    """BD-rates of one metric, as text: each codec of a run against each anchor."""

    anchors: Sequence[Curve]
    cells: Mapping[str, Sequence[str]]  # by codec, one per anchor
    reasons: Sequence[str]  # why a codec is not compared


def bd_table(
    results: Results, anchors: Sequence[Curve], metric: str, show: Callable[[BdRate, BdRate], str], missing: str
) -> BdTable:
    """Compare those curves that have the metric.

    Parameters
    ----------
    show : text of a pair of BD-rates, by Akima and by PCHIP
    missing : text where two curves cannot be compared
    """
    compared = [anchor for anchor in anchors if metric in anchor.metrics]
    measured = [found.curve for found in results.measured if metric in found.curve.quality]
    tests = [curve for curve in measured if metric in curve.metrics]
    cells: dict[str, list[str]] = {test.name: [] for test in tests} if compared else {}
    reasons = [
        f"{curve.name} has {np.isfinite(curve.quality[metric]).sum()} finite points of {metric}, not {MIN_POINTS}"
        for curve in measured
        if metric not in curve.metrics
    ]
    for test in tests:
        for anchor in compared:
            if anchor.name == test.name:
                text = "0"
            else:
                try:
                    text = show(*(bd_rate(anchor, test, metric, method, results.window) for method in METHODS))
                except NotComparableError as error:
                    text = missing
                    reasons.append(f"{test.name} against {anchor.name}: {error}")
            cells[test.name].append(text)
    return BdTable(compared, cells, reasons)


def _bd_rates(results: Results, anchors: Sequence[Curve], metric: str) -> str:
    found = bd_table(results, anchors, metric, _both, "-")
    title = f"## BD-rate, {curves.COLUMNS[metric].title}"
    excluded = "Not compared:\n\n" + "\n".join(f"- {reason}" for reason in found.reasons)
    if not found.cells:
        return f"{title}\n\n{excluded}" if found.reasons else ""
    low, high = results.window
    header = ["codec", *(f"{anchor.name}{' (stored)' if anchor.stored else ''}" for anchor in found.anchors)]
    parts = [
        title,
        f"Per cent of rate against each anchor at equal quality (negative: smaller files), of the mean curves, points "
        f"from {low:g} to {high:g} bpp. Akima / PCHIP (common share of both quality intervals); package bjontegaard.",
        table(header, [[name, *cells] for name, cells in found.cells.items()]),
    ]
    if found.reasons:
        parts.append(excluded)
    return "\n\n".join(parts)


def _both(akima: BdRate, pchip: BdRate) -> str:
    return f"{akima.percent:+.2f} / {pchip.percent:+.2f} ({akima.overlap:.0%})"


def _averages(results: Results) -> str:
    parts = ["## Rate and distortion, means"]
    columns = [column for column in curves.COLUMNS.values() if column.name not in rows.TIMES]
    parts += [f"### {found.codec}\n\n{table(*found.text(columns))}" for found in results.measured]
    return "\n\n".join(parts)


def _monotony(results: Results) -> str:
    lines = []
    for found in results.measured:
        m = curves.monotony(results.rows, found)
        lines.append(
            [m.codec, "yes" if m.mean_rises else "NO", f"{m.rate_falls} of {m.pairs}", f"{m.psnr_falls} of {m.pairs}"]
        )
    header = ["codec", "mean bpp and PSNR rise", "file gets smaller", "PSNR gets lower"]
    return (
        "## Order of the qualities\n\nPairs of adjacent qualities of one picture in which the higher quality gave a "
        "smaller file, or a lower PSNR.\n\n" + table(header, lines)
    )


def _times(results: Results) -> str:
    lines = []
    for found in results.measured:
        if not set(rows.TIMES) <= set(found.means):
            continue
        cells = []
        for name in rows.TIMES:
            values = found.means[name]
            cells.append(f"{np.nanmean(values):.3f} ({np.nanmin(values):.3f} - {np.nanmax(values):.3f})")
        lines.append([found.codec, *cells])
    if not lines:
        return ""
    header = ["codec", *(curves.COLUMNS[name].title for name in rows.TIMES)]
    return (
        "## Time\n\nSeconds per megapixel: mean of the qualities (lowest - highest), one thread, in memory, codec "
        "loaded before. Where other work runs on the machine, CPU seconds are the figure to use.\n\n"
        + table(header, lines)
    )


def _memory(results: Results) -> str:
    if not results.memory:
        return ""
    lines = [
        [name, f"{peak.image}, {peak.quality:g}", f"{peak.encode_bytes / 1e6:.0f}", f"{peak.decode_bytes / 1e6:.0f}"]
        for name, peak in results.memory.items()
    ]
    header = ["codec", "sample, quality", "encode, MB", "decode, MB"]
    return (
        "## Memory\n\nPeak resident memory of a fresh process that codes one picture, Python, libraries and picture "
        "included.\n\n" + table(header, lines)
    )


def _agreement(results: Results) -> str:
    """Measured means against stored ones of the same name at the same settings."""
    lines = []
    for found in results.measured:
        entry = results.anchor_curves.get(found.codec)
        if entry is None or entry.get("dataset") != results.dataset or not entry.get("quality"):
            continue
        curve = published.curve(found.codec, entry)
        pairs = [(found.qualities.index(q), at) for at, q in enumerate(entry["quality"]) if q in found.qualities]
        if not pairs:
            continue
        here, there = (list(side) for side in zip(*pairs, strict=True))
        cells = [f"{100 * np.abs(found.means['bpp'][here] / curve.bpp[there] - 1).max():.4f} %"]
        for metric in ("psnr", "ms_ssim_db"):
            if metric in curve.quality and metric in found.means:
                cells.append(f"{np.abs(found.means[metric][here] - curve.quality[metric][there]).max():.4f} dB")
            else:
                cells.append("")
        lines.append([found.codec, str(len(pairs)), *cells])
    if not lines:
        return ""
    header = ["codec", "points", "bpp", "PSNR", "MS-SSIM (mean of dB)"]
    return "## Agreement with stored curves\n\nLargest difference at equal settings.\n\n" + table(header, lines)
