"""The search for a level: what it finds, and with how few trials."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.codec import search

LEVELS = 71
TYPICAL = (20.0, 40.0)


class Counted:
    """A function of levels that remembers what it was asked."""

    def __init__(self, value_at: Callable[[int], float]) -> None:
        self.value_at = value_at
        self.asked: list[int] = []

    def __call__(self, level: int) -> float:
        assert 0 <= level < LEVELS
        self.asked.append(level)
        return self.value_at(level)


def curved(level: int) -> float:
    """Rises as the qualities of pictures do: not along the typical line."""
    return 31 + 14 * math.sin(level / 70) + 0.05 * level


@pytest.mark.parametrize("level", range(LEVELS))
def test_every_level_is_found_in_few_trials(level: int) -> None:
    exact, trusting = Counted(curved), Counted(curved)
    goal = curved(level) - 1e-9  # just reached
    assert search.crossing(exact, goal, LEVELS, TYPICAL) == level
    assert len(exact.asked) == len(set(exact.asked)) <= 6
    assert level in exact.asked and (level == 0 or level - 1 in exact.asked)  # both sides were tried
    assert search.crossing(trusting, goal, LEVELS, TYPICAL, trust=True) == level
    assert len(trusting.asked) <= len(exact.asked)


def test_goals_beyond_both_ends_are_told_from_the_ends() -> None:
    assert search.crossing(Counted(curved), curved(0), LEVELS, TYPICAL) == 0
    assert search.crossing(Counted(curved), -100, LEVELS, TYPICAL) == 0
    assert search.crossing(Counted(curved), curved(70), LEVELS, TYPICAL) == 70
    assert search.crossing(Counted(curved), curved(70) + 1e-9, LEVELS, TYPICAL) == LEVELS


@given(st.lists(st.floats(0, 100) | st.just(math.inf), min_size=1, max_size=LEVELS), st.floats(-10, 110))
def test_whatever_the_values_are_the_search_ends_between_too_little_and_enough(
    values: list[float], goal: float
) -> None:
    asked: list[int] = []

    def value_at(level: int) -> float:
        asked.append(level)
        return values[level]

    found = search.crossing(value_at, goal, len(values), TYPICAL)
    assert found == len(values) or values[found] >= goal
    assert found == 0 or values[found - 1] < goal
    assert len(asked) == len(set(asked)) <= search.BISECT_AFTER + math.ceil(math.log2(LEVELS + 1))


def test_a_picture_without_error_from_some_level_on_is_no_obstacle() -> None:
    found = search.crossing(Counted(lambda level: 30 + level / 10 if level < 50 else math.inf), 34.95, LEVELS, TYPICAL)
    assert found == 50


def file_at(level: int) -> bytes:
    """As a photograph's: about 4 % larger from level to level."""
    return bytes(round(3000 * 1.04**level))


@pytest.mark.parametrize("level", [0, 1, 35, 69, 70])
def test_the_largest_file_that_fits_is_found_to_the_byte(level: int) -> None:
    most, typical = len(file_at(level)), (1000, 90_000)
    assert search.largest_within(file_at, most, LEVELS, typical) == (level, file_at(level), most)
    if level:
        assert search.largest_within(file_at, most - 1, LEVELS, typical).level == level - 1


def test_where_nothing_fits_the_smallest_file_that_was_tried_is_told() -> None:
    assert search.largest_within(file_at, 2999, LEVELS, (1000, 90_000)) == (0, bytes(3000), 3000)


def test_the_smallest_file_of_a_quality_is_found_and_the_best_where_none_has_it() -> None:
    def quality(data: bytes) -> float:
        return 10 * math.log10(len(data))

    for level in (0, 13, 70):
        least = quality(file_at(level))
        assert search.smallest_reaching(file_at, quality, least, LEVELS, TYPICAL) == (level, file_at(level), least)
    best = search.smallest_reaching(file_at, quality, 99, LEVELS, TYPICAL)
    assert best == (70, file_at(70), quality(file_at(70)))


def test_a_smaller_file_of_a_higher_level_is_preferred() -> None:
    """Where image coders take over, sizes may fall."""
    sizes = [100, 110, 120, 90, 95]
    found = search.smallest_reaching(
        lambda level: bytes(sizes[level]), lambda data: 30.0 + sizes.index(len(data)), 31.5, 5, (20, 34)
    )
    assert found == (3, bytes(90), 33.0)
