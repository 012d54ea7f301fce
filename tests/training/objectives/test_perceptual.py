"""Distances of trained features, and the objective that mixes them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from skimage import data

from tests.training.runs import SMALL, pictures
from tintype.errors import InputError, WeightsError
from tintype.models.pico.network import SIZES, Pico
from tintype.models.pico.schedule import lambda_of
from tintype.training.loop import Trainer
from tintype.training.objectives import features, objective
from tintype.training.objectives.distortion import ms_ssim, mse_255
from tintype.training.objectives.objective import Draw, pictures_to
from tintype.training.objectives.perceptual import GAINS, SCALES, TERMS, measure_scales, tal
from tintype.training.recipes import configure

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network() -> features.Lite0:
    return features.Lite0()


def tensor(picture: Image.Image) -> torch.Tensor:
    return torch.as_tensor(np.array(picture)).movedim(-1, 0)[None].float() / 255


def test_the_network_is_the_trained_one(network: features.Lite0) -> None:
    """With the rest of the package's classifier it tells what photographs show: a cat, a cup of coffee."""
    saved = features._read(features._installed())
    for name, classes in (("chelsea", range(281, 286)), ("coffee", (967,))):
        photo = Image.fromarray(getattr(data, name)())
        side = min(photo.size)
        left, top = (photo.width - side) // 2, (photo.height - side) // 2
        last = network(tensor(photo.crop((left, top, left + side, top + side)).resize((224, 224))))[-1]
        scale = saved["_bn1.weight"] / (saved["_bn1.running_var"] + features.EPSILON).sqrt()
        shift = saved["_bn1.bias"] - saved["_bn1.running_mean"] * scale
        head = torch.nn.functional.conv2d(last, saved["_conv_head.weight"]) * scale[:, None, None]
        pooled = (head + shift[:, None, None]).clamp(0, 6).mean((2, 3))
        assert int((pooled @ saved["_fc.weight"].T + saved["_fc.bias"]).argmax()) in classes


def test_features_of_any_size_are_at_the_strides_that_are_named(network: features.Lite0) -> None:
    for height, width in ((64, 96), (65, 31)):
        maps = network(torch.zeros(1, 3, height, width))
        assert [tuple(f.shape[2:]) for f in maps] == [(-(-height // s), -(-width // s)) for s in features.TAP_STRIDES]


def test_distances_are_zero_for_equal_pictures_and_grow_with_damage(network: features.Lite0) -> None:
    photo = Image.fromarray(data.astronaut()).crop((0, 0, 256, 256))
    original = network(tensor(photo))
    sigma = torch.tensor([3.0])
    found = []
    for radius in (0.0, 0.5, 1.0, 2.0):
        blurred = network(tensor(photo.filter(ImageFilter.GaussianBlur(radius)) if radius else photo))
        found.append((float(features.lp(blurred, original)), float(features.wd(blurred, original, sigma))))
    assert found[0] == (0.0, 0.0)
    assert found == sorted(found) and all(b > 0 for _, b in found[1:])


def test_within_a_window_texture_may_move(network: features.Lite0) -> None:
    """Other noise of the same strength is far nearer than no noise where statistics are compared, not so samples."""
    rng = np.random.default_rng(0)
    noise = torch.as_tensor(rng.normal(0.5, 0.15, (3, 1, 3, 256, 256)), dtype=torch.float32).clamp(0, 1)
    original, other = network(noise[0]), network(noise[1])
    flat = network(torch.full_like(noise[0], 0.5))
    wide, none = torch.tensor([4.0]), torch.tensor([0.0])
    assert features.wd(other, original, wide) < 0.2 * features.wd(flat, original, wide)
    assert features.wd(other, original, none) > 0.5 * features.wd(flat, original, none)


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "features.pth"
    path.write_bytes(b"something else")
    with pytest.raises(WeightsError, match="SHA-256"):
        features.Lite0(path)
    with pytest.raises(WeightsError, match="cannot be read"):
        features.Lite0(tmp_path / "absent.pth")


def test_the_loss_is_rate_and_the_shares_of_scaled_terms() -> None:
    shares = {"mse": 0.1, "ms_ssim": 0.2, "lp": 0.3, "wd": 0.4}
    config = configure("pico_s_eyes", [*SMALL["pico_s"], *(f"{k}={v}" for k, v in shares.items())])
    made = objective(config)
    x = pictures_to(CPU, pictures(1, 64))
    x_hat = (x + 0.02 * torch.rand(x.shape)).clamp(0, 1)
    level = torch.tensor([25.0])  # half-way between anchors 2 and 3
    maps = made.terms.network(x_hat), made.terms.network(x)
    terms = {
        "mse": mse_255(x_hat, x),
        "ms_ssim": 1 - ms_ssim(x_hat, x),
        "lp": features.lp(*maps),
        "wd": features.wd(*maps, torch.tensor([4 - 3 * 25 / 70])),
    }
    scales = {name: (row[2] * row[3]) ** 0.5 for name, row in SCALES.items()} | {"mse": float(lambda_of(level))}
    gain = (GAINS[2] * GAINS[3]) ** 0.5
    expected = gain * sum(shares[name] * scales[name] * float(terms[name]) for name in shares)
    assert float(made.distortion(x_hat, x, level)) == pytest.approx(expected, rel=1e-5)


def test_gradients_reach_the_model_and_not_the_feature_network() -> None:
    made = objective(configure("pico_s_eyes", [*SMALL["pico_s"], "wd=0.1"]))
    x = pictures_to(CPU, pictures(1, 64))
    made.start(x)
    made(x, *made.draw((64, 64), Draw(0, 0, [0], CPU)))["loss"].backward()
    assert all(torch.isfinite(p.grad).all() for p in made.model.parameters() if p.grad is not None)
    assert all(p.grad is None for p in made.terms.parameters())
    assert not any(name.startswith("terms") for name in made.model.state_dict())


def test_scales_make_every_term_as_large_as_the_squared_error() -> None:
    made = objective(configure("pico_s_eyes", SMALL["pico_s"]))
    crops = pictures_to(CPU, pictures(2, 128))
    model = Pico(SIZES["pico-s"]).eval()
    scales = measure_scales(model, made.terms, torch.cat((crops, crops[:, :1].round()), 1))
    assert set(scales) == set(SCALES) == set(TERMS[1:])
    assert set(measure_scales(model, made.terms, crops)) == set(SCALES) - {"text"}
    assert all(len(row) == 8 and all(value > 0 for value in row) for row in scales.values())
    # a high level weighs the same error more
    assert all(row[-1] > row[0] for row in scales.values())


def test_every_fourth_step_codes_two_tiles_that_do_not_know_each_other() -> None:
    made = objective(configure("pico_s_eyes", [*SMALL["pico_s"], "crop=192", "batch=1", "tal=0.1"]))
    plain = objective(configure("pico_s_eyes", [*SMALL["pico_s"], "crop=192", "batch=1"]))
    draws = [made.draw((192, 192), Draw(0, step, [0], CPU)) for step in range(8)]
    assert [len(drawn) for drawn in draws] == [3, 3, 3, 5, 3, 3, 3, 5]
    level, *noise = draws[3]
    whole = plain.draw((192, 192), Draw(0, 3, [0], CPU))
    assert torch.equal(level, whole[0])
    assert [n.shape[3] for n in noise] == [4, 1, 8, 2]
    assert torch.equal(torch.cat(noise[::2], 3), whole[1]) and torch.equal(torch.cat(noise[1::2], 3), whole[2])
    x = pictures_to(CPU, pictures(1, 192))
    with torch.no_grad():
        x_hat, bits = made.coded(x, level, noise)
        left, left_bits = made.coded(x[..., :64], level, noise[:2])
        right, right_bits = made.coded(x[..., 64:], level, noise[2:])
    assert torch.equal(x_hat, torch.cat((left, right), 3)) and torch.equal(bits, left_bits + right_bits)
    assert not torch.equal(x_hat, plain.coded(x, level, whole[1:])[0])


def test_tiling_artifacts_count_where_tiles_are_coded_and_only_there() -> None:
    made = objective(configure("pico_s_eyes", [*SMALL["pico_s"], "crop=128", "tal=0.1"]))
    x = pictures_to(CPU, pictures(1, 128))
    level = torch.tensor([20.0])
    drifted = x.clone()
    drifted[..., 64:] += 0.02
    with_border = float(made.distortion(drifted, x, level, tiles=2) - made.distortion(drifted, x, level))
    scale, gain = SCALES["tal"][2], GAINS[2]
    assert with_border == pytest.approx(0.1 * gain * scale * 5 * 0.01, rel=1e-4)  # five sizes, 0.02 on a half
    assert float(tal(x + 0.1 * (-1) ** torch.arange(128.0), x)) == pytest.approx(0, abs=1e-6)  # fine errors cancel
    with pytest.raises(InputError, match="tal: a crop of 64"):
        objective(configure("pico_s_eyes", [*SMALL["pico_s"], "tal=0.1"]))


def test_errors_count_inside_text_alone() -> None:
    made = objective(configure("pico_s_eyes", [*SMALL["pico_s"], "text=0.2"]))
    assert made.channels == 4
    x = pictures_to(CPU, pictures(1, 64))
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., :16] = 1
    x_hat, level = x.clone(), torch.tensor([30.0])
    x_hat[..., :32] += 0.1
    found = made.terms(x_hat, torch.cat((x, mask), 1), level, ["text"])
    assert float(found["text"]) == pytest.approx(0.1 / 4, rel=1e-5)
    out = made(torch.cat((x, mask), 1), *made.draw((64, 64), Draw(0, 0, [0], CPU)))
    without = made(torch.cat((x, 0 * mask), 1), *made.draw((64, 64), Draw(0, 0, [0], CPU)))
    assert float(out["cost"]) > float(without["cost"])
    assert torch.equal(out["psnr"], without["psnr"]) and torch.equal(out["bpp"], without["bpp"])


def test_a_run_with_text_wants_masks_and_cuts_them_as_the_pictures(tmp_path: Path) -> None:
    config = configure("pico_s_eyes", [*SMALL["pico_s"], "text=0.2"])
    with pytest.raises(InputError, match="tintype train text-masks"):
        Trainer(config, pictures(), pictures(2, 64), tmp_path)
    run = Trainer(config, pictures(), pictures(2, 64), tmp_path, masks=pictures()[..., 1])
    assert run.train_step()["finite"]
    for step in range(4):  # with and without rescaling
        x = run.crops.batch(step, 2, 64)
        assert torch.equal(x[:, 3], x[:, 1])
