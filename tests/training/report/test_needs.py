"""Plans from shapes, beside what real runs keep."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from tests.training.runs import SMALL, trainer
from tintype.training.objectives import objective
from tintype.training.recipes import configure
from tintype.training.report import plot
from tintype.training.report.needs import example, needs, saved_bytes, table


@pytest.mark.parametrize("recipe", SMALL)
def test_planned_activations_are_those_of_a_real_step(recipe: str) -> None:
    config = configure(recipe, SMALL[recipe])
    made = objective(config)
    x, *drawn = example(made, config, 1)
    kept, recomputed = saved_bytes(made, made.blocks(), (torch.rand_like(x), *drawn))
    planned = needs(config)
    # attention keeps other things on the meta device than on a CPU
    assert planned.kept == pytest.approx(kept, rel=0.05)
    assert planned.recomputed == pytest.approx(recomputed, rel=0.05)
    assert planned.recomputed < 0.6 * planned.kept


def test_a_model_that_fits_no_memory_here_is_planned_for_1_8_and_64_gpus() -> None:
    config = configure("hpcm_nano", ["model=hpcm-1b", "batch=64", "checkpointing=true"])
    text = table(config)
    assert "1,000,328,003 parameters" in text
    assert "3.016 TFLOP" in text  # 6 x 7670.8 kMAC/px x 256 x 256, the published count
    for line in ("1 GPU ", "8 GPUs, ddp", "8 GPUs, fsdp", "64 GPUs, ddp", "64 GPUs, fsdp"):
        assert line in text


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_planned_moments_are_those_that_an_optimiser_keeps(optimiser: str, tmp_path: Path) -> None:
    run = trainer("pico_s", tmp_path, f"optimiser={optimiser}")
    run.train_step()
    states = [state for each in run.optimisers.values() for state in each.state_dict()["state"].values()]
    kept = sum(value.numel() for state in states for key, value in state.items() if key != "step")
    assert needs(run.config).moments == kept


def test_the_plot_shows_every_validation(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    rows = [
        [{"bpp": 0.1 + i, "psnr": 25.0 + i} for i in range(8)],
        [{"bpp": 0.2 + i, "psnr": 30.0 + i} for i in range(8)],
    ]
    log.write_text("".join(json.dumps({"step": step, "validation": r}) + "\n" for step, r in enumerate(rows)))
    plot.write(log, tmp_path / "curve.svg")
    tree = ElementTree.parse(tmp_path / "curve.svg")
    assert len(tree.findall(".//{*}polyline")) == 2
    assert len(tree.findall(".//{*}circle")) == 16
