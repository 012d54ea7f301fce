"""Integer tables of the generalised Gaussian, and which row a predicted scale takes.

Two sets. The *official* one reproduces the tables that the authors build at run time, losses included: a
scale is rounded up to the next of 60, and what flooring loses goes to the escape symbol. The *fine* one, for
our own weights, takes the nearest of the same 60 scales, spends every count where it saves most, and lets
rarer values escape. Against an ideal coder they cost 0.0045 and 0.0009 bit a symbol (scales log-uniform in
0.12 ... 64; `python -m
tintype.models.hpcm.build_tables` measures it).

The tables of y are data (`tables.npz`), made by that command: files must never depend on how a machine rounds
the incomplete gamma function. Those of z depend on the weights and live in the weights file.
"""

import math
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from tintype.codec.entropy.tables import TOTAL, Tables
from tintype.models.hpcm.entropy import SCALE_BOUND, SCALE_MAX, SHAPE, cumulative

ROWS = 60
"""Rows of y; rows of z follow, one per channel."""
_DATA = "tables.npz"
_REACH = 5.42691097558631  # official: in scales, from the centre to the tail that holds 5e-7
FINE_REACH = 4.0  # the cheapest of 3, 3.5, ..., 5.4: longer rows spend a count on each value that hardly comes

Floats32 = NDArray[np.float32]
Floats64 = NDArray[np.float64]


def scales() -> Floats32:
    """The 60 scales, float32, a geometric series from 0.12 to 64."""
    return torch.exp(torch.linspace(math.log(SCALE_BOUND), math.log(SCALE_MAX), ROWS)).numpy()


@cache
def thresholds(fine: bool) -> Floats32:
    """Row r holds the scales s with thresholds[r - 1] < s <= thresholds[r]; float32, shape (59,)."""
    table: Floats32 = _data()["scales"]
    if not fine:
        return table[:-1]
    wide = table.astype(np.float64)
    return np.sqrt(wide[1:] * wide[:-1]).astype(np.float32)


@cache
def y_tables(fine: bool) -> Tables:
    """The shipped 60 rows."""
    kind = "fine" if fine else "official"
    frequencies, first = _data()[f"{kind}_frequencies"].astype(np.int64), _data()[f"{kind}_first"]
    ends = np.cumsum(2 - 2 * first.astype(np.int64))  # -c ... c and the escape
    rows = np.split(frequencies, ends[:-1])
    return Tables.from_rows([np.append(0, np.cumsum(row)) for row in rows], first)


@cache
def _data() -> dict[str, NDArray[Any]]:
    with resources.files(__package__).joinpath(_DATA).open("rb") as file, np.load(file) as arrays:
        return dict(arrays)


def scale_tables(scale: ArrayLike, fine: bool) -> Tables:
    """One row per scale (at least 0.12).

    The result depends on this machine's incomplete gamma function: make it once and keep it with the weights.
    """
    bounded = np.maximum(np.asarray(scale, np.float32).ravel(), np.float32(SCALE_BOUND))
    return fine_tables(bounded) if fine else official_tables(bounded)


def join(y: Tables, z: Tables) -> Tables:
    """All rows of a model: those of y, then those of z."""
    offsets = np.concatenate([y.offsets, z.offsets[1:] + y.offsets[-1]])
    return Tables(np.concatenate([y.cumulative, z.cumulative]), offsets, np.concatenate([y.first, z.first]))


def z_part(tables: Tables) -> Tables:
    """The rows of z among all rows of a model."""
    start = tables.offsets[ROWS]
    return Tables(tables.cumulative[start:], tables.offsets[ROWS:] - start, tables.first[ROWS:])


def fine_tables(scale: Floats32, reach: float = FINE_REACH) -> Tables:
    """Rows of float32 scales that code in the fewest bits; values beyond `reach` scales escape."""
    limits = [math.ceil(reach * value) for value in scale.astype(np.float64).tolist()]
    pmfs = [pmf(float(value), limit) for value, limit in zip(scale, limits, strict=True)]
    return Tables.from_pmfs(pmfs, [-limit for limit in limits])


def pmf(scale: float, reach: int) -> Floats64:
    """Exact probabilities of the integers -reach ... reach, shape (2 reach + 1,)."""
    edges = torch.from_numpy((np.arange(reach + 2) - 0.5) / scale)
    order = torch.full((), 1 / SHAPE, dtype=torch.float64)
    tail = torch.special.gammaincc(order, edges.abs() ** SHAPE).numpy() / 2  # keeps its digits far out
    tail[0] = 1 - tail[0]
    upper: Floats64 = tail[:-1] - tail[1:]
    return np.concatenate([upper[:0:-1], upper])


def official_tables(scale: Floats32) -> Tables:
    """The authors' tables, in float32 where theirs are."""
    reach = np.ceil(scale.astype(np.float64) * _REACH).astype(np.int64)
    columns = 2 * int(reach.max()) + 1  # theirs is one padded table, and its width enters the escape's mass
    rows = []
    for value, limit in zip(scale, reach.tolist(), strict=True):
        n = np.arange(-limit, limit + 1, dtype=np.float32)
        mass = _distribution((n + np.float32(0.5)) / value) - _distribution((n - np.float32(0.5)) / value)
        ends = np.array([-limit - 0.5, columns - 1 - limit + 0.5], np.float32) / value
        below, above = _distribution(ends)
        rows.append(_official_row(np.append(mass, below + (np.float32(1) - above)).astype(np.float32)))
    return Tables.from_rows(rows, -reach)


def _distribution(t: Floats32) -> Floats32:
    return cumulative(torch.from_numpy(np.atleast_1d(t))).numpy()


def _official_row(mass: Floats32) -> NDArray[np.int64]:
    """Cumulative counts: rounded, scaled by floors, all losses to the last symbol, no interval empty."""
    counts = np.floor(mass * np.float32(TOTAL) + np.float32(0.5)).astype(np.int64)
    row = np.append(0, np.cumsum(TOTAL * counts // counts.sum()))
    row[-1] = TOTAL
    for empty in range(len(mass)):
        if row[empty] == row[empty + 1]:
            counts = np.diff(row)
            donor = int(np.where(counts > 1, counts, TOTAL + 1).argmin())
            if donor < empty:
                row[donor + 1 : empty + 1] -= 1
            else:
                row[empty + 1 : donor + 1] += 1
    return row
