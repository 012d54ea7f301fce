"""Bjontegaard's delta rate: the mean difference in rate between two curves at equal quality.

The package `bjontegaard` computes it: log10 of the rate is interpolated over quality (Akima or PCHIP through all
points), integrated over the qualities that both curves have, and the mean difference is turned back into per cent.
What is decided here: which points enter, how much the curves must have in common, and that two conventions of one
metric are never compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tintype.errors import InputError, UnsupportedError

Method = Literal["akima", "pchip"]
METHODS: tuple[Method, ...] = ("akima", "pchip")
MIN_POINTS = 4  # fewer do not fix a cubic
MIN_OVERLAP = 0.25  # share of the union of both quality intervals; below it a mean says little about either curve
ALL_RATES = (0.0, float("inf"))
PROJECT_WINDOW = (0.08, 1.6)  # bpp; where photos are shared and stored


class NotComparableError(InputError):
    """Two curves from which no honest mean can be taken; the message says why."""


@dataclass(frozen=True)
class Curve:
    """Points of one codec: mean rate and mean qualities over one set of pictures.

    Parameters
    ----------
    name : as shown in tables
    bpp : (n,), bits of whole files per pixel; any order
    quality : by metric ("psnr", "ms_ssim_db_mean", "ms_ssim_db_of_mean", ...), (n,) each; NaN where not measured
    note : source or settings, as shown in tables
    stored : read from a file of published or earlier results, not measured in this run
    """

    name: str
    bpp: NDArray[np.float64]
    quality: Mapping[str, NDArray[np.float64]]
    note: str = ""
    stored: bool = False

    @cached_property
    def metrics(self) -> frozenset[str]:
        """Metrics with enough points for a BD-rate."""
        return frozenset(m for m, values in self.quality.items() if np.isfinite(values).sum() >= MIN_POINTS)

    def points(
        self, metric: str, window: tuple[float, float] = ALL_RATES
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """bpp and quality inside a window of bpp, rising in both.

        Sorted by rate; a point that is not better than all points of lower rate is dropped, since the inverse (rate
        over quality) must be a function.
        """
        values = self.quality.get(metric)
        if values is None:
            raise NotComparableError(f"{self.name} has no {metric}")
        usable = np.isfinite(values) & (self.bpp >= window[0]) & (self.bpp <= window[1])
        order = np.argsort(self.bpp[usable], kind="stable")
        bpp, values = self.bpp[usable][order], values[usable][order]
        best_before = np.maximum.accumulate(np.concatenate([[-np.inf], values[:-1]])) if len(values) else values
        rising = values > best_before
        return bpp[rising], values[rising]


@dataclass(frozen=True, slots=True)
class BdRate:
    """Result of one comparison."""

    percent: float  # rate of the test curve against the anchor at equal quality; negative: smaller files
    overlap: float  # common quality interval as a share of the union of both, 0 to 1
    interval: tuple[float, float]  # the common qualities, in units of the metric


def bd_rate(
    anchor: Curve,
    test: Curve,
    metric: str = "psnr",
    method: Method = "akima",
    window: tuple[float, float] = ALL_RATES,
    min_overlap: float = MIN_OVERLAP,
) -> BdRate:
    """Mean difference in rate of `test` against `anchor` at equal quality.

    Parameters
    ----------
    metric : key of `Curve.quality`, the same for both: conventions of one metric have keys of their own
    window : lowest and highest bpp of the points that enter, both curves

    Raises
    ------
    NotComparableError
        Too few points, or too little quality in common.
    UnsupportedError
        The package is not installed.
    """
    try:
        bjontegaard_rate = import_module("bjontegaard").bd_rate
    except ImportError as error:
        raise UnsupportedError('BD-rates need the package bjontegaard; pip install "tintype[eval]"') from error

    anchor_bpp, anchor_quality = _enough(anchor, metric, window)
    test_bpp, test_quality = _enough(test, metric, window)
    low = float(max(anchor_quality[0], test_quality[0]))
    high = float(min(anchor_quality[-1], test_quality[-1]))
    union = max(anchor_quality[-1], test_quality[-1]) - min(anchor_quality[0], test_quality[0])
    overlap = float(max(high - low, 0) / union)
    if overlap < max(min_overlap, np.finfo(float).tiny):
        raise NotComparableError(
            f"{test.name} has {metric} {test_quality[0]:.2f} to {test_quality[-1]:.2f} and {anchor.name} "
            f"{anchor_quality[0]:.2f} to {anchor_quality[-1]:.2f}: {overlap:.0%} in common, {min_overlap:.0%} needed"
        )
    percent = bjontegaard_rate(
        anchor_bpp,
        anchor_quality,
        test_bpp,
        test_quality,
        method=method,
        require_matching_points=False,
        min_overlap=0,
    )
    return BdRate(float(percent), overlap, (low, high))


def bd_rate_or_none(
    anchor: Curve, test: Curve, metric: str = "psnr", window: tuple[float, float] = ALL_RATES
) -> BdRate | None:
    """`bd_rate` by Akima, or None where no honest mean can be taken."""
    try:
        return bd_rate(anchor, test, metric, window=window)
    except NotComparableError:
        return None


def _enough(curve: Curve, metric: str, window: tuple[float, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    bpp, quality = curve.points(metric, window)
    if len(bpp) < MIN_POINTS:
        where = "" if window == ALL_RATES else f" between {window[0]:g} and {window[1]:g} bpp"
        raise NotComparableError(
            f"{curve.name} has {len(bpp)} rising points of {metric}{where}; {MIN_POINTS} are needed"
        )
    return bpp, quality
