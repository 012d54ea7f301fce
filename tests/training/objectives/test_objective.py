"""The interface between the loop and the families."""

import pytest
import torch

from tests.training.runs import SMALL, pictures
from tintype.training.objectives import objective
from tintype.training.objectives.objective import Draw, pictures_to
from tintype.training.recipes import configure

CPU = torch.device("cpu")


def test_random_numbers_of_a_sample_depend_on_seed_step_stream_and_position_alone() -> None:
    whole = Draw(1, 5, range(4), CPU).uniform((3, 2), 0)
    assert torch.equal(Draw(1, 5, [2, 3], CPU).uniform((3, 2), 0), whole[2:])
    for other in (Draw(2, 5, range(4), CPU), Draw(1, 6, range(4), CPU)):
        assert not torch.equal(other.uniform((3, 2), 0), whole)
    assert not torch.equal(Draw(1, 5, range(4), CPU).uniform((3, 2), 1), whole)
    assert len({*whole.flatten().tolist()}) == 24


@pytest.mark.parametrize("recipe", SMALL)
def test_a_loss_of_a_batch_is_the_mean_of_those_of_its_samples(recipe: str) -> None:
    config = configure(recipe, SMALL[recipe])
    made = objective(config)
    x = pictures_to(CPU, pictures(2, config.crop))
    losses = []
    for samples in ([0], [1], [0, 1]):
        drawn = made.draw((config.crop, config.crop), Draw(0, 0, samples, CPU))
        with torch.no_grad():
            losses.append(float(made(x[samples], *drawn)["loss"]))
    assert losses[2] == pytest.approx((losses[0] + losses[1]) / 2, rel=1e-4)


@pytest.mark.parametrize(("distortion", "lambda_"), [("mse", 0.013), ("ms-ssim", 16.64)])
def test_hpcm_minimises_rate_and_weighted_distortion(distortion: str, lambda_: float) -> None:
    config = configure("hpcm_nano", [*SMALL["hpcm_nano"], f"distortion={distortion}", f"lambda_={lambda_}"])
    made = objective(config)
    x = pictures_to(CPU, pictures(1, 256))
    made.start(x)
    out = made(x, *made.draw((256, 256), Draw(0, 0, [0], CPU)))
    assert float(out["loss"].detach()) == pytest.approx(float(out["bpp"] + lambda_ * out["distortion"]), rel=1e-5)
    if distortion == "mse":
        assert float(out["distortion"]) == pytest.approx(255**2 * 10 ** (-float(out["psnr"]) / 10), rel=1e-4)
    else:
        assert 0 < float(out["distortion"]) < 0.2
    out["loss"].backward()
    assert all(p.grad is not None for p in made.model.parameters())


def test_pico_weighs_levels_so_that_high_ones_do_not_dominate() -> None:
    config = configure("pico_s", SMALL["pico_s"])
    made = objective(config)
    x = pictures_to(CPU, pictures(2, 64))
    level, *noise = made.draw((64, 64), Draw(0, 0, [0, 1], CPU))
    with torch.no_grad():
        out = made(x, level, *noise)
    lambda_ = 0.0009 * (0.18 / 0.0009) ** (level / 70)
    assert float(out["loss"]) == pytest.approx(float((out["cost"] * lambda_**-0.4).mean()), rel=1e-5)
    assert ((level >= 0) & (level < 70)).all()


def test_levels_of_a_batch_lie_one_in_each_equal_part_of_the_range() -> None:
    made = objective(configure("pico_s", [*SMALL["pico_s"], "batch=5"]))
    for step in range(9):
        level = made.draw((64, 64), Draw(0, step, range(5), CPU))[0]
        assert (level / 14).int().tolist() == [0, 1, 2, 3, 4]
        shared = made.draw((64, 64), Draw(0, step, [2, 3], CPU))[0]
        assert torch.equal(shared, level[2:4])


def test_scales_that_do_not_learn_get_no_gradients() -> None:
    made = objective(configure("pico_s", [*SMALL["pico_s"], "learn_scales=false"]))
    learning = sum(len(group.parameters) for group in made.groups())
    frozen = [name for name, p in made.model.named_parameters() if not p.requires_grad]
    assert frozen and all(name.endswith((".s_in", ".s_out")) for name in frozen)
    assert learning == sum(p.requires_grad for p in made.model.parameters())
