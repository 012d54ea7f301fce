"""A page from the results of a run: curves, tables, and pictures to look at."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tintype.evaluation.codecs.tintype import is_ours
from tintype.evaluation.measuring import rows
from tintype.evaluation.measuring.rows import TIMES
from tintype.evaluation.pages import page, viewing
from tintype.evaluation.pages.page import Progress
from tintype.evaluation.pages.scenes import Scenes
from tintype.evaluation.pages.viewing import Shown
from tintype.evaluation.results import curves, summary
from tintype.evaluation.results.bd_rate import BdRate, Curve, bd_rate_or_none
from tintype.evaluation.results.curves import Table
from tintype.evaluation.results.summary import COMPARED, Results
from tintype.replacing import replace_text

PAGE = "report.html"
PLOTTED = ("psnr", "ms_ssim_db", "ms_ssim_db_of_mean", "ssimulacra2", "psnr_y", "texture", "butteraugli")
PICTURES = 3


def render(results: Results, shown: Shown, title: str, progress: Progress | None = None) -> str:
    """The page.

    Parameters
    ----------
    results : rows of the run, and what to compare them with
    shown : pictures for the viewer; without any there is no viewer
    """
    tables = results.measured
    anchors, reasons = summary.anchors(results)
    drawn = [table.curve for table in tables] + [anchor for anchor in anchors if anchor.stored]
    mine = [table.codec for table in tables if is_ours(table.settings)]
    colours = page.colours([curve.name for curve in drawn], mine)
    scenes, notes = viewing.scenes(results, shown, progress or (lambda text: None))
    plots = {"rd": rd_specs(drawn, colours, mine), "speed": _speed_specs(results, anchors, colours)}
    body = "\n".join(
        [
            _header(results, title),
            _cards(tables, anchors, results, mine),
            "<h2>Rate and quality</h2>",
            '<div class="plot" data-plot="rd"></div>',
            '<p class="note">Means over the pictures; bits per pixel of whole files.'
            f"{' Dashed: stored curves.' if any(curve.stored for curve in drawn) else ''}</p>",
            _bd_tables(anchors, results, colours, mine, reasons),
            _speed(plots["speed"]),
            _viewer(scenes, notes),
            _per_image(results, tables, mine),
            _details(results, tables),
            _made(results, tables, colours, mine),
        ]
    )
    names = [table.codec for table in tables]
    first = mine[0] if mine else names[0]
    second = next((name for name in names if name != first), "Original")
    return page.document(title, body, {"plots": {k: v for k, v in plots.items() if v}, **scenes.data((first, second))})


def rd_specs(drawn: Sequence[Curve], colours: Mapping[str, str], mine: Sequence[str]) -> list[dict[str, Any]]:
    """One plot per metric that any curve has."""
    specs = []
    for metric in PLOTTED:
        title, series = curves.COLUMNS[metric].label, []
        for curve in drawn:
            values = curve.quality.get(metric, np.full(len(curve.bpp), np.nan))
            order = [i for i in np.argsort(curve.bpp) if np.isfinite(values[i])]
            points = [
                [round(float(curve.bpp[i]), 5), round(float(values[i]), 5), f"{curve.bpp[i]:.3f} bpp\n{values[i]:.4g}"]
                for i in order
            ]
            series.append(
                {
                    "name": curve.name,
                    "color": colours[curve.name],
                    "dashed": curve.stored,
                    "ours": curve.name in mine,
                    "points": points,
                }
            )
        if any(s["points"] and not s["dashed"] for s in series):
            x = {"label": "bits per pixel", "log": True}
            specs.append({"key": metric, "title": title, "x": x, "y": {"label": title}, "series": series})
    return specs


def _speed_specs(results: Results, anchors: Sequence[Curve], colours: Mapping[str, str]) -> list[dict[str, Any]]:
    """BD-rate over time, one point per codec; against the first anchor that all can be compared with."""
    measured = [table for table in results.measured if set(TIMES) <= set(table.means)]
    anchor = next((anchor for anchor in anchors if "psnr" in anchor.metrics), None)
    if anchor is None or len(measured) < 2:
        return []
    specs = []
    for key, title in (("decode_cpu_s", "Decoding"), ("encode_cpu_s", "Encoding")):
        series = []
        for table in measured:
            found = bd_rate_or_none(anchor, table.curve, window=results.window)
            if found is None:
                continue
            seconds = float(np.mean(table.means[key]))
            tip = f"{seconds:.3f} CPU s per megapixel\n{found.percent:+.1f} % against {anchor.name}"
            point = [max(seconds, 1e-4), found.percent, tip]
            series.append({"name": table.codec, "color": colours[table.codec], "line": False, "points": [point]})
        x = {"label": "CPU seconds per megapixel", "log": True}
        specs.append(
            {"title": title, "x": x, "y": {"label": f"BD-rate against {anchor.name} (%, PSNR)"}, "series": series}
        )
    return specs


def _header(results: Results, title: str) -> str:
    count, known = len(results.images), f", all of {results.dataset}" if results.dataset else ""
    return f"""<header><p class="eyebrow">tintype report</p><h1>{html.escape(title)}</h1>
<p class="lead">{count} pictures{known}; {len(results.measured)} codecs. Real files, written to disk and decoded
from there. Every figure below comes from one run, unless it is marked as stored.</p></header>"""


def _cards(tables: Sequence[Table], anchors: Sequence[Curve], results: Results, mine: Sequence[str]) -> str:
    cards = []
    for table in tables:
        for anchor in anchors:
            if table.codec not in mine or anchor.name in mine:
                continue
            found = bd_rate_or_none(anchor, table.curve, window=results.window)
            if found is None:
                continue
            text = f"{html.escape(table.codec)} against {html.escape(anchor.name)}"
            cards.append(
                f'<div class="card"><b class="{_kind(found)}">{found.percent:+.1f} %</b><span>{text}</span></div>'
            )
    if not cards:
        return ""
    return f'<div class="cards">{"".join(cards)}</div><p class="note">Bytes at equal PSNR (BD-rate, Akima).</p>'


def _bd_tables(
    anchors: Sequence[Curve],
    results: Results,
    colours: Mapping[str, str],
    mine: Sequence[str],
    reasons: Sequence[str],
) -> str:
    low, high = results.window
    parts = [
        f'<h2>BD-rate</h2><p class="note">Per cent of rate against each anchor at equal quality; negative is smaller. '
        f"Mean curves, points from {low:g} to {high:g} bpp, Akima / PCHIP, and the common share of both "
        "quality intervals.</p>"
    ]
    notes = list(reasons)
    for metric in COMPARED:
        found = summary.bd_table(results, anchors, metric, _both, _MISSING)
        notes += found.reasons
        if found.cells:
            header = ["codec", *(f"{html.escape(a.name)}{' <small>stored</small>' * a.stored}" for a in found.anchors)]
            lines = [[page.named(codec, colours[codec]), *cells] for codec, cells in found.cells.items()]
            title = html.escape(curves.COLUMNS[metric].title)
            parts.append(f"<h3>{title}</h3>{page.table(header, lines, [f'</span>{m}' for m in mine])}")
    if notes:
        items = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
        parts.append(f'<details><summary>Not compared: {len(notes)}</summary><ul class="note">{items}</ul></details>')
    return "".join(parts)


_MISSING = "<small>none</small>"


def _both(akima: BdRate, pchip: BdRate) -> str:
    return (
        f'<span class="{_kind(akima)}">{akima.percent:+.1f}</span> '
        f"<small>/ {pchip.percent:+.1f} ({akima.overlap:.0%})</small>"
    )


def _kind(rate: BdRate) -> str:
    return "win" if rate.percent < 0 else "loss"


def _speed(specs: Sequence[Mapping[str, Any]]) -> str:
    if not specs:
        return ""
    return """<h2>Speed against rate</h2><div class="plot" data-plot="speed"></div>
<p class="note">One thread, in memory, codec already loaded; mean of all qualities. Down and left is better.</p>"""


def _viewer(scenes: Scenes, notes: Sequence[str]) -> str:
    text = "".join(f'<p class="note">{html.escape(note)}</p>' for note in notes)
    if not scenes.scenes:
        return text
    return f"""<h2>Look</h2>
<p class="note">Files of about equal size: each codec at the setting that comes closest. JPEG,
WebP and AVIF are the coded files themselves where the whole picture is shown; the rest is stored without loss.</p>
{page.asset("viewer.html")}{text}"""


def _per_image(results: Results, tables: Sequence[Table], mine: Sequence[str]) -> str:
    """BD-rate of each of ours on each picture against each other codec of the run."""
    others = [table.codec for table in tables if table.codec not in mine]
    if not mine or not others:
        return ""
    parts = ["<h2>Picture by picture</h2>"]
    by_image = {image: {t.codec: t.curve for t in curves.tables(results.rows, [image])} for image in results.images}
    for name in mine:
        lines = []
        for image, by_codec in by_image.items():
            cells = []
            for other in others:
                rate = bd_rate_or_none(by_codec[other], by_codec[name], window=results.window)
                cells.append(f'<span class="{_kind(rate)}">{rate.percent:+.1f}</span>' if rate else _MISSING)
            lines.append([html.escape(image), *cells])
        header = ["picture", *(html.escape(other) for other in others)]
        parts.append(
            f"<details open><summary>{html.escape(name)}: BD-rate (PSNR, Akima, %) on each picture</summary>"
            f"{page.table(header, lines)}</details>"
        )
    return "".join(parts)


def _details(results: Results, tables: Sequence[Table]) -> str:
    parts = ["<h2>All means</h2>"]
    for table in tables:
        order = curves.monotony(results.rows, table)
        said = (
            "the means rise, and no higher quality gives a smaller file or a lower PSNR"
            if order.holds
            else f"of {order.pairs} pairs of adjacent qualities, {order.rate_falls} gave a smaller file and "
            f"{order.psnr_falls} a lower PSNR"
        )
        parts.append(
            f"<details><summary>{html.escape(table.codec)}: {said}</summary>"
            f"{page.table(*table.text(curves.COLUMNS.values()))}</details>"
        )
    return "".join(parts)


def _made(results: Results, tables: Sequence[Table], colours: Mapping[str, str], mine: Sequence[str]) -> str:
    lines = [[page.named(t.codec, colours[t.codec]), html.escape(t.settings), html.escape(t.versions)] for t in tables]
    text = f"<h2>How this was made</h2>{page.table(['codec', 'settings', 'versions'], lines, text=True)}"
    if failed := summary.failures(results.rows):
        cells = [[html.escape(cell) for cell in line] for line in failed]
        text += f"<h3>Failures</h3>{page.table(['codec', 'picture', 'quality', 'reason'], cells, text=True)}"
    text += "".join(f'<p class="note">{html.escape(line)}</p>' for line in summary.excluded(results))
    return text + (
        '<p class="note">Pictures are coded without metadata. PSNR: one MSE over R, G, B as stored, mean of the dB. '
        "MS-SSIM: mean of R, G, B; two conventions of its dB are kept apart. Texture distance: local strength of "
        "Gaussian derivatives of luma, independent of position. BD-rates: package bjontegaard.</p>"
    )


def write(out: Path, results: Results, shown: Shown, title: str, progress: Progress | None = None) -> Path:
    """Write the page into the folder of results, and its plots into the same folder as PNG and SVG."""
    from tintype.evaluation.results import figures

    path = out / PAGE
    replace_text(path, render(results, shown, title, progress))
    anchors, _ = summary.anchors(results)
    drawn = [table.curve for table in results.measured] + [anchor for anchor in anchors if anchor.stored]
    mine = [table.codec for table in results.measured if is_ours(table.settings)]
    figures.write(out / "plots", rd_specs(drawn, page.colours([curve.name for curve in drawn], mine), mine))
    return path


def load(out: Path, **compared: Any) -> Results:
    """Results of a folder; `compared` are further fields of `Results`."""
    return replace(Results(rows.read(out / rows.RESULTS)), **compared)
