"""Measure what docs/results.md reports, and write its tables and the plot: one command, resumable.

    python -m benchmarks.results KODAK LARGE --out DIR [--curves FILE.json] [--write FILE.md...]

KODAK is the folder of the 24 Kodak pictures, LARGE a folder of further pictures, also for mosaics. Measures what DIR
does not hold yet: rate and distortion of all shipped weights on both, with a page to look at for Kodak; what tiles
cost, on a mosaic; times and memory; generated screens and drawings. DIR/results.md has all tables. In the files to
write, the text between `<!-- make results: NAME -->` and `<!-- end -->` is replaced by the tables of that name. Plots
go to docs/figures.
Butteraugli needs the program butteraugli_main (Debian: libjxl-devtools); without it the tables say so.
"""

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tintype.codec.workers import available_cpus
from tintype.evaluation.codecs.tintype import SETTINGS
from tintype.evaluation.measuring import rows
from tintype.evaluation.metrics import registry
from tintype.evaluation.pages.report import PAGE
from tintype.evaluation.results import curves, published, summary
from tintype.evaluation.results.bd_rate import PROJECT_WINDOW, BdRate, Curve, bd_rate_or_none
from tintype.evaluation.results.curves import Table
from tintype.evaluation.results.markdown import table
from tintype.evaluation.results.summary import Results
from tintype.weights import store

HERE = Path(__file__).parent
FIGURES = HERE.parent / "docs" / "figures"
MOSAIC = "3024x2016"  # 6 megapixels: coded whole, too, which takes memory
SECTION = re.compile(r"(<!-- make results: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
QUALITIES = {  # of Kodak and LARGE: the project's window of rates; more points change BD-rates by less than 1 %
    "jpeg444": (8, 18, 36, 48, 60, 70),
    "webp_m6": (0, 9, 25, 48, 72, 80),
    "avif444_s6": (12, 20, 34, 46, 58, 70),
    "avif444_s6_psnr": (8, 16, 25, 34, 50, 60),
    "jxl_e7": (19, 26, 34, 54, 75, 84),
}
OURS = tuple(store.TUNES.values())
TILED = store.TUNES["psnr"]  # what tiles cost in PSNR is measured with weights that were trained for it
OUR_QUALITIES = (0, 12, 26, 40, 54, 68, 75, 88, 99)  # 100 is exact
JUDGES = ("ssimulacra2", "butteraugli")  # metrics made to agree with people; measured where installed
HEADLINE = (*JUDGES, "ms_ssim_db", "psnr")
PLOTTED = ("ssimulacra2", "psnr")
COMPARED = {name: curves.COLUMNS[name].title for name in ("psnr", "ms_ssim_db", "ms_ssim_db_of_mean", *JUDGES)}


def main() -> None:
    """Run what is missing, and join the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kodak", type=Path)
    parser.add_argument("large", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--curves", type=Path, help="published curves to compare with")
    parser.add_argument("--graphics", default="", help="pictures of LARGE that are no photographs, by name: a,b")
    parser.add_argument("--jobs", default="1", help="pictures at the same time; more make the sweeps' times worse")
    parser.add_argument("--write", nargs="*", type=Path, default=[], help="Markdown files whose tables are replaced")
    options = parser.parse_args()
    commands = Commands(options.out)
    compared = ["--curves", options.curves] if options.curves else []
    qualities = {**dict.fromkeys(OURS, OUR_QUALITIES), **QUALITIES}
    codecs = ["--codecs", ",".join(qualities), "--jobs", options.jobs, *compared]
    for name, values in qualities.items():
        codecs += ["--qualities", f"{name}={','.join(map(str, values))}"]
    judges = [name for name in JUDGES if not registry.METRICS[name].available()]
    metrics, fewer = (["--metrics", ",".join([*few, *judges])] for few in (registry.DEFAULT, ("psnr", "ms_ssim")))
    kodak, large = options.out / "kodak", options.out / "large"
    # eval resumes by itself, and must look whether weights or libraries have changed
    commands.run("Kodak", tintype("eval", options.kodak, "--out", kodak, "--memory", *metrics, *codecs))
    commands.run("page", tintype("report", kodak, "--title", "Kodak", "--codecs", ",".join(qualities), *compared))
    commands.run("large", tintype("eval", options.large, "--out", large, *fewer, *codecs))
    pictures = [path for path in sorted(options.large.iterdir()) if path.suffix in (".webp", ".png")]
    module = [sys.executable, "-m", "benchmarks.tile_borders"]
    tiles = commands.once("tiles", [*module, *pictures, "--size", MOSAIC, "--model", TILED])
    drawn = [path for path in pictures if path.stem in options.graphics.split(",")]
    screens = commands.once("screens", [sys.executable, "-m", "benchmarks.screens", *drawn, "--codec", store.DEFAULT])
    threads = "1,2" if available_cpus() > 1 else "1"
    script = [sys.executable, "-m", "benchmarks.speed", "--model", store.DEFAULT, "--threads", threads]
    speed = commands.once("speed", [*script, *sorted(options.kodak.glob("*.png"))])
    stored_curves = published.load(options.curves) if options.curves else {}
    graphics = options.graphics.split(",")
    measured = {
        tune: Measured(model, results(kodak, model, stored_curves), results(large, model, {}), graphics)
        for tune, model in store.TUNES.items()
    }
    sections = {
        **{f"kodak-{tune}": found.kodak() for tune, found in measured.items()},
        **{f"large-{tune}": found.on_large() for tune, found in measured.items()},
        "headline": measured["eyes"].headline(),
        "settings": settings(results(kodak, None, {}).measured),
        "tiles": tiles.strip(),
        "screens": screens.strip(),
        "speed": speed.strip(),
    }
    joined = "\n\n".join(f"## {name}\n\n{text}" for name, text in sections.items())
    (options.out / "results.md").write_text(f"# Results\n\n{joined}\n", encoding="utf-8")
    for path in options.write:
        path.write_text(filled(path.read_text(encoding="utf-8"), sections), encoding="utf-8")
    if options.write:
        FIGURES.mkdir(exist_ok=True)
        for metric in PLOTTED:
            shutil.copy(kodak / "plots" / f"{metric}.svg", FIGURES / f"kodak-{metric}.svg")
    page = kodak / PAGE
    print(f"{options.out / 'results.md'}\n{page}: {page.stat().st_size / 1e6:.1f} MB")


def tintype(*arguments: object) -> list[object]:
    """A command of ours."""
    return [sys.executable, "-m", "tintype", *arguments]


class Commands:
    """Runs commands, prints how long each took, and keeps results that hold for the same weights."""

    def __init__(self, out: Path) -> None:
        self.out, self.weights = out, " ".join(store.load(name).weights_hash().hex() for name in OURS)
        out.mkdir(parents=True, exist_ok=True)

    def run(self, name: str, command: Sequence[object], output: Path | None = None) -> None:
        """Run one and show its progress; its output goes to a file."""
        start = time.monotonic()
        with (output or self.out / f"{name}.log").open("w", encoding="utf-8") as file:
            done = subprocess.run([str(part) for part in command], check=False, stdout=file)
        if done.returncode:
            raise SystemExit(f"{name} failed with status {done.returncode}; what is done is kept")
        seconds = time.monotonic() - start
        print(f"{name}: {seconds // 60:.0f} min {seconds % 60:.0f} s", file=sys.stderr, flush=True)

    def once(self, name: str, command: Sequence[object]) -> str:
        """Output of a command, from a file that appears when it is done and is named by command and weights."""
        identity = hashlib.sha256(" ".join([self.weights, *map(str, command)]).encode()).hexdigest()[:12]
        result = self.out / f"{name}-{identity}.md"
        if not result.exists():
            part = result.with_suffix(".part")
            self.run(name, command, part)
            part.rename(result)
        return result.read_text(encoding="utf-8")


def results(out: Path, model: str | None, stored_curves: Mapping[str, Mapping[str, object]]) -> Results:
    """Rows of a sweep with one of our models, or with all that ship; others in the folder are skipped."""
    wanted = {*QUALITIES, *([model] if model else OURS)}
    found = [row for row in rows.read(out / rows.RESULTS) if row.codec in wanted]
    return Results(found, anchor_curves=stored_curves)


def filled(text: str, sections: Mapping[str, str]) -> str:
    """A page with its generated parts replaced.

    Raises
    ------
    KeyError
        A part has a name that is not among the sections.
    """
    return SECTION.sub(lambda found: f"{found[1]}\n{sections[found[2]]}\n\n{found[3]}", text)


@dataclass(frozen=True)
class Measured:
    """Tables of one model of ours, as Markdown."""

    model: str
    at_kodak: Results
    at_large: Results
    graphics: Sequence[str]

    def kodak(self) -> str:
        """BD-rates, means, order of the qualities."""
        anchors, _ = summary.anchors(self.at_kodak)
        mine = self._mine(self.at_kodak)
        compared = {metric: name for metric, name in COMPARED.items() if metric in mine.means}
        lines = [[name, *(_bd(a, mine, metric) for a in anchors)] for metric, name in compared.items()]
        losses = [_losses(anchors, mine, metric, name) for metric, name in compared.items()]
        header = [f"BD-rate of {mine.codec}", *(a.name + (" (stored)" if a.stored else "") for a in anchors)]
        order = curves.monotony(self.at_kodak.rows, mine)
        low, high = self.at_kodak.window
        pairs = (
            f"In {order.pairs} pairs of adjacent qualities of one picture, the higher quality gave a smaller file "
            f"{order.rate_falls} times and a lower PSNR {order.psnr_falls} times."
            if order.rate_falls or order.psnr_falls
            else f"In all {order.pairs} pairs of adjacent qualities of one picture, the higher quality gave at least "
            "the same size and at least the same PSNR."
        )
        parts = [
            f"Weights {mine.settings.removeprefix(SETTINGS)}; {len(self.at_kodak.images)} pictures, measured "
            f"in one run unless marked as stored, {machine()}. Per cent of rate at equal quality (Akima, points from "
            f"{low:g} to {high:g} bpp; in brackets the common share of both quality intervals); negative: ours are "
            "smaller.",
            table(header, lines),
            _means(mine),
            f"It ends at {mine.means['bpp'][-1]:.2f} bpp and {mine.means['psnr'][-1]:.1f} dB. {pairs}",
        ]
        if missing := [name for metric, name in COMPARED.items() if metric not in compared]:
            parts.insert(2, f"Not measured in this run: {', '.join(missing)}.")
        if any(losses):
            parts.insert(2, f"Behind {'; '.join(filter(None, losses))}.")
        return "\n\n".join(parts)

    def headline(self) -> str:
        """BD-rates in whole per cent, for a first page."""
        anchors, _ = summary.anchors(self.at_kodak)
        mine = self._mine(self.at_kodak)
        lines = []
        for metric in (metric for metric in HEADLINE if metric in mine.means):
            found = [_rate(anchor, mine, metric) for anchor in anchors]
            lines.append([COMPARED[metric], *("" if rate is None else f"{round(rate.percent):+d} %" for rate in found)])
        return table([f"bytes of {self.model} at equal", *(anchor.name for anchor in anchors)], lines)

    def on_large(self) -> str:
        """BD-rates on the other folder, with and without what is no photograph."""
        photographs = replace(
            self.at_large, rows=[row for row in self.at_large.rows if row.image not in set(self.graphics)]
        )
        lines = []
        for found, what in ((self.at_large, "all"), (photographs, "photographs")):
            count = len(found.images)
            if what == "photographs" and count == len(self.at_large.images):
                continue
            mine = self._mine(found)
            tables = {t.codec: t for t in found.measured}
            anchors = [tables[name].curve for name in QUALITIES if name in tables]
            for metric, name in COMPARED.items():
                if metric not in mine.means:
                    continue
                lines.append([f"{count} ({what}), {name}", *(_bd(a, mine, metric) for a in anchors)])
        return table([f"pictures, BD-rate of {self.model}", *(a.name for a in anchors)], lines)

    def _mine(self, found: Results) -> Table:
        return next(t for t in found.measured if t.codec == self.model)


def settings(tables: Sequence[Table]) -> str:
    """Of all codecs, and their cost."""
    lines = [
        [
            t.codec,
            f"{t.means['encode_cpu_s'].mean():.3f}",
            f"{t.means['decode_cpu_s'].mean():.3f}",
            t.settings,
            t.versions,
        ]
        for t in tables
    ]
    return "CPU seconds per megapixel on Kodak, one thread, mean of all qualities.\n\n" + table(
        ["codec", "encode", "decode", "settings", "versions"], lines
    )


def _rate(anchor: Curve, mine: Table, metric: str) -> BdRate | None:
    return bd_rate_or_none(anchor, mine.curve, metric, PROJECT_WINDOW)


def _bd(anchor: Curve, mine: Table, metric: str) -> str:
    found = _rate(anchor, mine, metric)
    return "" if found is None else f"{found.percent:+.1f} ({found.overlap:.0%})"


def _losses(anchors: Sequence[Curve], mine: Table, metric: str, name: str) -> str:
    rates = ((anchor.name, _rate(anchor, mine, metric)) for anchor in anchors)
    behind = [f"{codec} by {found.percent:.1f} %" for codec, found in rates if found and found.percent > 0]
    return f"in {name}: {', '.join(behind)}" if behind else ""


def _means(mine: Table) -> str:
    decimals = {"bpp": 3, "psnr": 2, "ms_ssim_db": 2, "ssimulacra2": 2, "butteraugli": 3, "texture": 4}
    return table(*mine.text(replace(curves.COLUMNS[name], decimals=count) for name, count in decimals.items()))


def machine() -> str:
    """What this ran on."""
    info = Path("/proc/cpuinfo")
    about = info.read_text().splitlines() if info.exists() else []
    name = next((line.partition(":")[2].strip() for line in about if line.startswith("model name")), platform.machine())
    python = f"Python {platform.python_version()}"
    return f"{name}, {available_cpus()} of {os.cpu_count()} CPUs, {platform.system()}, {python}"


if __name__ == "__main__":
    main()
