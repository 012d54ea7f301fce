"""Best sizes."""

import numpy as np
import pytest

from studies.scaling.envelope import Cost, cost, exponent, optimum
from tests.studies.scaling.laws import TRUE, rows


@pytest.mark.parametrize("flops", [1e13, 1e16])
def test_no_other_size_is_better_for_a_compute(flops: float) -> None:
    its = Cost(1e4, 1.1)
    sizes = np.geomspace(0.01, 1000, 20001)
    losses = np.array([TRUE.loss(n, its.pixels(flops, n)) for n in sizes])
    best = optimum(TRUE, its, flops)
    assert best.parameters == pytest.approx(sizes[losses.argmin()], rel=2e-3)
    assert best.loss == pytest.approx(losses.min(), rel=1e-6)
    assert 6 * its.k * best.parameters**its.gamma * best.pixels * 1e8 == pytest.approx(flops)


def test_the_best_size_grows_by_its_exponent() -> None:
    its = Cost(1e4, 1.1)
    ratio = optimum(TRUE, its, 1e15).parameters / optimum(TRUE, its, 1e14).parameters
    assert ratio == pytest.approx(10 ** exponent(TRUE, its))


def test_the_cost_of_a_ladder_passes_its_rungs() -> None:
    made = rows()
    its = cost(made)
    for row in made:
        assert its.k * (row.parameters / 1e6) ** its.gamma == pytest.approx(row.macs_per_pixel, rel=0.2)
