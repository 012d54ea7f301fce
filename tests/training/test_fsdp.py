"""Weights shared out among processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STEPS = """
import json, sys
from dataclasses import replace
from pathlib import Path

import torch

from tests.training.runs import pictures
from tintype.models import hpcm
from tintype.models.hpcm.config import NetDepths
from tintype.training.config import HPCMRun
from tintype.training.loop import Trainer
from tintype.training.machine import Fabric, Plain

torch.set_num_threads(1)
shallow = replace(  # hpcm-1b: its schedule, adaptors and fusion, an eighth of its width, one block everywhere
    hpcm.CONFIGS["hpcm-1b"],
    latents=64, hyper_latents=32, widths=(24, 48, 96), hyper_width=64,
    analysis_depths=(1, 1, 1, 1), synthesis_depths=(1, 1, 1, 1),
    hyper_analysis_depths=(1, 1), hyper_synthesis_depths=(1, 1),
    coarse=NetDepths(1, 1, 1), fine=NetDepths(1, 1, 1), adaptor_depths=(1, 1, 1),
)
hpcm.CONFIGS["hpcm-1b"] = shallow
config = HPCMRun(
    model="hpcm-1b", batch=2, crop=128, warmup=1, learning_rate=1e-3, bf16=False, checkpointing=True, start="random"
)
machine = Fabric(processes=2, strategy="fsdp") if sys.argv[1] == "2" else Plain()
folder = Path(sys.argv[1])
run = Trainer(config, pictures(), pictures(1), folder, None, machine)
losses = [run.train_step()["loss"] for _ in range(2)]
run.save()
resumed = Trainer(config, pictures(), pictures(1), folder, folder, machine)
losses.append(resumed.train_step()["loss"])
held = sum(getattr(p, "_local_tensor", p).numel() for p in run.model.parameters())
if machine.rank == 0:
    Path(f"{folder}.json").write_text(json.dumps({"losses": losses, "held": held}))
"""


def test_the_layout_of_hpcm_1b_steps_shared_out_and_recomputed_and_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    pytest.importorskip("lightning_fabric")
    (tmp_path / "steps.py").write_text(STEPS)
    search = os.pathsep.join((str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")))
    found = {}
    for count in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "steps.py", count],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": search},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found[count] = json.loads((tmp_path / f"{count}.json").read_text())
    assert found["2"]["losses"] == pytest.approx(found["1"]["losses"], rel=1e-4)
    assert found["2"]["held"] < 0.51 * found["1"]["held"]
