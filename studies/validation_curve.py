"""Validation loss against training: `python studies/validation_curve.py LOG.jsonl [FINISHED.jsonl ...] --out FOLDER`.

The first log is drawn and tabulated: lambda 255^2 MSE + bpp of the EMA weights at each anchor level, estimated bits.
The ends of all logs, each a run whose learning rate fell to zero, are fitted with cost = c * pixels^-b, which says what
more pixels would bring. Without a floor in it the fit is optimistic.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("agg")
from matplotlib import pyplot
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="+", type=Path, help="log.jsonl of finished runs; the first is the one drawn")
    parser.add_argument("--out", type=Path, required=True, help="folder for validation.svg and validation.md")
    options = parser.parse_args()
    curves = [validations(log) for log in options.logs]
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "validation.md").write_text(table(curves[0]) + "\n" + fit([curve[-1] for curve in curves]))
    draw(curves[0], options.out / "validation.svg")


def validations(log: Path) -> list[tuple[float, list[dict[str, float]]]]:
    """(pixels seen, rows by anchor) of every evaluation, ascending."""
    pixels, found = 0.0, []
    for line in log.read_text().splitlines():
        record: dict[str, Any] = json.loads(line)
        pixels = record.get("pixels", pixels)
        if "validation" in record:
            found.append((pixels, record["validation"]))
    return found


def table(curve: list[tuple[float, list[dict[str, float]]]]) -> str:
    anchors = range(len(curve[0][1]))
    lines = ["| Mpx seen | " + " | ".join(f"anchor {a}" for a in anchors) + " |", "|---" * (1 + len(anchors)) + "|"]
    lines += [
        f"| {pixels / 1e6:.0f} | " + " | ".join(f"{rows[a]['cost']:.3f}" for a in anchors) + " |"
        for pixels, rows in curve
    ]
    return "\n".join(lines) + "\n"


def fit(ends: list[tuple[float, list[dict[str, float]]]]) -> str:
    """Exponents of cost against pixels over the ends of runs, and what they say about 10 and 100 times the pixels."""
    if len(ends) < 2:
        return "One finished run: no fit.\n"
    pixels = np.log([end[0] for end in ends])
    lines = ["| anchor | cost at the end | exponent b | 10 times the pixels | 100 times |", "|---" * 5 + "|"]
    for anchor, row in enumerate(ends[0][1]):
        costs = np.log([end[1][anchor]["cost"] for end in ends])
        b = -np.polyfit(pixels, costs, 1)[0]
        lines.append(f"| {anchor} | {row['cost']:.3f} | {b:.3f} | {10**-b - 1:+.0%} | {100**-b - 1:+.0%} |")
    return f"{len(ends)} finished runs, {min(np.exp(pixels)) / 1e6:.0f} to {max(np.exp(pixels)) / 1e6:.0f} Mpx.\n\n" + (
        "\n".join(lines) + "\n"
    )


def draw(curve: list[tuple[float, list[dict[str, float]]]], path: Path) -> None:
    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    for anchor in range(len(curve[0][1])):
        axes.loglog([p / 1e6 for p, _ in curve], [rows[anchor]["cost"] for _, rows in curve], marker="o", ms=3)
        last = curve[-1][0] / 1e6, curve[-1][1][anchor]["cost"]
        axes.annotate(f"anchor {anchor}", last, (5, -3), textcoords="offset points", fontsize=8)
    axes.set_xlim(right=1.8 * curve[-1][0] / 1e6)  # room for the names
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("training pixels seen (millions)")
    axes.set_ylabel("λ · 255² · MSE + bpp on validation crops")
    axes.grid(alpha=0.3, which="both")
    figure.savefig(path)


if __name__ == "__main__":
    main()
