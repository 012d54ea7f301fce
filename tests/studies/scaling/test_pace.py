"""Ways to train, at equal time."""

from dataclasses import replace

import pytest

from studies.scaling.pace import compare, curve, time_to
from studies.scaling.rows import Row
from tests.studies.scaling.laws import rows
from tintype.errors import UsageError


def arm(settings: str, seconds: tuple[float, ...], losses: tuple[float, ...]) -> list[Row]:
    """Rows of budgets of 1, 2, ... pixels."""
    first = rows(rungs=1, budgets=1)[0]
    return [
        replace(first, settings=settings, pixels=pixels, trunk_seconds=spent - 1, branch_seconds=1.0, loss=loss)
        for pixels, (spent, loss) in enumerate(zip(seconds, losses, strict=True), 1)
    ]


def test_an_arm_that_is_there_in_half_of_the_time_is_twice_as_fast() -> None:
    made = [
        *arm("a batch=4 decay=0.4", (100, 200, 400), (1.0, 0.9, 0.8)),
        *arm("a batch=32 decay=0.4", (50, 200), (1.0, 0.8)),
        *arm("a batch=64 decay=0.4", (100, 400), (1.1, 0.9)),
    ]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in compare(made).splitlines()[2:]]
    assert [line[0] for line in lines] == ["a batch=4 decay=0.4", "batch=32", "batch=64"]
    assert [line[2:] for line in lines] == [["400 s", "1.00"], ["200 s", "2.00"], ["not reached", ""]]
    assert lines[1][1] == "1.0000 at 50 s, 0.8000 at 200 s"


def test_times_between_points_are_interpolated_in_logarithms() -> None:
    assert time_to([(10.0, 1.0), (1000.0, 0.25)], 0.5) == pytest.approx(100)
    assert time_to([(10.0, 1.0), (1000.0, 0.25)], 0.2) is None
    assert time_to([(10.0, 1.0), (1000.0, 0.25)], 1.1) is None
    assert time_to([(10.0, 1.0)], 1.0) == 10


def test_seeds_are_averaged() -> None:
    made = [*arm("a", (10, 20), (1.0, 0.5)), *arm("a", (30, 40), (4.0, 0.5))]
    assert curve(made) == [(20, 2.0), (30, 0.5)]


def test_rungs_are_not_mixed() -> None:
    with pytest.raises(UsageError, match="one rung"):
        compare(rows(rungs=2))
    with pytest.raises(UsageError, match="one rung"):
        compare([])
