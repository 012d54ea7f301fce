"""The measurement of targets."""

import pytest

from benchmarks import budgets
from tests.pictures import picture
from tintype import Codec
from tintype.images import Picture


def test_a_table_counts_what_was_met_and_averages_what_a_level_decided() -> None:
    rows = [
        budgets.Row("0.5 bpp", 0.98, False, 1.5),
        budgets.Row("0.5 bpp", 0.94, False, 1.0),
        budgets.Row("0.5 bpp", 0.3, True, 1.1),
        budgets.Row("0.5 bpp", None, True, 1.2),
        budgets.Row("30 dB", 0.1, False, 3),
        budgets.Row("30 dB", 0.3, False, 2),
    ]
    assert budgets.results(rows).splitlines()[2:] == [
        "| 0.5 bpp | 4 | 3 | 1 | 2 | 96.0% | 94.0% | 1.20 | 1.50 |",
        "| 30 dB | 2 | 2 | 0 | 2 | +0.20 dB | +0.30 dB | 2.50 | 3.00 |",
    ]


def test_every_target_of_a_picture_is_met_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "RATES", (0.01, 1.0))
    monkeypatch.setattr(budgets, "PSNRS", (30, 99))
    rows = {row.target: row for row in budgets.rows_of(Codec(threads=1), Picture(picture(80, 90)), "photo")}
    assert list(rows) == ["0.01 bpp", "1.0 bpp", "30 dB", "99 dB"]
    assert rows["0.01 bpp"].over is None
    size, quality, exact = (rows[name].over for name in ("1.0 bpp", "30 dB", "99 dB"))
    assert size is not None and 0.8 < size <= 1
    assert quality is not None and 0 <= quality < 1
    assert exact == float("inf") and rows["99 dB"].ends
    assert all(row.cost > 0 for row in rows.values())
