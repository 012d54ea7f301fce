"""Ways to train one model, compared at equal time: which batch, crop or rate learns most in a core-second.

Rows of one rung with several settings are curves of loss against core-seconds, each point with its own decay. The first
settings of the file are what the others are compared with.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, geometric_mean

import numpy as np

from studies.scaling.rows import Row
from tintype.errors import UsageError
from tintype.evaluation.results.markdown import table

Curve = list[tuple[float, float]]  # core-seconds of the path, loss; means of the seeds, ascending


def compare(rows: Sequence[Row]) -> str:
    """A Markdown table of all curves, and how fast each reaches the last loss of the first.

    Raises
    ------
    UsageError
        No rows, or rows of several rungs.
    """
    if len({row.rung for row in rows}) != 1:
        raise UsageError("the pace is compared between settings of one rung; give a file with rows of one")
    arms = {label: curve([row for row in rows if row.settings == label]) for label in _in_order(rows)}
    first = next(iter(arms))
    seconds, goal = arms[first][-1]
    lines = []
    for label, its in arms.items():
        reached = time_to(its, goal)
        points = ", ".join(f"{loss:.4f} at {spent:.0f} s" for spent, loss in its)
        cells = [f"{reached:.0f} s", f"{seconds / reached:.2f}"] if reached else ["not reached", ""]
        lines.append([label if label == first else _changes(label, first), points, *cells])
    return table(["settings", "loss at core-seconds", f"time to {goal:.4f}", "times as fast"], lines)


def curve(rows: Sequence[Row]) -> Curve:
    """The budgets of one arm."""
    budgets: dict[int, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.pixels):
        budgets.setdefault(row.pixels, []).append(row)
    return [
        (fmean(row.trunk_seconds + row.branch_seconds for row in group), geometric_mean(row.loss for row in group))
        for group in budgets.values()
    ]


def time_to(its: Curve, goal: float) -> float | None:
    """Core-seconds until a curve is at a loss, between two of its points; None where it ends above or begins below."""
    if its[0][1] == goal:
        return its[0][0]
    for (before, above), (after, below) in pairwise(its):
        if above >= goal >= below:
            share = np.log(above / goal) / np.log(above / below) if above > below else 1.0
            return float(before * (after / before) ** share)
    return None


def _in_order(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.settings for row in rows))


def _changes(label: str, first: str) -> str:
    """Settings that the first arm has not."""
    return " ".join(setting for setting in label.split() if setting not in first.split())
