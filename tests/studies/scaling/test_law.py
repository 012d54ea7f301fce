"""The fit of a law."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from studies.scaling.law import UNIT_D, UNIT_N, Law, _objective, collect, enough, fit
from tests.studies.scaling.laws import TRUE, rows


def test_a_law_is_found_again_from_exact_losses() -> None:
    found = fit(rows(noise=0.0), draws=0)
    assert found.law == pytest.approx(TRUE, rel=0.01)
    assert found.deviation < 1e-4


def test_intervals_of_noisy_losses_hold_the_law() -> None:
    found = fit(rows(noise=0.005), draws=60)
    assert found.deviation == pytest.approx(0.005, rel=0.4)
    for number, true in enumerate(TRUE):
        low, high = found.interval([law[number] for law in found.draws])
        assert low < true < high and high - low < 2 * true


def test_a_larger_size_is_predicted_from_smaller_ones() -> None:
    known, unknown = rows()[:-5], rows()[-5:]
    found = fit(known, draws=60)
    for row in unknown:
        predicted, (low, high) = found.prediction(row.parameters / UNIT_N, row.pixels / UNIT_D)
        assert low < predicted < high and high / low < 1.04
        assert row.loss == pytest.approx(predicted, rel=0.02)


def test_one_run_that_failed_decides_little() -> None:
    made = rows()
    spoilt = [*made[:12], replace(made[12], loss=2 * made[12].loss), *made[13:]]
    assert fit(spoilt, draws=0).law == pytest.approx(fit(made, draws=0).law, rel=0.1)


def test_the_gradient_is_that_of_the_objective() -> None:
    runs, x = collect(rows()), np.array([-1.2, -0.9, 0.5, -1.7, 0.3])
    numeric = approx_fprime(x, lambda at: _objective(at, runs)[0], 1e-7)
    assert _objective(x, runs)[1] == pytest.approx(numeric, rel=1e-3)


def test_few_runs_are_not_enough() -> None:
    assert not enough(rows(rungs=2)) and not enough(rows(budgets=2))
    assert enough(rows(rungs=3, budgets=3)) and not enough(rows(rungs=3, budgets=3)[:6])


def test_a_law_adds_what_size_and_training_lack() -> None:
    assert float(Law(1.0, 2.0, 0.5, 3.0, 1.0).loss(4.0, 6.0)) == 1 + 2 / 2 + 3 / 6
