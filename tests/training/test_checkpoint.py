"""Checkpoints: parts and completeness."""

import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.runs import trainer
from tintype.errors import InputError, WeightsError
from tintype.training import checkpoint
from tintype.training.__main__ import main


def state(step: int) -> dict[str, Any]:
    weights = {"weight": torch.arange(5000.0) + step}
    return {"step": step, "config": {"model": "pico-s"}, "ema": weights, "model": weights}


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

    monkeypatch.setattr(os, "replace", killed)
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


def torch_bytes(value: object) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def compressed(data: bytes) -> bytes:
    """A PyTorch file whose entries are compressed: PyTorch would unpack it."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return file.getvalue()


class Runs:
    """Unpickling it calls a function."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("made-by-a-checkpoint",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (torch_bytes({**state(1), "more": Runs()}), "not a PyTorch checkpoint of plain tensors"),
        (pickle.dumps(Runs()), "not a PyTorch checkpoint of plain tensors"),
        (b"", "not a PyTorch checkpoint of plain tensors"),
        (torch_bytes(state(1))[:-9], "not a PyTorch checkpoint of plain tensors"),
        (compressed(torch_bytes(state(1))), "not a PyTorch checkpoint of plain tensors"),
        (torch_bytes([1, 2]), "holds list, not a dictionary"),
        (torch_bytes({**state(1), "ema": {"a": torch.zeros(1).expand(2**40)}}), "without as many bytes"),
        (torch_bytes({**state(1), "ema": {"a": 1}}), "lacks its step, config or averaged weights"),
        (torch_bytes({**state(1), "config": {}}), "lacks its step, config or averaged weights"),
        (torch_bytes({"ema": {}}), "lacks its step, config or averaged weights"),
    ],
)
def test_a_checkpoint_of_a_stranger_runs_nothing_and_is_refused_in_our_words(
    content: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    checkpoint.save(tmp_path, state(1), None)
    (tmp_path / "state-1.pt.0").write_bytes(content)
    with pytest.raises(WeightsError, match=message) as caught:
        checkpoint.load(tmp_path)
    assert "weights_only" not in str(caught.value)
    assert not (tmp_path / "made-by-a-checkpoint").exists()


@pytest.mark.parametrize(
    "head",
    [
        b"{",
        b"[]",
        b"[" * 100_000,
        json.dumps({"state": [], "optimiser": None}).encode(),
        json.dumps({"state": ["../secret"], "optimiser": None}).encode(),
        json.dumps({"state": [3], "optimiser": None}).encode(),
        json.dumps({"state": ["state-1.pt.0"], "optimiser": ["/etc/passwd"]}).encode(),
    ],
)
def test_a_head_that_names_other_files_is_refused(head: bytes, tmp_path: Path) -> None:
    checkpoint.save(tmp_path, state(1), None)
    (tmp_path / checkpoint.HEAD).write_bytes(head)
    with pytest.raises(WeightsError, match=r"checkpoint\.json: "):
        checkpoint.load(tmp_path)


def test_weights_of_another_shape_do_not_start_a_run(tmp_path: Path) -> None:
    run = trainer("pico_s", tmp_path / "run")
    run.save()
    saved, optimiser = checkpoint.load(tmp_path / "run")
    name = next(iter(saved["ema"]))
    for part in ("ema", "model"):
        changed = {**saved, part: {**saved[part], name: torch.zeros(3)}}
        checkpoint.save(tmp_path / "changed", changed, optimiser)
        with pytest.raises(WeightsError, match="weights do not fit the model"):
            trainer("pico_s", tmp_path / "again", source=tmp_path / "changed")
