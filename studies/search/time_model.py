"""A model of a synthesis' time: a sum over its layers, with costs that cannot be negative, fitted to measurements."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.stats import spearmanr

from studies.search.rows import Row
from studies.search.space import BASE, PIXELS, STRIDES, Shape, Shapes

Floats = NDArray[np.float64]
TILE = 32  # outputs that the widest kernels compute together; the rest costs more for each multiply-add
UNSEEN = 3  # every third measurement is kept from the fit
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class TimeModel:
    """Fitted costs of `features`, in shares of the time of today's decoder.

    Parameters
    ----------
    correlation : Spearman's, of predicted and measured times that the fit did not see, with its 95 % interval
    error : median relative error of those
    """

    costs: Floats
    fitted: int
    unseen: int
    correlation: tuple[float, float, float]  # value, low, high
    error: float

    def predict(self, shapes: Shapes) -> Floats:
        """Times as shares of today's decoder's, (n,)."""
        found: Floats = features(shapes) @ self.costs
        return found


def features(shapes: Shapes) -> Floats:
    """(n, F): what each kind of layer computes and moves per pixel, thousands."""
    c16, c8, c4, head = shapes[:, 0], shapes[:, 3], shapes[:, 6], shapes[:, 9]
    columns = [
        np.full(len(shapes), 1000.0),  # what all have
        (BASE.latents * c16 + 4 * (c16 + BASE.latents) * c8) / STRIDES[0] ** 2,
        4 * c8 * c4 / STRIDES[1] ** 2,
        PIXELS * c4 * head**2 / STRIDES[2] ** 2,
        (head > 1) * c4 / STRIDES[2] ** 2,  # the integers that a 3x3 reads
        c8 / STRIDES[1] ** 2,  # maps that resampling writes
        c4 / STRIDES[2] ** 2,
    ]
    for stage, stride in enumerate(STRIDES):
        channels, blocks, expansion = shapes[:, 3 * stage : 3 * stage + 3].T
        hidden = expansion * channels
        ragged = hidden % TILE * channels + channels % TILE * hidden
        columns += [blocks * each / stride**2 for each in (2 * hidden * channels, channels, hidden, ragged)]
    return np.stack(columns, 1) / 1000


def fit(rows: Sequence[Row], engine: str) -> TimeModel:
    """Fit to two thirds of the measurements of an engine; relative errors count."""
    shapes = np.array([Shape.named(row["shape"]).row for row in rows])
    times = np.array([row[f"{engine}_ratio"] for row in rows])
    unseen = np.arange(len(rows)) % UNSEEN == 0
    scaled = features(shapes) / times[:, None]
    costs, _ = nnls(scaled[~unseen], np.ones(int((~unseen).sum())))
    predicted = features(shapes[unseen]) @ costs
    errors = np.abs(predicted / times[unseen] - 1)
    return TimeModel(
        costs, int((~unseen).sum()), int(unseen.sum()), correlation(predicted, times[unseen]), median(errors.tolist())
    )


def correlation(predicted: Floats, measured: Floats) -> tuple[float, float, float]:
    """Spearman's rank correlation and its 95 % interval, from resampled pairs."""
    rng = np.random.default_rng(0)
    chosen = rng.integers(len(measured), size=(RESAMPLES, len(measured)))
    found = [float(spearmanr(predicted[each], measured[each]).statistic) for each in chosen]
    low, high = np.percentile(found, [2.5, 97.5])
    return float(spearmanr(predicted, measured).statistic), float(low), float(high)
