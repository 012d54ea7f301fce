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
    costs : by feature
    correlation : Spearman's, of predicted and measured times that the fit did not see, with its 95 % interval
    error : median relative error of those
    """

    costs: dict[str, float]
    fitted: int
    unseen: int
    correlation: tuple[float, float, float]  # value, low, high
    error: float

    def predict(self, shapes: Shapes) -> Floats:
        """Times as shares of today's decoder's, (n,)."""
        return sum((self.costs[name] * value for name, value in features(shapes).items()), np.zeros(len(shapes)))


def features(shapes: Shapes) -> dict[str, Floats]:
    """What each kind of layer computes and moves per pixel, thousands, (n,) each."""
    c16, c8, c4, head = shapes[:, 0], shapes[:, 3], shapes[:, 6], shapes[:, 9]
    at16, at8, at4 = (1000 * stride**2 for stride in STRIDES)
    found = {
        "once": np.ones(len(shapes)),
        "multiply-adds of 1x1 layers at 1/16": (BASE.latents * c16 + 4 * (c16 + BASE.latents) * c8) / at16,
        "multiply-adds of the 1x1 layer at 1/8": 4 * c8 * c4 / at8,
        "multiply-adds of the last kernel": PIXELS * c4 * head**2 / at4,
        "values that a last 3x3 reads": (head > 1) * c4 / at4,
        "values given to 1/8": c8 / at8,
        "values given to 1/4": c4 / at4,
    }
    for stage, stride in enumerate(STRIDES):
        channels, blocks, expansion = shapes[:, 3 * stage : 3 * stage + 3].T
        hidden, times, where = expansion * channels, blocks / (1000 * stride**2), f"of blocks at 1/{stride}"
        found |= {
            f"multiply-adds {where}": 2 * hidden * channels * times,
            f"values {where}": channels * times,
            f"hidden values {where}": hidden * times,
            f"multiply-adds {where} beside full tiles": (hidden % TILE * channels + channels % TILE * hidden) * times,
        }
    return found


def fit(rows: Sequence[Row], engine: str) -> TimeModel:
    """Fit to two thirds of the measurements of an engine; relative errors count."""
    shapes = np.array([Shape.named(row["shape"]).row for row in rows])
    times = np.array([row[f"{engine}_ratio"] for row in rows])
    unseen = np.arange(len(rows)) % UNSEEN == 0
    names, columns = zip(*features(shapes).items(), strict=True)
    costs, _ = nnls((np.stack(columns, 1) / times[:, None])[~unseen], np.ones(int((~unseen).sum())))
    predicted = np.stack(columns, 1)[unseen] @ costs
    errors = np.abs(predicted / times[unseen] - 1)
    return TimeModel(
        dict(zip(names, costs.tolist(), strict=True)),
        int((~unseen).sum()),
        int(unseen.sum()),
        correlation(predicted, times[unseen]),
        median(errors.tolist()),
    )


def correlation(predicted: Floats, measured: Floats) -> tuple[float, float, float]:
    """Spearman's rank correlation and its 95 % interval, from resampled pairs."""
    rng = np.random.default_rng(0)
    chosen = rng.integers(len(measured), size=(RESAMPLES, len(measured)))
    found = [float(spearmanr(predicted[each], measured[each]).statistic) for each in chosen]
    low, high = np.percentile(found, [2.5, 97.5])
    return float(spearmanr(predicted, measured).statistic), float(low), float(high)
