"""Where a run computes."""

import sys
from pathlib import Path

import pytest
import torch

from tests.training.runs import SMALL, pictures
from tintype.errors import UnsupportedError
from tintype.training.loop import Trainer
from tintype.training.machine import Machine, Plain, choose
from tintype.training.recipes import configure


def test_several_processes_without_fabric_are_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    assert isinstance(choose("cpu", False), Plain)
    with pytest.raises(UnsupportedError, match=r'pip install "tintype\[train\]"'):
        choose("cpu", False, processes=2)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
@pytest.mark.parametrize("device", ["cuda", "cuda:7", "abacus"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(UnsupportedError, match=f"device '{device}' cannot be used"):
        choose(device, False)


@pytest.mark.parametrize(("bf16", "optimiser"), [(False, "adamw"), (True, "adamw"), (True, "muon")])
def test_fabric_and_plain_torch_give_the_same_losses_to_the_last_digit(
    bf16: bool, optimiser: str, tmp_path: Path
) -> None:
    pytest.importorskip("lightning_fabric")
    torch.set_num_threads(1)
    config = configure("pico_s", [*SMALL["pico_s"], f"bf16={bf16}", f"optimiser={optimiser}"])
    machines: list[Machine] = [Plain("cpu", bf16), choose("cpu", bf16)]
    runs = [Trainer(config, pictures(), pictures(1), tmp_path, None, machine) for machine in machines]
    first, second = ([run.train_step()["loss"] for _ in range(3)] for run in runs)
    assert first == second
