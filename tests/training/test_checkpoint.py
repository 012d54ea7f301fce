"""Checkpoints: parts and completeness."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.runs import trainer
from tintype.errors import InputError
from tintype.training import checkpoint
from tintype.training.__main__ import main


def state(step: int) -> dict[str, Any]:
    return {"step": step, "model": {"weight": torch.arange(5000.0) + step}}


def test_a_checkpoint_comes_back_in_small_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "FILE_BYTES", 6000)
    checkpoint.save(tmp_path, state(3), {"state": {0: torch.ones(9)}, "param_groups": []})
    assert max(path.stat().st_size for path in tmp_path.iterdir()) <= 6000
    found, optimiser = checkpoint.load(tmp_path)
    assert found["step"] == 3 and torch.equal(found["model"]["weight"], state(3)["model"]["weight"])
    assert optimiser is not None and torch.equal(optimiser["state"][0], torch.ones(9))


def test_only_the_newest_checkpoint_is_kept(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, state(1), {})
    checkpoint.save(tmp_path, state(2), None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.json", "state-2.pt.0"]
    assert checkpoint.load(tmp_path)[1] is None


def test_a_kill_while_writing_leaves_the_older_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.save(tmp_path, state(1), {})

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(tmp_path, state(2), {})
    assert checkpoint.load(tmp_path)[0]["step"] == 1


def test_weights_without_the_optimisers_files_load(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, state(1), {"state": {}, "param_groups": []})
    next(tmp_path.glob("optimiser-*")).unlink()
    found, optimiser = checkpoint.load(tmp_path)
    assert found["step"] == 1 and optimiser is None


def test_missing_checkpoints_and_parts_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no checkpoint"):
        checkpoint.load(tmp_path)
    checkpoint.save(tmp_path, state(1), None)
    next(tmp_path.glob("state-*")).unlink()
    with pytest.raises(InputError, match=r"lacks state-1\.pt\.0"):
        checkpoint.load(tmp_path)


def test_a_kept_copy_is_small_and_a_run_goes_on_from_it(tmp_path: Path) -> None:
    run = trainer("pico_s", tmp_path / "run")
    run.train_step()
    run.save()
    main(["keep", str(tmp_path / "run"), str(tmp_path / "kept")])

    def size(name: str) -> int:
        return sum(path.stat().st_size for path in (tmp_path / name).iterdir())

    assert size("kept") < size("run") / 7  # weights and averages, two moments: four times float32
    again = trainer("pico_s", tmp_path / "again", source=tmp_path / "kept")
    assert again.step == 1 and again.since_warmup == 0
    for name, value in again.model.named_parameters():
        assert torch.equal(value, run.ema[name].half().float()), name
