"""Files of rows."""

from dataclasses import replace
from pathlib import Path

from studies.scaling.rows import append, core_seconds, read
from tests.studies.scaling.laws import rows


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    path, made = tmp_path / "results" / "rows.jsonl", rows(rungs=1, budgets=2)
    assert read(path) == []
    for row in made:
        append(path, row)
    assert read(path) == made and len(path.read_text().splitlines()) == 2


def test_the_trunk_of_several_branches_is_paid_once() -> None:
    made = rows(rungs=2, budgets=2)  # trunks of 4 and 8 s, branches of 1 s
    assert core_seconds(made) == 2 * (8 + 1 + 1)
    assert core_seconds([*made, replace(made[0], seed=1)]) == 2 * (8 + 1 + 1) + (4 + 1)


def test_compute_counts_two_operations_and_three_passes() -> None:
    row = replace(rows(rungs=1, budgets=1)[0], macs_per_pixel=10.0, pixels=7)
    assert row.flops == 2 * 3 * 10 * 7
