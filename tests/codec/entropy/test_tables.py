"""Integer tables: what they hold, what they cost, and what they refuse."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import tables
from tintype.codec.entropy.tables import (
    TOTAL,
    Tables,
    gaussian_pmf,
    gaussian_scales,
    gaussian_tables,
    integer_frequencies,
)
from tintype.errors import InputError, WeightsError

HPCM = Path(__file__).parents[2] / "golden" / "hpcm" / "tables.npz"


def small() -> Tables:
    """Row 0 skips; row 1 holds -1, 0, 1 with a quarter, a half, an eighth; its escape has an eighth."""
    return Tables.from_rows([[0, TOTAL], [0, 16384, 49152, 57344, TOTAL]], [0, -1])


@given(tables())
def test_arrays_bring_the_same_tables_back(these: Tables) -> None:
    again = Tables.from_arrays(these.to_arrays())
    for name, array in these.to_arrays().items():
        assert np.array_equal(again.to_arrays()[name], array)
    assert np.array_equal(again.counts, these.counts)


def test_tables_cannot_be_changed_from_outside() -> None:
    cumulative = np.array([0, 5, TOTAL], np.int32)
    these = Tables(cumulative, np.array([0, 3], np.int32), np.zeros(1, np.int16))
    cumulative[1] = 9
    assert these.cumulative[1] == 5
    with pytest.raises(ValueError, match="read-only"):
        these.cumulative[1] = 9


def test_padded_tables_of_another_coder_are_held_exactly() -> None:
    golden = np.load(HPCM)
    padded, lengths, first = golden["quantized_cdf_y"], golden["cdf_length_y"], golden["offset_y"]
    these = Tables.from_rows([row[:n] for row, n in zip(padded, lengths, strict=True)], first)
    assert len(these) == 60
    for r, (row, n) in enumerate(zip(padded, lengths, strict=True)):
        assert np.array_equal(these.cumulative[these.offsets[r] : these.offsets[r + 1]], row[:n])
        assert these.counts[r] == n - 2  # n boundaries, n - 1 intervals, one of them the escape


@pytest.mark.parametrize(
    ("rows", "first", "message"),
    [
        ([], [], "no rows"),
        ([[0, 5, TOTAL]], [0, 1], "1 to 65536 rows"),
        ([[0]], [0], "rise from 0"),
        ([[1, 5, TOTAL]], [0], "every row must run"),
        ([[0, 5, TOTAL - 1]], [0], "every row must run"),
        ([[0, TOTAL], [0, 5, 5, TOTAL]], [0, 0], "row 1 does not rise"),
        ([[0, 5, 4, TOTAL]], [0], "row 0 does not rise"),
        ([[0, TOTAL]], [1], "must be the symbol 0, not 1"),
        ([[0, 5, 6, TOTAL]], [32767], "above 32767"),
        ([[0, 5, TOTAL]], [32768], "outside -32768"),
        ([[0.0, 5.0, TOTAL]], [0], "integers"),
    ],
)
def test_rows_that_are_no_tables_are_refused(rows: list[list[int]], first: list[int], message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        Tables.from_rows(rows, first)


def test_the_highest_symbols_fit() -> None:
    assert Tables.from_rows([[0, 5, 6, TOTAL]], [32766]).counts.tolist() == [2]


def test_missing_arrays_are_named() -> None:
    with pytest.raises(WeightsError, match="offsets, first"):
        Tables.from_arrays({"cumulative": [0, TOTAL]})


def test_rate_is_the_logarithm_of_the_frequency_and_skips_are_free() -> None:
    rows = np.array([1, 1, 1, 0], np.uint16)
    assert small().rate_bits(rows, np.array([-1, 0, 1, 0], np.int16)).tolist() == [2, 1, 3, 0]


@pytest.mark.parametrize(
    ("symbol", "bits"),
    # escape 3, side 1, prefix k + 1, suffix k + 3 with 8 * 2^k <= excess + 8 < 16 * 2^k
    [(2, 8), (9, 8), (10, 10), (-2, 8), (-9, 8), (-10, 10), (32767, 4 + 13 + 15), (-32768, 4 + 13 + 15)],
)
def test_rate_of_an_escape_is_that_of_its_exp_golomb_code(symbol: int, bits: int) -> None:
    assert small().rate_bits(np.array([1], np.uint16), np.array([symbol], np.int16)).tolist() == [bits]


def test_rate_refuses_what_cannot_be_coded() -> None:
    with pytest.raises(InputError, match="position 1 has row 0"):
        small().rate_bits(np.array([1, 0], np.uint16), np.array([1, 1], np.int16))
    with pytest.raises(InputError, match="row 2 at position 0"):
        small().rate_bits(np.array([2], np.uint16), np.array([0], np.int16))


def test_entropy_of_each_row() -> None:
    assert small().entropy_bits().tolist() == [0, 1.75]


def cost_bits(mass: np.ndarray, frequencies: np.ndarray) -> float:
    return float(-(mass * np.log2(frequencies / TOTAL)).sum())


@given(st.lists(st.floats(0, 1) | st.floats(0, 1e-6), min_size=2, max_size=40), st.randoms())
def test_no_other_integers_code_a_distribution_in_fewer_bits(weights: list[float], random: Random) -> None:
    mass = np.array(weights) + 1e-12
    mass /= mass.sum()
    best = integer_frequencies(mass)
    assert best.sum() == TOTAL
    assert best.min() >= 1
    for _ in range(20):
        other = best.copy()
        origin, to = random.sample(range(len(mass)), 2)
        moved = random.randint(0, int(other[origin]) - 1)
        other[origin] -= moved
        other[to] += moved
        assert cost_bits(mass, best) <= cost_bits(mass, other) * (1 + 1e-12)


@pytest.mark.parametrize("mass", [[1.0], [0.5, 0.6], [1.5, -0.5], [float("nan"), 1.0], [0.5, 0.4]])
def test_masses_that_are_no_distribution_are_refused(mass: list[float]) -> None:
    with pytest.raises(WeightsError):
        integer_frequencies(np.array(mass))


def test_pmfs_leave_the_rest_to_the_escape() -> None:
    these = Tables.from_pmfs([[0.25, 0.5], [1.0], [1.0]], [3, 0, 7])
    assert these.cumulative.tolist() == [0, 16384, 49152, TOTAL, 0, TOTAL, 0, TOTAL - 1, TOTAL]
    assert these.skips.tolist() == [False, True, False]


def test_gaussian_rows_span_five_sigma_and_narrow_ones_skip() -> None:
    scales, these = gaussian_scales(), gaussian_tables()
    assert scales[0] == 0.11
    assert scales[-1] == pytest.approx(64, rel=1e-12)
    assert these.skips.tolist() == (scales < 0.16).tolist()
    wide = ~these.skips
    assert these.first[wide].tolist() == (-np.ceil(5 * scales[wide])).astype(int).tolist()
    assert these.counts[wide].tolist() == (2 * np.ceil(5 * scales[wide]) + 1).astype(int).tolist()


def test_gaussian_integers_cost_little_over_the_gaussians() -> None:
    scales, these = gaussian_scales(), gaussian_tables()
    for r in np.flatnonzero(~these.skips).tolist():
        pmf = gaussian_pmf(float(scales[r]), -int(these.first[r]))
        widths = np.diff(these.cumulative[these.offsets[r] : these.offsets[r + 1]])
        entropy = -(pmf * np.log2(pmf)).sum()
        assert cost_bits(pmf, widths[:-1]) <= entropy * 1.002


def test_gaussian_pmf_is_symmetric_exact_in_the_tail_and_sums_to_one() -> None:
    pmf = gaussian_pmf(0.5, 9)
    assert np.array_equal(pmf, pmf[::-1])
    assert pmf.sum() == pytest.approx(1, abs=1e-15)
    assert pmf[-1] == pytest.approx(4.1e-65, rel=0.05)  # upper tail beyond 17 standard deviations
