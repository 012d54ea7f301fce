"""Optimisers: which parameters they get, exactness, what they refuse."""

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.training.runs import SMALL, trainer
from tintype.errors import UnsupportedError
from tintype.training.config import PicoRun
from tintype.training.objectives import objective
from tintype.training.objectives.objective import Group
from tintype.training.optimiser import KernelMuon, is_kernel, make, set_rate
from tintype.training.recipes import configure


@pytest.mark.parametrize("recipe", SMALL)
def test_muon_gets_the_kernels_that_mix_channels_and_adamw_all_else(recipe: str) -> None:
    made = objective(configure(recipe, [*SMALL[recipe], "optimiser=muon"]))
    optimisers = make(made.config, made.groups())  # type: ignore[arg-type]
    muon = optimisers["muon"]
    assert isinstance(muon, KernelMuon)
    others = {id(p) for group in optimisers["adamw"].param_groups for p in group["params"]}
    kernels = {id(p) for p in muon.kernels}
    names = {id(p): name for name, p in made.model.named_parameters()}
    assert not others & kernels and others | kernels == names.keys()
    # of convolutions, without scales, biases and gains
    weights = {id(m.weight): m for m in made.model.modules() if isinstance(getattr(m, "weight", None), nn.Parameter)}
    assert kernels <= weights.keys()
    assert all(weights[key].groups == len(weights[key].weight) for key in weights.keys() & others)


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("shape", [(6, 4, 3, 3), (3, 8, 1, 1), (4, 4, 2, 2)])
def test_a_kernels_step_is_that_of_torchs_muon_on_its_matrix(
    shape: tuple[int, ...], memory: torch.memory_format
) -> None:
    torch.manual_seed(0)
    start = torch.randn(shape)
    matrix = start.flatten(1).clone()
    kernel = nn.Parameter(start.clone(memory_format=memory))
    ours = KernelMuon([{"params": [kernel]}], 0.1)
    theirs = torch.optim.Muon([nn.Parameter(matrix)], 0.1, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    (same,) = theirs.param_groups[0]["params"]
    for _ in range(3):
        ours.zero_grad()
        assert kernel.grad is None
        wanted = torch.randn(shape)
        (kernel * wanted).sum().backward()
        same.grad = wanted.flatten(1)
        ours.step()
        theirs.step()
    # sums of bfloat16 products in another order: columns are permuted
    moved = float((same.detach() - start.flatten(1)).abs().max())
    assert moved > 0.01
    assert torch.allclose(kernel.detach().flatten(1), same.detach(), rtol=0, atol=0.02 * moved)


def test_muon_moves_weights_about_as_far_as_adamw_would() -> None:
    """So that one learning rate suits both: an update's root mean square is 0.2 of the rate, Adam's 0.2 to 0.4."""
    torch.manual_seed(0)
    kernel = nn.Parameter(torch.zeros(64, 32, 1, 1))
    muon = KernelMuon([{"params": [kernel]}], 1e-3)
    kernel.grad = torch.randn(kernel.shape)
    muon.step()
    assert float(kernel.detach().square().mean().sqrt()) == pytest.approx(0.2e-3, rel=0.3)


def test_factors_of_the_learning_rate_hold_for_both() -> None:
    kernel, bias = nn.Parameter(torch.ones(4, 4, 1, 1)), nn.Parameter(torch.ones(4))
    made = make(PicoRun(optimiser="muon", muon_rate=2.0), [Group([kernel, bias], 3.0)])
    set_rate(made, 0.1)
    assert {name: each.param_groups[0]["lr"] for name, each in made.items()} == pytest.approx(
        {"adamw": 0.3, "muon": 0.6}
    )


def test_depthwise_kernels_scales_and_biases_are_no_matrices() -> None:
    assert is_kernel(torch.ones(8, 4, 3, 3)) and is_kernel(torch.ones(8, 4, 1, 1))
    for shape in ((8, 1, 3, 3), (8, 1, 1, 1), (1, 8, 1, 1), (8,), (8, 8)):
        assert not is_kernel(torch.ones(shape))


def test_a_resumed_run_with_muon_has_the_same_losses_to_the_last_digit(tmp_path: Path) -> None:
    whole = trainer("pico_s", tmp_path, "optimiser=muon", "bf16=true")
    losses = [whole.train_step()["loss"] for _ in range(3)]
    whole.save()
    losses += [whole.train_step()["loss"] for _ in range(5)]
    resumed = trainer("pico_s", tmp_path, "optimiser=muon", "bf16=true", source=tmp_path)
    assert resumed.step == resumed.since_warmup == 3
    assert [resumed.train_step()["loss"] for _ in range(5)] == losses[3:]


def test_a_run_that_changes_its_optimiser_warms_up_again(tmp_path: Path) -> None:
    trainer("pico_s", tmp_path, "steps=2").run(report=lambda _: None)
    changed = trainer("pico_s", tmp_path, "optimiser=muon", source=tmp_path)
    assert changed.step == 2 and changed.since_warmup == 0


def test_checkpoints_from_before_there_was_a_choice_resume_exactly(tmp_path: Path) -> None:
    from tintype.training import checkpoint

    whole = trainer("pico_s", tmp_path)
    whole.train_step()
    whole.save()
    state, moments = checkpoint.load(tmp_path)
    assert moments is not None
    checkpoint.save(tmp_path, state, moments["adamw"])
    expected = whole.train_step()["loss"], whole.train_step()["loss"]
    resumed = trainer("pico_s", tmp_path, source=tmp_path)
    assert (resumed.train_step()["loss"], resumed.train_step()["loss"]) == expected


def test_weights_that_are_shared_out_are_refused_with_what_to_do() -> None:
    kernel, bias = nn.Parameter(torch.ones(4, 4, 1, 1)), nn.Parameter(torch.ones(4))
    kernel.full_tensor = lambda: kernel  # type: ignore[attr-defined]  # what FSDP's parameters have
    with pytest.raises(UnsupportedError, match="fsdp shares them out; use optimiser=adamw"):
        make(PicoRun(optimiser="muon"), [Group([kernel, bias], 1.0)])
