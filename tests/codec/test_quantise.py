import numpy as np
import pytest

from tintype.codec.entropy.tables import gaussian_tables
from tintype.codec.quantise import Nearest, RateDistortion
from tintype.codec.steps import EVERYTHING, Step

TABLES = gaussian_tables()
VALUES = np.array([0.4, 0.6, -0.6, 1.49, 2.51, -7.7, 40000.0], np.float32).reshape(1, 1, -1)


def step(row: int, worth: float | None) -> Step:
    rows = np.full(VALUES.shape, row, np.uint16)
    found = None if worth is None else np.full((1, 1, 1), worth, np.float32)
    return Step(rows, np.float32(3), np.float32(0.5), VALUES * 0.5 + 3, EVERYTHING, found)


def test_nearest_rounds_and_clips_to_the_symbol_type() -> None:
    assert Nearest(TABLES.skips)(step(40, None)).ravel().tolist() == [0, 1, -1, 1, 3, -8, 32767]


@pytest.mark.parametrize("quantise", [Nearest(TABLES.skips), RateDistortion.of(TABLES)])
def test_rows_that_hold_only_zero_get_zero(quantise: Nearest | RateDistortion) -> None:
    assert TABLES.skips[0]
    assert not quantise(step(0, 1.0)).any()


def test_errors_that_are_worth_everything_or_nothing() -> None:
    quantise = RateDistortion.of(TABLES)
    assert quantise(step(40, 1e9)).ravel().tolist()[:6] == [0, 1, -1, 1, 3, -8]
    assert quantise(step(40, 0.0)).ravel().tolist()[:6] == [0, 0, 0, 0, 2, -7]
    assert quantise(step(40, None)).ravel().tolist()[:6] == [0, 1, -1, 1, 3, -8]


def test_a_symbol_moves_exactly_where_bits_outweigh_the_error() -> None:
    quantise = RateDistortion.of(TABLES)
    row = 20
    rows, one = np.array([row], np.uint16), np.array([1], np.int16)
    bits = float((TABLES.rate_bits(rows, one) - TABLES.rate_bits(rows, one * 0))[0])
    added = (0.6**2 - 0.4**2) * 0.5**2  # error of 0 less that of 1, for the value 0.6 at width 0.5
    for factor, expected in ((0.98, 0), (1.02, 1)):
        assert quantise(step(row, factor * bits / added)).ravel()[1] == expected


@pytest.mark.parametrize("spread", [0.4, 3.0, 4000.0])
def test_native_code_finds_the_same_symbols(spread: float) -> None:
    rng = np.random.default_rng(251)
    shape = (7, 13, 11)
    quantise = RateDistortion.of(TABLES)
    mean, width, latents = (rng.normal(0, spread, shape).astype(np.float32) for _ in range(3))
    rows = rng.integers(0, len(TABLES), shape).astype(np.uint16)
    worth = rng.gamma(1, 2, (7, 1, 1)).astype(np.float32)
    latents[0, :2] = mean[0, :2] + np.abs(width[0, :2]) * np.float32(2.5)  # halves
    found = Step(rows, mean, np.abs(width) + np.float32(0.01), latents, EVERYTHING, worth)
    symbols = quantise(found)
    assert symbols.dtype == np.float32 and np.any(symbols) and np.any(np.abs(symbols) < np.abs(latents - mean) / 9)
    np.testing.assert_array_equal(symbols, quantise.on_any_arrays(found))


def test_native_code_refuses_rows_that_are_not_in_the_tables() -> None:
    quantise = RateDistortion.of(TABLES)
    ones = np.ones((1, 1, 2), np.float32)
    rows = np.array([[[3, len(TABLES)]]], np.uint16)
    with pytest.raises(ValueError, match="a row is not in the tables"):
        quantise(Step(rows, ones, ones, ones, EVERYTHING, np.ones((1, 1, 1), np.float32)))
