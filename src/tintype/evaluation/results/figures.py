"""Plots as files, for pages that are not ours."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tintype.errors import UnsupportedError


def write(folder: Path, specs: Sequence[Mapping[str, Any]]) -> list[Path]:
    """Each plot of `report.rd_specs` as NAME.svg and NAME.png.

    Raises
    ------
    UnsupportedError
        Matplotlib is not installed.
    """
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UnsupportedError('plots need the package matplotlib; pip install "tintype[eval]"') from error
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for spec in specs:
        # a figure without pyplot: no state of the process, no display; fixed names of SVG elements: equal bytes
        with matplotlib.rc_context({"svg.hashsalt": "tintype", "svg.fonttype": "none", "font.size": 10}):
            figure = Figure(figsize=(8, 5.2), layout="constrained")
            _draw(figure.subplots(), spec)
            for suffix, canvas in ((".svg", FigureCanvasSVG), (".png", FigureCanvasAgg)):
                path = folder / f"{spec['key']}{suffix}"
                canvas(figure)
                figure.savefig(path, dpi=160, metadata={"Date": None} if suffix == ".svg" else {})
                written.append(path)
    return written


def _draw(axes: Any, spec: Mapping[str, Any]) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    for series in spec["series"]:
        if series["points"]:
            bpp, values, _ = zip(*series["points"], strict=True)
            style = {"linewidth": 2.4 if series["ours"] else 1.3, "linestyle": "--" if series["dashed"] else "-"}
            axes.plot(bpp, values, marker="o", markersize=3, color=series["color"], label=series["name"], **style)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("bits per pixel (whole files)")
    axes.set_ylabel(spec["y"]["label"])
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
