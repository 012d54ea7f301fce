"""The loop: exact resume, guards, golden losses."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.golden.make_training import GOLDEN, losses
from tests.training.runs import SMALL, pictures, trainer
from tintype.errors import InputError
from tintype.training import checkpoint
from tintype.training.loop import LOG, SKIPS_IN_A_ROW, Trainer
from tintype.training.recipes import configure

# AVX2 differs from AVX-512 by up to 3e-4 within ten steps, SSE4.1 by up to 2e-3, measured as golden/make_training.py
# says; a mistake in a loss, a learning rate or a draw of random numbers moves some of the losses by more than this.
TOLERANCE = 1e-2


def silent(_: dict[str, Any]) -> None:
    pass


@pytest.mark.parametrize("recipe", SMALL)
def test_the_first_ten_losses_are_the_golden_ones(recipe: str) -> None:
    assert losses(recipe) == pytest.approx(json.loads(GOLDEN.read_text())[recipe], rel=TOLERANCE)


def test_a_run_killed_at_a_random_step_goes_on_exactly(tmp_path: Path) -> None:
    np.save(tmp_path / "pictures.npy", pictures())
    settings = [*SMALL["pico_s"], "bf16=true", "checkpoint_every=4", "steps=1000"]
    options = [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "tintype.training", "run", "pico_s", *options, "--out", str(tmp_path)]
    files = ["--data", str(tmp_path / "pictures.npy"), "--validation", str(tmp_path / "pictures.npy")]
    log, last = tmp_path / LOG, random.randint(5, 15)
    with subprocess.Popen([*command, *files], stdout=subprocess.DEVNULL, env=os.environ) as process:
        try:
            while not (log.exists() and log.read_text().count("\n") >= last):
                assert process.poll() is None
                time.sleep(0.01)
        finally:
            process.send_signal(signal.SIGKILL)
    killed_at = len(log.read_text().splitlines())
    config = configure("pico_s", settings)
    # as the command does: the same crops, and Fabric or plain torch make no difference
    whole = Trainer(config, pictures(), pictures(), tmp_path / "whole")
    expected = [whole.train_step()["loss"] for _ in range(killed_at + 20)]
    logged = [json.loads(line)["loss"] for line in log.read_text().splitlines()]
    assert logged == expected[: len(logged)]
    resumed = Trainer(config, pictures(), pictures(), tmp_path, tmp_path)
    assert killed_at - 4 <= resumed.step <= killed_at + 1 and resumed.step > 0
    found = [resumed.train_step()["loss"] for _ in range(20)]
    assert found == expected[resumed.step - 20 : resumed.step]


def test_without_the_optimisers_state_a_run_warms_up_again(tmp_path: Path) -> None:
    trainer("pico_s", tmp_path, "steps=3").run(report=silent)
    for path in tmp_path.glob("optimiser-*"):
        path.unlink()
    resumed = trainer("pico_s", tmp_path, "steps=9", source=tmp_path)
    assert resumed.step == 3
    assert resumed.train_step()["rate"] == pytest.approx(1e-3 / 10)


def test_from_averaged_weights_alone_a_run_goes_on_at_the_average_and_warms_up_again(tmp_path: Path) -> None:
    run = trainer("pico_s", tmp_path, "steps=3")
    run.weights_only = True
    run.run(report=silent)
    resumed = trainer("pico_s", tmp_path, "steps=9", source=tmp_path)
    for name, parameter in resumed.model.named_parameters():
        assert torch.equal(parameter, run.ema[name]) and torch.equal(resumed.ema[name], run.ema[name])
    assert resumed.step == 3
    assert resumed.train_step()["rate"] == pytest.approx(1e-3 / 10)


def test_what_a_run_of_pico_m_brings_back_is_eight_files_of_16_mb_at_most(tmp_path: Path) -> None:
    run = trainer("pico_s", tmp_path, "model=pico-m", "steps=1")
    run.weights_only = True
    run.run(report=silent)
    assert (tmp_path / LOG).exists()
    plot = 1  # curve.svg, which the command writes
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) + plot <= 8 and max(sizes) <= 16_000_000


def test_a_run_is_validated_at_its_end_too(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = []
    trainer("pico_s", tmp_path, "steps=3", "evaluate_every=2").run(report=lines.append)
    assert [line["step"] for line in lines if "validation" in line] == [2, 3]


def test_a_finished_run_is_extended_by_more_steps(tmp_path: Path) -> None:
    trainer("pico_s", tmp_path, "steps=2").run(report=silent)
    longer = trainer("pico_s", tmp_path, "steps=4", source=tmp_path)
    longer.run(report=silent)
    assert checkpoint.load(tmp_path)[0]["step"] == 4


def test_a_run_stops_when_its_time_is_up_with_a_checkpoint(tmp_path: Path) -> None:
    trainer("pico_s", tmp_path).run(stop_at=time.time() - 1, report=silent)
    assert checkpoint.load(tmp_path)[0]["step"] == 0


class Poisoned:
    """Pictures whose batches hold a NaN at some steps."""

    def __init__(self, crops: Any, steps: range) -> None:
        self.crops, self.steps, self.pictures = crops, steps, crops.pictures

    def batch(self, step: int, *arguments: Any) -> torch.Tensor:
        x: torch.Tensor = self.crops.batch(step, *arguments)
        if step in self.steps:
            x[0, 0, 0, 0] = torch.nan
        return x


def test_a_batch_with_nans_is_survived_reported_and_kept(tmp_path: Path) -> None:
    run = trainer("pico_s", tmp_path, "steps=4", "log_every=2")
    run.crops = Poisoned(run.crops, range(1, 2))  # type: ignore[assignment]
    records: list[dict[str, Any]] = []
    run.run(report=records.append)
    told = [(r["step"], r["finite"], r["skipped"]) for r in records if "finite" in r]
    assert told == [(2, False, 1), (4, True, 1)]
    with np.load(tmp_path / "nonfinite-step1-rank0.npz") as dumped:
        assert np.isnan(dumped["x"]).sum() == 1 and {"drawn0", "drawn1", "drawn2"} < set(dumped)
    assert all(torch.isfinite(p).all() for p in run.model.parameters())
    assert all(torch.isfinite(p).all() for p in run.ema.values())


def test_a_skipped_step_changes_no_weights(tmp_path: Path) -> None:
    run = trainer("pico_s", tmp_path)
    run.crops = Poisoned(run.crops, range(9))  # type: ignore[assignment]
    before = [p.detach().clone() for p in run.model.parameters()]
    assert not run.train_step()["finite"]
    assert all(torch.equal(a, b) for a, b in zip(before, run.model.parameters(), strict=True))


def test_steps_that_never_are_finite_end_the_run(tmp_path: Path) -> None:
    run = trainer("pico_s", tmp_path)
    run.crops = Poisoned(run.crops, range(99))  # type: ignore[assignment]
    with pytest.raises(InputError, match=f"{SKIPS_IN_A_ROW} steps in a row .* lower learning_rate"):
        run.run(report=silent)
    assert len(list(tmp_path.glob("nonfinite-*"))) == 3


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    trainer("pico_s", tmp_path, "steps=0").run(report=silent)
    with pytest.raises(InputError, match="holds pico-s, not pico-m"):
        trainer("pico_s", tmp_path, "model=pico-m", source=tmp_path)


@pytest.mark.parametrize("recipe", SMALL)
def test_evaluation_gives_rate_and_distortion_of_the_averaged_weights(recipe: str, tmp_path: Path) -> None:
    run = trainer(recipe, tmp_path)
    rows = run.evaluate()
    assert len(rows) == (8 if recipe == "pico_s" else 1)
    assert all(row["bpp"] > row["z_bpp"] > 0 and 5 < row["psnr"] < 60 for row in rows)
    with torch.no_grad():
        for value in run.ema.values():
            value.mul_(0.5)
    assert run.evaluate() != rows


def test_recomputed_blocks_give_the_same_gradients(tmp_path: Path) -> None:
    norms = []
    for checkpointing in ("false", "true"):
        run = trainer("pico_s", tmp_path, f"checkpointing={checkpointing}")
        norms.append(run.train_step()["norm"])
    assert norms[0] == norms[1]
