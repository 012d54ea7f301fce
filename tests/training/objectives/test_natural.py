"""The second synthesis learns alone, from a checkpoint that lacks it."""

from pathlib import Path

import torch

from tests.training.runs import SMALL, pictures, trainer
from tintype.models.pico.network import SIZES
from tintype.training import checkpoint
from tintype.training.loop import Trainer
from tintype.training.objectives.discriminator import Discriminator, Normalised, found_out, told_apart
from tintype.training.objectives.natural import DISCRIMINATOR, NATURAL, natural_of
from tintype.training.recipes import configure

SETTINGS = ["discriminator_width=4", "discriminator_heads=4", "adversarial_rise=1", "steps=100"]


def natural_trainer(folder: Path, source: Path) -> Trainer:
    config = configure("pico_s_natural", [*SMALL["pico_s"], *SETTINGS])
    return Trainer(config, pictures(), pictures(2, config.crop), folder, source)


def test_only_the_second_synthesis_and_the_discriminator_learn(tmp_path: Path) -> None:
    trainer("pico_s", tmp_path / "pico", "steps=1").run()
    run = natural_trainer(tmp_path / "natural", tmp_path / "pico")
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    for name in before:
        if name.startswith(NATURAL):
            assert torch.equal(before[name], before["synthesis." + name.removeprefix(NATURAL)]), name
    for _ in range(3):
        assert run.train_step()["finite"]
    moved = {name for name, value in run.model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved and all(name.startswith((NATURAL, DISCRIMINATOR)) for name in moved), moved
    assert {name.split(".")[0] for name in moved} == {NATURAL[:-1], DISCRIMINATOR[:-1]}


def test_a_run_goes_on_from_its_own_checkpoint(tmp_path: Path) -> None:
    trainer("pico_s", tmp_path / "pico", "steps=1").run()
    run = natural_trainer(tmp_path / "natural", tmp_path / "pico")
    for _ in range(2):
        run.train_step()
    run.save()
    resumed = natural_trainer(tmp_path / "natural", tmp_path / "natural")
    assert resumed.step == run.step
    for name, value in run.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    weights = checkpoint.load(tmp_path / "natural")[0]["ema"]
    chosen = natural_of(weights, SIZES["pico-s"]).state_dict()
    assert torch.equal(chosen["synthesis.out.weight"], weights["natural.out.weight"])
    assert torch.equal(chosen["analysis.stem.weight"], weights["analysis.stem.weight"])


def test_kernels_have_a_spectral_norm_of_one() -> None:
    layer = Normalised(3, 5, 4, 2, 1)
    with torch.no_grad():
        layer.weight.mul_(7)
    x = torch.randn(1, 3, 8, 8)
    norm = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)
    plain = torch.nn.functional.conv2d(x, layer.weight / norm, layer.bias, 2, 1)
    torch.testing.assert_close(layer(x), plain)


def test_a_discriminator_learns_what_noise_is() -> None:
    """Its loss falls to what tells smooth pictures from noisy ones, and the noisy ones are then found out."""
    torch.manual_seed(0)
    model = Discriminator(8, 0)
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    smooth = torch.rand(4, 3, 1, 1).expand(4, 3, 32, 32).contiguous()
    noisy = (smooth + 0.2 * torch.randn(smooth.shape)).clamp(0, 1)
    for _ in range(60):
        loss = told_apart(model(smooth, [], smooth, []), model(noisy, [], smooth, [])).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 1.0
    with torch.no_grad():
        worse = found_out(model(noisy, [], smooth, [])) - found_out(model(smooth, [], smooth, []))
    assert float(worse.min()) > 0.5
