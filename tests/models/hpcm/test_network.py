"""The models as a library: shapes, training, coding, errors. Exactness is in test_hpcm_golden.py."""

import itertools
import subprocess
import sys
from functools import partial
from typing import Any

import pytest
import torch

from tintype.errors import InputError, TintypeError, UnsupportedError, WeightsError
from tintype.models.hpcm import CONFIGS, HPCMConfig, coding, compressai, create, memory
from tintype.models.hpcm.config import NetDepths
from tintype.models.hpcm.context import Fusion
from tintype.models.hpcm.entropy import likelihood
from tintype.models.hpcm.lattice import assemble, misplaced, place, take
from tintype.models.hpcm.network import HPCM
from tintype.models.hpcm.schedule import S2_IN_Y, SCHEDULES
from tintype.models.surrogates import Noise

TINY = {
    "latents": 16,
    "hyper_latents": 8,
    "widths": (8, 8, 16),
    "analysis_depths": (1, 0, 1, 1),
    "synthesis_depths": (1, 1, 0, 1),
    "hyper_width": 16,
    "hyper_analysis_depths": (0, 1),
    "hyper_synthesis_depths": (1, 0),
    "coarse": NetDepths(1, 1, 1),
    "fine": NetDepths(1, 1),
    "heads": 4,
}


def tiny(**changes):
    torch.manual_seed(0)
    return HPCM(HPCMConfig("tiny", **TINY | changes))


def pictures(count=1, height=256, width=256, seed=1):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def loss_of(out, x):
    bits = sum(-value.log2().sum() for value in out["likelihoods"].values())
    return bits / x[0, 0].numel() + 100 * ((out["x_hat"] - x) ** 2).mean()


VARIANTS = [
    {"schedule": name, "context": context, "misplaced_hyper": odd}
    for name, context, odd in itertools.product(SCHEDULES, ("fused", "psi", "hyper"), (False, True))
    if not (odd and name.endswith("flat"))
]


@pytest.mark.parametrize("changes", VARIANTS, ids=lambda c: "-".join(map(str, c.values())))
def test_every_variant_gives_all_latents_a_density_and_every_weight_a_gradient(changes: dict[str, Any]) -> None:
    model, x = tiny(**changes), pictures()
    out = model(x, generator=torch.Generator().manual_seed(0))
    assert out["x_hat"].shape == x.shape
    assert {key: tuple(value.shape) for key, value in out["likelihoods"].items()} == {
        "y": (1, 16, 16, 16),
        "z": (1, 8, 4, 4),
    }
    loss_of(out, x).backward()
    dead = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert dead == []


@pytest.mark.parametrize("changes", VARIANTS[::4], ids=lambda c: "-".join(map(str, c.values())))
def test_decompress_gives_what_forward_reconstructs(changes: dict[str, Any]) -> None:
    model, x = tiny(**changes).eval(), pictures(2, 256, 512)
    compressai.update(model)
    coded = compressai.compress(model, x)
    assert coded["shape"] == (4, 8) and [len(strings) for strings in coded["strings"]] == [2, 2]
    x_hat = compressai.decompress(model, coded["strings"], coded["shape"])["x_hat"]
    with torch.no_grad():
        one_by_one = torch.cat([model(picture)["x_hat"] for picture in x.split(1)])
    assert torch.equal(x_hat, one_by_one.clamp(0, 1))


def test_streams_are_as_long_as_the_estimate() -> None:
    model, x = tiny().eval(), pictures()
    compressai.update(model)
    strings = compressai.compress(model, x)["strings"]
    with torch.no_grad():
        bits = {key: float(-value.log2().sum()) for key, value in model(x)["likelihoods"].items()}
    for key, (string,) in zip("yz", strings, strict=True):
        assert 8 * len(string) == pytest.approx(bits[key], rel=0.02, abs=8 * 64)


def test_damaged_streams_are_refused_or_decode_to_something_else() -> None:
    model = tiny().eval()
    compressai.update(model)
    coded = compressai.compress(model, pictures())
    (y_string,), z_strings = coded["strings"]
    with pytest.raises(TintypeError):
        compressai.decompress(model, [[y_string[: len(y_string) // 2]], z_strings], coded["shape"])


def test_training_is_repeated_by_a_generator_and_by_given_noise() -> None:
    model, x = tiny(), pictures(2)
    first, second = (model(x, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first["likelihoods"]["y"], second["likelihoods"]["y"])
    noise = Noise(torch.full((2, 16, 16, 16), 0.25), torch.full((2, 8, 4, 4), -0.25))
    one, other = model(x, noise), model(x, noise)
    assert torch.equal(one["likelihoods"]["z"], other["likelihoods"]["z"])
    assert not torch.equal(one["likelihoods"]["z"], first["likelihoods"]["z"])
    assert torch.equal(one["x_hat"], first["x_hat"])  # noise is in the rate alone


def test_a_picture_is_the_same_alone_and_in_a_batch() -> None:
    model, x = tiny().eval(), pictures(3)
    with torch.no_grad():
        together = model(x)["likelihoods"]["y"]
        for index in range(3):
            alone = model(x[index : index + 1])["likelihoods"]["y"][0]
            torch.testing.assert_close(together[index], alone, rtol=1e-3, atol=1e-5)


def test_bfloat16_training_keeps_densities_in_float32() -> None:
    x = pictures()
    losses = []
    for enabled in (False, True):
        model = tiny()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            out = model(x, Noise(torch.zeros(1, 16, 16, 16), torch.zeros(1, 8, 4, 4)))
        assert {value.dtype for value in (out["x_hat"], *out["likelihoods"].values())} == {torch.float32}
        loss = loss_of(out, x)
        loss.backward()
        assert all(p.grad.isfinite().all() and p.grad.dtype == torch.float32 for p in model.parameters())
        losses.append(float(loss.detach()))
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_a_few_steps_of_training_lower_the_loss() -> None:
    model, x = tiny(), pictures()
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    losses = []
    for step in range(12):
        optimiser.zero_grad()
        loss = loss_of(model(x, generator=torch.Generator().manual_seed(step)), x)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


def test_channels_last_gives_the_same_result() -> None:
    model, x = tiny().eval(), pictures()
    with torch.no_grad():
        plain = model(x)["x_hat"]
        last = model.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))["x_hat"]
    torch.testing.assert_close(plain, last, rtol=1e-4, atol=1e-5)


def test_fusion_is_windowed_attention_with_a_skip() -> None:
    torch.manual_seed(0)
    fusion = Fusion(8, heads=2, window=4)
    psi, context = torch.randn(2, 8, 8, 12), torch.randn(2, 8, 8, 12)
    query, skip = fusion.query_skip(psi).chunk(2, 1)
    key, value = fusion.key_value(context).chunk(2, 1)
    expected = torch.empty_like(skip)
    for b, head, row, column in itertools.product(range(2), range(2), (0, 4), (0, 4, 8)):
        at = (b, slice(4 * head, 4 * head + 4), slice(row, row + 4), slice(column, column + 4))
        q, k, v = (part[at].flatten(1).T for part in (query, key, value))  # (16, 4)
        mixed = torch.softmax(q @ k.T / 2, -1) @ v
        expected[at] = mixed.T.reshape(4, 4, 4) + skip[at]
    torch.testing.assert_close(fusion(psi, context), expected)


def test_lattice_copies_have_the_right_gradients() -> None:
    torch.manual_seed(0)
    y = torch.randn(2, 16, 8, 8, dtype=torch.float64, requires_grad=True)
    s2 = torch.randn(2, 16, 4, 4, dtype=torch.float64, requires_grad=True)
    parts = [take(y, step.latents, 16).detach().requires_grad_() for step in SCHEDULES["2-3-6"].steps]
    places = [step.latents for step in SCHEDULES["2-3-6"].steps]
    assert torch.equal(assemble(parts, places, y), y)
    check = partial(torch.autograd.gradcheck, fast_mode=True)
    assert check(lambda large: take(large, S2_IN_Y, 16), y)
    assert check(lambda large, small: place(large, small, S2_IN_Y, 16), (y, s2))
    assert check(misplaced, s2)
    assert check(lambda *smalls: assemble(smalls, places, y), parts)


def test_bounds_let_gradients_pass_only_towards_the_inside() -> None:
    scale = torch.tensor([0.05, 0.05], requires_grad=True)  # below the bound of 0.12
    value = torch.tensor([3.0, 0.0])  # a larger scale helps the first, harms the second
    (-likelihood(value, scale).log2()).sum().backward()
    assert scale.grad[0] <= 0 and scale.grad[1] == 0


def test_exact_tails_equal_float64_where_the_plain_difference_has_no_digits() -> None:
    value = torch.tensor([0.0, 0.3, -1.0, 2.0, -5.0, 5.5, 6.0, -6.0])
    scale = torch.ones(8)
    exact = likelihood(value.double(), scale.double(), exact_tails=True)
    torch.testing.assert_close(likelihood(value, scale, exact_tails=True).double(), exact, rtol=1e-5, atol=0)
    plain = likelihood(value, scale).double()
    torch.testing.assert_close(plain, exact, rtol=0, atol=1e-6)
    assert not torch.allclose(plain, exact, rtol=1e-3, atol=0)


@pytest.mark.parametrize("exact_tails", [False, True])
def test_likelihood_has_the_gradient_of_its_formula(exact_tails: bool) -> None:
    value = torch.linspace(-3, 3, 13, dtype=torch.float64, requires_grad=True)
    scale = torch.linspace(0.3, 2, 13, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v, s: likelihood(v, s, exact_tails), (value, scale))


@pytest.mark.parametrize("shape", [(3, 256, 256), (1, 1, 256, 256), (1, 3, 0, 256), (1, 3, 256, 300)])
def test_pictures_of_a_wrong_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="tiny"):
        tiny()(torch.zeros(shape))


def test_pictures_that_are_not_finite_are_refused() -> None:
    model = tiny().eval()
    compressai.update(model)
    with pytest.raises(InputError, match="finite"):
        compressai.compress(model, torch.full((1, 3, 256, 256), float("nan")))


def test_a_picture_too_large_for_the_memory_is_refused_at_once() -> None:
    model = tiny().eval()
    compressai.update(model)
    huge = torch.zeros(1, 3, 1, 1).expand(1, 3, 1 << 20, 1 << 20)
    with pytest.raises(InputError, match=r"1048576 x 1048576 needs about \d+\.\d GiB.*use tiles"):
        compressai.compress(model, huge)
    with pytest.raises(InputError, match="needs about"):
        compressai.decompress(model, [[b""], [b""]], (1 << 14, 1 << 14))


def test_running_out_of_memory_inside_says_the_same() -> None:
    config = CONFIGS["hpcm-base"]
    with pytest.raises(MemoryError, match="use tiles"), memory.guarded(config, 256, 256, torch.device("cpu")):
        torch.empty(1 << 60)


def test_other_errors_of_pytorch_are_ours_too() -> None:
    config = CONFIGS["hpcm-base"]
    with pytest.raises(UnsupportedError, match="PyTorch says"), memory.guarded(config, 64, 64, torch.device("cpu")):
        torch.zeros(2) @ torch.zeros(3)


def test_coding_without_tables_says_what_to_do() -> None:
    with pytest.raises(WeightsError, match=r"compressai\.update\(model\)"):
        compressai.compress(tiny().eval(), pictures())


def test_unknown_models_are_refused_with_the_names_there_are() -> None:
    with pytest.raises(InputError, match="hpcm-nano"):
        create("hpcm-huge")


def test_forward_and_encoding_never_look_at_values() -> None:
    with torch.device("meta"):  # there are none
        model = HPCM(CONFIGS["hpcm-base"]).eval()
        x = torch.empty(1, 3, 256, 512)
    assert model(x)["x_hat"].shape == x.shape
    coded = coding.encode_on_device(model, model.analyse(x))
    assert [rows.shape for rows, _, _ in coded] == [symbols.shape for _, symbols, _ in coded]
    assert sum(rows.numel() for rows, _, _ in coded[1:]) == 320 * 16 * 32


def test_training_needs_torch_and_numpy_alone() -> None:
    code = """if True:
        import sys
        for name in ("safetensors", "onnxruntime", "onnx", "scipy"):
            sys.modules[name] = None  # importing it fails
        import torch
        from tintype.models.hpcm import CONFIGS
        from tintype.models.hpcm.network import HPCM
        model = HPCM(CONFIGS["hpcm-nano"])
        out = model(torch.rand(1, 3, 256, 256))
        out["x_hat"].mean().backward()
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_largest_model_builds_without_memory() -> None:
    with torch.device("meta"):
        model = HPCM(CONFIGS["hpcm-1b"])
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}
