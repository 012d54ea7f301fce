"""Compute-optimal models: where a law meets the cost of a ladder.

Training compute is C = 6 m(N) D, with m(N) = k N^gamma multiply-adds a pixel. Where the derivative of
L(N, C / 6 m(N)) by N is zero, N is best; it grows as C^(beta / (alpha + gamma beta)).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from studies.scaling.law import UNIT_D, UNIT_N, Law
from studies.scaling.rows import Row


class Cost(NamedTuple):
    """Multiply-adds a pixel of a model of N million parameters: k N^gamma."""

    k: float
    gamma: float

    def pixels(self, flops: float, parameters: float) -> float:
        """Hundreds of millions of pixels that a compute pays for."""
        return float(flops / (6 * self.k * parameters**self.gamma) / UNIT_D)


class Optimum(NamedTuple):
    """The best model of a compute: millions of parameters, hundreds of millions of pixels, loss."""

    parameters: float
    pixels: float
    loss: float


def cost(rows: Sequence[Row]) -> Cost:
    """The ladder's cost: a straight line through its rungs, in logarithms."""
    rungs = {row.rung: (row.parameters / UNIT_N, row.macs_per_pixel) for row in rows}
    n, macs = np.log(np.array(list(rungs.values()))).T
    gamma, log_k = np.polyfit(n, macs, 1)
    return Cost(float(np.exp(log_k)), float(gamma))


def exponent(law: Law, cost: Cost) -> float:
    """Of the best N as a power of C."""
    return law.beta / (law.alpha + cost.gamma * law.beta)


def optimum(law: Law, cost: Cost, flops: float) -> Optimum:
    """The best model for a compute."""
    # alpha A N^-alpha = gamma beta B D^-beta, D = C / (6 k N^gamma)
    at_one = cost.pixels(flops, 1.0)
    ratio = law.alpha * law.a / (cost.gamma * law.beta * law.b)
    parameters = (ratio * at_one**law.beta) ** (1 / (law.alpha + cost.gamma * law.beta))
    pixels = cost.pixels(flops, parameters)
    return Optimum(parameters, pixels, float(law.loss(parameters, pixels)))
