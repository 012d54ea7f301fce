"""The loop over a schedule."""

from collections.abc import Generator

import pytest

from tintype.codec.steps import relay, walk


def doubling(count: int) -> Generator[int, int, list[int]]:
    """Asks 0, 1, ... and returns what it was sent."""
    got = []
    for number in range(count):
        got.append((yield number))
    return got


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_walk_answers_every_step_in_order(count: int) -> None:
    assert walk(doubling(count), lambda asked: 2 * asked) == [2 * n for n in range(count)]


def test_answers_that_run_out_are_not_taken_for_the_end() -> None:
    answers = iter([0])
    with pytest.raises(StopIteration):
        walk(doubling(2), lambda _: next(answers))


def test_a_relay_asks_in_other_words() -> None:
    def exchange(asked: int) -> Generator[str, str, int]:
        return int((yield str(asked)))

    assert walk(relay(doubling(3), exchange), lambda text: text + "0") == [0, 10, 20]
