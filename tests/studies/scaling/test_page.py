"""The page of a study."""

from dataclasses import replace
from pathlib import Path

import pytest

from studies.scaling import page
from studies.scaling.published import MODELS
from tests.studies.scaling.laws import rows
from tintype.errors import UsageError


def test_a_page_has_the_fit_the_prediction_and_the_figures(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    page.write(rows(), docs / "scaling.md", docs / "figures", draws=20)
    text = (docs / "scaling.md").read_text()
    assert "### hpcm-m144 predicted from smaller rungs" in text and "of its 5 losses lie within" in text
    assert "| hpcm-1b | 1000.3 |" in text and "before it runs" not in text
    figures = sorted(path.name for path in (docs / "figures").iterdir())
    assert figures == ["scaling-hpcm-envelope.svg", "scaling-hpcm-isoflop.svg"]
    assert all(f"](figures/{name})" in text for name in figures)
    again = tmp_path / "again"
    page.write(rows(), again / "scaling.md", again / "figures", draws=20)
    for path in docs.rglob("*.*"):
        assert (again / path.relative_to(docs)).read_bytes() == path.read_bytes()


def test_a_page_of_few_runs_has_no_fit(tmp_path: Path) -> None:
    page.write(rows(rungs=2), tmp_path / "scaling.md", tmp_path, draws=20)
    text = (tmp_path / "scaling.md").read_text()
    assert "**No fit yet.** 2 rungs at 5 budgets have finished." in text
    assert [path.name for path in tmp_path.iterdir()] == ["scaling.md"]


def test_losses_that_fall_faster_and_faster_are_too_short_for_a_law(tmp_path: Path) -> None:
    made = rows(rungs=3)
    falling = [replace(row, loss=2 - 0.1 * (row.pixels / 4e6) ** 0.5) for row in made]
    page.write(falling, tmp_path / "falling.md", tmp_path, draws=5)
    assert "**Too short for a law.** In 3 of 3 rungs" in (tmp_path / "falling.md").read_text()
    page.write(made, tmp_path / "flattening.md", tmp_path, draws=5)
    assert "Too short" not in (tmp_path / "flattening.md").read_text()


def test_small_budgets_can_be_left_out_of_the_fit(tmp_path: Path) -> None:
    made = rows(rungs=3)
    spoilt = [replace(row, loss=9.0) if row.pixels < 8e6 else row for row in made]
    for name, given in (("a.md", made), ("b.md", spoilt)):
        page.write(given, tmp_path / name, tmp_path, draws=5, least=8)
    first, second = ((tmp_path / name).read_text().split("### The law")[1] for name in ("a.md", "b.md"))
    assert first == second and "Budgets below 8 Mpx are not fitted (`--least 8`)" in (tmp_path / "a.md").read_text()


def test_three_rungs_are_fitted_but_none_is_predicted(tmp_path: Path) -> None:
    page.write(rows(rungs=3, family="pico"), tmp_path / "scaling.md", tmp_path, draws=20)
    text = (tmp_path / "scaling.md").read_text()
    assert "pico-w3 cannot be predicted" in text and "### The law of all rungs" in text
    assert "### pico-w12, predicted before it runs" in text
    assert "published models" not in text.split("## pico")[1]


def test_the_spread_of_seeds_is_told(tmp_path: Path) -> None:
    made = rows(rungs=1, budgets=1)
    page.write([*made, replace(made[0], seed=1, loss=1.02 * made[0].loss)], tmp_path / "a.md", tmp_path, draws=0)
    assert "between seeds is 1.40 % of the loss" in (tmp_path / "a.md").read_text()  # log(1.02) / root of 2


def test_rows_of_different_settings_are_refused(tmp_path: Path) -> None:
    made = rows(rungs=1)
    with pytest.raises(UsageError, match="different settings"):
        page.write([*made, replace(made[0], settings="others")], tmp_path / "scaling.md", tmp_path, draws=0)


def test_published_losses_are_those_of_the_published_points() -> None:
    # 29.4022 dB is an MSE of 74.6
    assert MODELS["hpcm-base"].loss(0.0018) == pytest.approx(0.0018 * 74.62 + 0.1211, rel=1e-3)
    assert MODELS["hpcm-1b"].loss(0.0018) is None and MODELS["hpcm-base"].loss(0.002) is None
