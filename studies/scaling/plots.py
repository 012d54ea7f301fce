"""Plots of a fit as SVG."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import geometric_mean
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from studies.scaling.envelope import Cost, optimum
from studies.scaling.law import UNIT_N, Law
from studies.scaling.rows import Row

LEVELS = 5  # of compute, in the IsoFLOP plot
LOSS = "loss (λ · 255² · MSE + bpp)"


def curves(rows: Sequence[Row]) -> dict[str, list[tuple[float, float]]]:
    """FLOP and loss (mean of the seeds) of each rung's budgets, smallest rung and budget first."""
    found: dict[str, dict[float, list[float]]] = {}
    for row in sorted(rows, key=lambda row: (row.parameters, row.pixels)):
        found.setdefault(row.rung, {}).setdefault(row.flops, []).append(row.loss)
    return {
        rung: [(flops, geometric_mean(losses)) for flops, losses in budgets.items()] for rung, budgets in found.items()
    }


def isoflops(rows: Sequence[Row], levels: int = LEVELS) -> dict[float, list[tuple[float, float]]]:
    """Parameters and loss of the rungs at equal compute: interpolated between their budgets, never beyond them.

    Levels of compute are spread over what was run; those that only one rung reaches are left out.
    """
    parameters = {row.rung: row.parameters for row in rows}
    measured = curves(rows)
    ends = [flops for curve in measured.values() for flops, _ in curve]
    found = {}
    for level in np.geomspace(min(ends), max(ends), levels + 2)[1:-1]:
        points = []
        for rung, curve in measured.items():
            flops, losses = np.log(np.array(curve)).T
            if flops[0] <= np.log(level) <= flops[-1]:
                points.append((float(parameters[rung]), float(np.exp(np.interp(np.log(level), flops, losses)))))
        if len(points) >= 2:
            found[float(level)] = points
    return found


def draw_isoflops(rows: Sequence[Row], law: Law, cost: Cost, path: Path) -> None:
    """Loss against size at equal compute: interpolated measurements, and the law."""

    def draw(axes: Any) -> None:
        for number, (flops, points) in enumerate(isoflops(rows).items()):
            colour = f"C{number}"
            axes.plot(*zip(*points, strict=True), "o", color=colour, markersize=4, label=f"{flops:.1e} FLOP")
            sizes = np.geomspace(points[0][0] / 2, points[-1][0] * 2, 100)
            losses = [float(law.loss(n / UNIT_N, cost.pixels(flops, n / UNIT_N))) for n in sizes]
            axes.plot(sizes, losses, color=colour, linewidth=1)
            best = optimum(law, cost, flops)
            axes.plot(best.parameters * UNIT_N, best.loss, "*", color=colour, markersize=9)
        axes.set_xlabel("parameters; stars: the law's best size for a compute")

    _write(draw, path)


def draw_envelope(rows: Sequence[Row], law: Law, cost: Cost, path: Path) -> None:
    """Loss against compute: budgets of each rung, and the law's loss of the best size."""

    def draw(axes: Any) -> None:
        for rung, curve in curves(rows).items():
            axes.plot(*zip(*curve, strict=True), marker="o", markersize=3, linewidth=1, label=rung)
        ends = [row.flops for row in rows]
        levels = np.geomspace(min(ends), 3 * max(ends), 100)
        best = [optimum(law, cost, level).loss for level in levels]
        axes.plot(levels, best, "k--", linewidth=1.5, label="best size, by the law")
        axes.set_xlabel("training compute, FLOP")

    _write(draw, path)


def _write(draw: Callable[[Any], None], path: Path) -> None:
    """A figure on logarithmic axes."""
    # no pyplot and no date: equal data gives equal bytes
    with matplotlib.rc_context({"svg.hashsalt": "tintype", "svg.fonttype": "none", "font.size": 10}):
        figure = Figure(figsize=(7, 4.5), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        draw(axes)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}")
        axes.set_ylabel(LOSS)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})
