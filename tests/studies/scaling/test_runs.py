"""Trunks and branches."""

from pathlib import Path
from statistics import geometric_mean
from typing import Any

import pytest
import torch

from studies.scaling import rows
from studies.scaling.ladder import Family, trainable
from studies.scaling.runs import Study, run
from tests.training.runs import pictures
from tintype.errors import UsageError
from tintype.training.loop import Trainer

SETTINGS: dict[Family, tuple[str, ...]] = {
    "hpcm": ("hpcm_nano", "batch=1", "crop=256", "bf16=false", "warmup=2", "lambda_=0.0018"),
    "pico": ("pico_s", "batch=2", "crop=64", "bf16=false", "warmup=2", "start=random"),
}
SMALLEST: dict[Family, str] = {"hpcm": "hpcm-m16", "pico": "pico-w1"}
BUDGETS: dict[Family, tuple[float, float]] = {"hpcm": (0.27, 0.4), "pico": (0.0328, 0.05)}  # 4 and 6 steps


def study(family: Family, folder: Path, results: str = "rows.jsonl") -> Study:
    torch.set_num_threads(1)
    side = 320 if family == "hpcm" else 128
    train, validation = pictures(side=side), pictures(2, 256 if family == "hpcm" else 64)
    return Study(family, SETTINGS[family], 0.5, train, validation, folder / "runs", folder / results)


@pytest.mark.parametrize("family", SETTINGS)
def test_a_branch_is_the_run_that_decays_from_the_start(family: Family, tmp_path: Path) -> None:
    its, rung = study(family, tmp_path), SMALLEST[family]
    run(its, [rung], [3], BUDGETS[family])
    found = rows.read(its.results)
    with trainable():
        trainer = Trainer(its.config(rung, 3, steps=6, decay=3), its.train, its.validation, tmp_path / "whole")
        trainer.run(report=lambda _: None)
        losses = [row["cost"] for row in trainer.evaluate()]
    assert [row.pixels for row in found] == [4 * trainer.pixels / 6, trainer.pixels]
    assert found[1].loss == geometric_mean(losses)
    assert found[0].loss != found[1].loss


def test_more_budgets_seeds_and_a_resume_repeat_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    its, other = study("pico", tmp_path), study("pico", tmp_path / "other")
    small, large = BUDGETS["pico"]
    run(its, ["pico-w1"], [0], [large])
    capsys.readouterr()
    run(its, ["pico-w1"], [0], [large])
    assert capsys.readouterr().out == ""
    run(its, ["pico-w1"], [0, 1], [small, large])
    run(other, ["pico-w1"], [1, 0], [small, large])

    def losses(its: Study) -> dict[Any, float]:
        return {(row.seed, row.pixels): row.loss for row in rows.read(its.results)}

    assert losses(its) == losses(other) and len(losses(its)) == 4
    assert not list(its.out.rglob("branch-*/state*"))


def test_a_stretch_that_was_interrupted_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, cut = study("pico", tmp_path / "whole"), study("pico", tmp_path / "cut")
    run(whole, ["pico-w1"], [0], [BUDGETS["pico"][1]])
    step = Trainer.train_step

    def killed(trainer: Trainer) -> dict[str, Any]:
        if trainer.step == 4:
            trainer.save()
            raise KeyboardInterrupt
        return step(trainer)

    monkeypatch.setattr(Trainer, "train_step", killed)
    with pytest.raises(KeyboardInterrupt):
        run(cut, ["pico-w1"], [0], [BUDGETS["pico"][1]])
    assert rows.read(cut.results) == []
    monkeypatch.undo()
    run(cut, ["pico-w1"], [0], [BUDGETS["pico"][1]])
    assert [row.loss for row in rows.read(cut.results)] == [row.loss for row in rows.read(whole.results)]


def test_a_budget_below_two_steps_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="below two steps"):
        run(study("pico", tmp_path), ["pico-w1"], [0], [0.001])
