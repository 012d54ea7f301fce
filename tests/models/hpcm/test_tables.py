"""Rows and integer tables; equality with the official ones is in test_hpcm_golden.py."""

import numpy as np
import pytest
import torch

from tintype.models.hpcm.build_tables import excess_bits
from tintype.models.hpcm.coding import RowFinder
from tintype.models.hpcm.tables import (
    ROWS,
    fine_tables,
    join,
    official_tables,
    pmf,
    scale_tables,
    scales,
    thresholds,
    y_tables,
    z_part,
)


def rows_of(fine, scale):
    return RowFinder(fine, torch.device("cpu"))(torch.as_tensor(scale)).tolist()


def test_official_rows_round_scales_up() -> None:
    table = scales()
    assert rows_of(False, table) == list(range(ROWS))
    assert rows_of(False, np.nextafter(table, np.float32(np.inf))) == [*range(1, ROWS), ROWS - 1]
    assert rows_of(False, np.array([-3, 0, 0.12, 0.1201, 64, 1e9], np.float32)) == [0, 0, 0, 1, 59, 59]


def test_fine_rows_take_the_nearest_scale_in_the_logarithm() -> None:
    table = scales().astype(np.float64)
    tested = np.exp(np.linspace(np.log(0.1), np.log(80), 1001)).astype(np.float32)
    nearest = np.abs(np.log(tested[:, None]) - np.log(table)).argmin(1)
    assert rows_of(True, tested) == nearest.tolist()


def test_shipped_fine_tables_are_those_the_builder_makes() -> None:
    made, shipped = fine_tables(scales()), y_tables(True)
    np.testing.assert_array_equal(made.offsets, shipped.offsets)
    np.testing.assert_allclose(made.cumulative, shipped.cumulative, rtol=0, atol=1)  # another libm may move one


@pytest.mark.parametrize("scale", [0.13, 0.5, 2.2, 9.0, 40.0])
def test_fine_tables_cost_less_than_official_ones(scale: float) -> None:
    official, fine = (excess_bits(y_tables(kind), thresholds(kind), scale) for kind in (False, True))
    assert 0 <= fine < 0.003
    assert fine < official


def test_probabilities_are_the_density_integrated_over_unit_bins() -> None:
    scale, gamma = 3.0, 1.3541179394264  # gamma(2/3)
    mass, v = pmf(scale, 40), np.arange(-40, 41)
    inside = v[:, None] + (np.arange(1000) - 499.5) / 1000
    density = 1.5 / (2 * scale * gamma) * np.exp(-(np.abs(inside / scale) ** 1.5))
    np.testing.assert_allclose(mass, density.mean(1), rtol=1e-5)
    assert v**2 @ mass == pytest.approx((0.8594 * scale) ** 2 + 1 / 12, rel=1e-3)  # 1/12: rounding


def test_rows_of_z_follow_those_of_y() -> None:
    z = scale_tables([0.01, 1.0, 5.0], fine=False)
    both = join(y_tables(False), z)
    assert len(both) == ROWS + 3
    np.testing.assert_array_equal(z_part(both).cumulative, z.cumulative)
    bounded = official_tables(np.array([0.12, 5.0], np.float32))  # the widest row matters to the others' escapes
    np.testing.assert_array_equal(bounded.cumulative[: bounded.offsets[1]], z.cumulative[: z.offsets[1]])
