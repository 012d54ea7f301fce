"""A short soak: threads that share a codec give what serial calls give."""

from collections.abc import Callable

import pytest

from benchmarks import soak


def test_calls_on_threads_give_what_serial_calls_give() -> None:
    report = soak.soak(calls=96, threads=8, seed=251)
    assert (report.calls, report.different) == (96, 0)


def test_a_call_that_differs_and_memory_that_grows_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter(range(100))
    works: list[Callable[[], bytes]] = [lambda: b"same", lambda: bytes([next(numbers)])]
    monkeypatch.setattr(soak, "cases", lambda: works)
    report = soak.soak(calls=30, threads=2, seed=1)
    assert 0 < report.different < 30 and len(report.memory) == 10
    assert not soak.Report(30, 1.0, 0, [100] * 9 + [106]).flat and soak.Report(30, 1.0, 0, [100] * 9 + [105]).flat
