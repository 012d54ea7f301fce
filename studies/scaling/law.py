"""L(N, D) = E + A N^-alpha + B D^-beta, fitted to finished runs (Hoffmann et al. 2022, approach 3).

The loss of a fit is Huber's on the differences of log L, minimised by L-BFGS from several starts. E, A and B are fitted
as their logarithms, so they stay positive. N counts in millions of parameters and D in hundreds of millions of pixels:
A and B are then the losses that a model of a million parameters, and a training of 100 Mpx, add to the floor E.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from studies.scaling.rows import Row

UNIT_N, UNIT_D = 1e6, 1e8
PARAMETERS = 5
HUBER = (
    0.01  # of log L: about the spread of seeds. Larger differences count linearly, so that single runs decide little
)
BOUNDS = ((-8.0, 4.0), (-12.0, 8.0), (0.02, 4.0), (-12.0, 8.0), (0.02, 4.0))  # log E, log A, alpha, log B, beta
STARTS = tuple(product((0.5, 0.8, 0.95), (0.3, 1.0), (0.3, 1.0)))  # E as a share of the smallest loss, alpha, beta

Values = NDArray[np.float64]  # (runs,)


class Runs(NamedTuple):
    """What a law is fitted to, each (runs,)."""

    parameters: Values  # millions
    pixels: Values  # hundreds of millions
    loss: Values


class Law(NamedTuple):
    """A fitted law; see the module for units."""

    floor: float
    a: float
    alpha: float
    b: float
    beta: float

    def loss(self, parameters: Values | float, pixels: Values | float) -> Values:
        """L of millions of parameters and hundreds of millions of pixels."""
        n, d = np.asarray(parameters, float), np.asarray(pixels, float)
        return np.asarray(self.floor + self.a * n**-self.alpha + self.b * d**-self.beta)


@dataclass(frozen=True, slots=True)
class Fit:
    """A law, and laws of bootstrap samples: runs drawn with replacement.

    Parameters
    ----------
    deviation : standard deviation of log L around the law
    draws : laws of the samples
    """

    law: Law
    deviation: float
    draws: tuple[Law, ...]

    def interval(self, values: Sequence[float]) -> tuple[float, float]:
        """Where 95 % of the values of the samples lie."""
        low, high = np.quantile(values, (0.025, 0.975))
        return float(low), float(high)

    def prediction(self, parameters: float, pixels: float) -> tuple[float, tuple[float, float]]:
        """Loss of a new run, and the interval that holds it with 95 %: samples, and the deviation of single runs."""
        noise = np.random.default_rng(0).normal(0, self.deviation, len(self.draws))
        seen = [float(law.loss(parameters, pixels)) * np.exp(e) for law, e in zip(self.draws, noise, strict=True)]
        return float(self.law.loss(parameters, pixels)), self.interval(seen)


def collect(rows: Sequence[Row]) -> Runs:
    """Arrays of some rows."""
    return Runs(
        np.array([row.parameters / UNIT_N for row in rows]),
        np.array([row.pixels / UNIT_D for row in rows]),
        np.array([row.loss for row in rows]),
    )


def enough(rows: Sequence[Row]) -> bool:
    """Whether a law can be told: three sizes, three budgets, and more runs than the law has parameters."""
    runs = collect(rows)
    return min(len(set(runs.parameters)), len(set(runs.pixels))) >= 3 and len(rows) > PARAMETERS + 1


def fit(rows: Sequence[Row], draws: int, seed: int = 0) -> Fit:
    """Fit a law, and one to each bootstrap sample."""
    runs = collect(rows)
    law = _best(runs, _starts(runs))
    residuals = np.log(runs.loss / law.loss(runs.parameters, runs.pixels))
    deviation = float(np.sqrt(np.sum(residuals**2) / (len(rows) - PARAMETERS)))
    rng = np.random.default_rng(seed)
    samples: list[Law] = []
    while len(samples) < draws:
        chosen = rng.integers(len(rows), size=len(rows))
        if enough([rows[i] for i in chosen]):
            sample = Runs(*(values[chosen] for values in runs))
            samples.append(_best(sample, [_vector(law), *list(_starts(sample))[::6]]))
    return Fit(law, deviation, tuple(samples))


def _starts(runs: Runs) -> Iterator[Values]:
    """Vectors to start from: what is above E begins as caused by N and D in equal parts, at their medians."""
    for share, alpha, beta in STARTS:
        floor = share * runs.loss.min()
        half = max(float(np.median(runs.loss)) - floor, 1e-6) / 2
        a, b = half * np.median(runs.parameters) ** alpha, half * np.median(runs.pixels) ** beta
        yield _vector(Law(float(floor), float(a), alpha, float(b), beta))


def _vector(law: Law) -> Values:
    return np.array([np.log(law.floor), np.log(law.a), law.alpha, np.log(law.b), law.beta])


def _law(x: Values) -> Law:
    return Law(float(np.exp(x[0])), float(np.exp(x[1])), float(x[2]), float(np.exp(x[3])), float(x[4]))


def _best(runs: Runs, starts: Iterator[Values] | Sequence[Values]) -> Law:
    """The law of the smallest objective that any start leads to."""
    found = [
        minimize(_objective, start, (runs,), method="L-BFGS-B", jac=True, bounds=BOUNDS, options={"maxiter": 2000})
        for start in starts
    ]
    return _law(min(found, key=lambda each: each.fun).x)


def _objective(x: Values, runs: Runs) -> tuple[float, Values]:
    """Huber's loss of the differences of log L, summed, and its gradient; in units of HUBER squared."""
    law = _law(x)
    of_n = law.a * runs.parameters**-law.alpha  # (runs,)
    of_d = law.b * runs.pixels**-law.beta
    predicted = law.floor + of_n + of_d
    r = np.log(predicted / runs.loss) / HUBER
    value = np.where(np.abs(r) <= 1, r**2 / 2, np.abs(r) - 0.5).sum()
    slope = np.clip(r, -1, 1) / predicted / HUBER  # of the value by each predicted loss
    gradient = [
        slope * law.floor,
        slope * of_n,
        -slope * of_n * np.log(runs.parameters),
        slope * of_d,
        -slope * of_d * np.log(runs.pixels),
    ]
    return float(value), np.array([each.sum() for each in gradient])
