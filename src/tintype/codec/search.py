"""The level that meets a target, with few trials: sizes and qualities rise with the level, nearly along a line."""

import math
from collections.abc import Callable
from typing import NamedTuple

BISECT_AFTER = 5  # trials; from there on the interval is halved, so that no values make the search long
CLEAR = 0.25  # of a step: a level that a line puts so far below the goal is not tried


class Trial(NamedTuple):
    """A file at some level. `value` is what is searched for: its bytes, or how good it is."""

    level: int
    data: bytes
    value: float


def largest_within(
    encode: Callable[[int], bytes], most_bytes: int, levels: int, typical_bytes: tuple[float, float]
) -> Trial:
    """The file of the highest level that fits; if none does, the smallest that was tried.

    Parameters
    ----------
    encode : the file at a level, 0 to `levels` - 1
    typical_bytes : at the lowest and at the highest level
    """
    tried: list[Trial] = []

    def log_size(level: int) -> float:
        data = encode(level)
        tried.append(Trial(level, data, len(data)))
        return math.log(len(data))

    first, last = typical_bytes
    # sizes are integers: those that are too large begin at one byte more
    crossing(log_size, math.log(most_bytes + 1), levels, (math.log(first), math.log(last)))
    fitting = [trial for trial in tried if trial.value <= most_bytes]
    return max(fitting, key=lambda trial: trial.level) if fitting else min(tried, key=lambda trial: trial.value)


def smallest_reaching(
    encode: Callable[[int], bytes],
    quality: Callable[[bytes], float],
    least: float,
    levels: int,
    typical: tuple[float, float],
) -> Trial:
    """The smallest file that is good enough; if none is, the best that was tried.

    A level is trusted not to reach the quality if its upper neighbour hardly does, see `crossing`.

    Parameters
    ----------
    encode : the file at a level, 0 to `levels` - 1
    quality : of a file
    typical : quality at the lowest and at the highest level
    """
    tried: list[Trial] = []

    def measured(level: int) -> float:
        data = encode(level)
        tried.append(Trial(level, data, quality(data)))
        return tried[-1].value

    crossing(measured, least, levels, typical, trust=True)
    # not simply the level that was found: where image coders take over, a higher one may be smaller
    enough = [trial for trial in tried if trial.value >= least]
    return min(enough, key=lambda trial: len(trial.data)) if enough else max(tried, key=lambda trial: trial.value)


def crossing(
    value_at: Callable[[int], float], goal: float, levels: int, typical: tuple[float, float], trust: bool = False
) -> int:
    """The lowest level whose value is at least the goal; `levels` if the highest has less.

    Values need not rise at every level. Then it is a level of at least the goal above one of less.

    Parameters
    ----------
    value_at : of a level, 0 to `levels` - 1; called at most once for each
    typical : values at the lowest and at the highest level, rising, for the first two trials
    trust : do not try the level below, if the line through the nearest trials puts it clearly below the goal
    """
    slope = (typical[1] - typical[0]) / max(levels - 1, 1)
    low, high = -1, levels  # below the goal, and not below it
    values: dict[int, float] = {}
    expected = (goal - typical[0]) / slope  # level at which the goal is reached, not an integer
    while high - low > 1:
        if len(values) < BISECT_AFTER and math.isfinite(expected):
            level = min(max(math.ceil(expected), low + 1), high - 1)
        else:
            level = (low + high) // 2
        values[level] = value_at(level)
        low, high = (low, level) if values[level] >= goal else (level, high)
        near, rise = _line(values, low, slope)
        if trust and len(values) > 1 and high in values and values[high] - rise < goal - CLEAR * rise:
            break
        expected = near + (goal - values[near]) / rise  # infinite where a file has no error
    return high


def _line(values: dict[int, float], low: int, slope: float) -> tuple[int, float]:
    """A level that was tried, near the goal, and how much values rise per level there.

    Parameters
    ----------
    low : highest level known to be below the goal
    slope : for a single trial, and where values do not rise
    """
    ordered = sorted(values)
    below = sum(level <= low for level in ordered)
    first = min(max(below - 1, 0), max(len(ordered) - 2, 0))
    pair = ordered[first : first + 2]  # the two around the goal, or the two nearest to it
    near = pair[-1] if below == len(ordered) else pair[0]
    if len(pair) < 2:
        return near, slope
    rise = (values[pair[1]] - values[pair[0]]) / (pair[1] - pair[0])
    return near, rise if rise > 0 else slope
