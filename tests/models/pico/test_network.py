"""pico's layers, start, integers and graphs."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.pictures import picture
from tintype.errors import WeightsError
from tintype.models.pico.integer import IntegerNet
from tintype.models.pico.integer_torch import TorchIntegerNet, quantise
from tintype.models.pico.layers import HAAR, HAAR2, Conv, Resampling
from tintype.models.pico.network import ANCHORS, SIZES, Pico, Synthesis, anchor_weights
from tintype.models.pico.onnx_graph import trace, trace_integer
from tintype.models.pico.schedule import LEVELS, lambda_of
from tintype.models.pico.start import inherit, structured_start


def haar(x: Tensor) -> Tensor:
    """Bands as the definition says, band-major."""
    places = [x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
    return torch.cat([sum(h * p for h, p in zip(row, places, strict=True)) for row in HAAR], 1)


def unhaar(x: Tensor) -> Tensor:
    bands = x.chunk(4, 1)
    out = torch.empty(x.shape[0], x.shape[1] // 4, 2 * x.shape[2], 2 * x.shape[3])
    for n, (i, j) in enumerate((i, j) for i in (0, 1) for j in (0, 1)):
        out[:, :, i::2, j::2] = sum(HAAR[b, n] * band for b, band in enumerate(bands))
    return out


def test_haar_matrices_are_orthonormal() -> None:
    for matrix in (HAAR, HAAR2):
        assert torch.allclose(matrix @ matrix.T, torch.eye(len(matrix)))


@pytest.mark.parametrize(
    ("resampling", "before", "after", "kernel"),
    [
        ("none", lambda x: x, lambda x: x, 3),
        ("down", haar, lambda x: x, 1),
        ("up", lambda x: x, unhaar, 1),
        ("in", lambda x: haar(haar(x)), lambda x: x, 3),
        ("out", lambda x: x, lambda x: unhaar(unhaar(x)), 3),
    ],
)
def test_folded_convolutions_equal_scales_and_haar_transforms_apart(
    resampling: Resampling, before: object, after: object, kernel: int
) -> None:
    torch.manual_seed(0)
    conv = Conv(3, 5, kernel, resampling)
    for parameter in conv.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(2, 3, 16, 24)
    weight = conv.weight * conv.s_in * conv.s_out
    bias = conv.bias * conv.s_out.flatten()
    expected = after(F.conv2d(before(x), weight, bias, padding=kernel // 2))  # type: ignore[operator]
    assert (conv(x) - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.fixture(scope="module")
def model() -> Pico:
    torch.manual_seed(0)
    model = Pico(SIZES["pico-s"])
    pictures = np.stack([picture(128, 192, seed) for seed in range(8)])
    structured_start(model, torch.as_tensor(pictures).movedim(-1, 1).float() / 255)
    return model


def test_a_structured_start_is_a_transform_that_inverts_itself(model: Pico) -> None:
    x = torch.as_tensor(picture(64, 128, 99)).movedim(-1, 0)[None].float() / 255
    with torch.no_grad():
        y, z = model.analysis(x)
        error = ((model.synthesis(y) - x) ** 2).mean()
    assert y.shape == (1, 320, 4, 8)
    assert z.shape == (1, 96, 1, 2)
    assert -10 * torch.log10(error) > 30


def psnr(x_hat: Tensor, x: Tensor) -> float:
    return float(-10 * torch.log10(((x_hat - x) ** 2).mean()))


def test_a_decoder_inherits_what_its_shape_can_hold(model: Pico) -> None:
    trained = Pico(SIZES["pico-s"]).synthesis
    trained.load_state_dict(model.synthesis.state_dict())
    for parameter in trained.parameters():  # no block is the identity, no layer zero
        parameter.data += 0.02 * torch.randn_like(parameter)
    x = torch.as_tensor(np.stack([picture(128, 192, seed) for seed in range(20, 36)])).movedim(-1, 1).float() / 255
    stages = {
        "same": (((192, 3), (128, 3), (64, 2)), (2, 2, 2), 3),
        "larger": (((224, 4), (128, 3), (64, 3)), (3, 2, 4), 3),
        "smaller": (((160, 2), (96, 3), (64, 2)), (2, 2, 2), 3),
        "smallest": (((64, 1), (32, 0), (16, 1)), (1, 1, 1), 1),
    }
    found = {}
    with torch.no_grad():
        y = model.analysis(x)[0]
        for name, (decoder, expansion, head) in stages.items():
            torch.manual_seed(2)
            synthesis = Synthesis(replace(SIZES["pico-s"], decoder=decoder, expansion=expansion, head=head))
            inherit(synthesis, trained, y[:12])
            found[name] = psnr(synthesis(y[12:]), trained(y[12:]))
    assert found["same"] > 60 and found["larger"] > 60
    assert found["same"] > found["smaller"] > found["smallest"] > 10


def test_a_structured_start_takes_decoders_of_few_channels(model: Pico) -> None:
    torch.manual_seed(0)
    small = Pico(replace(SIZES["pico-s"], decoder=((64, 0), (48, 1), (32, 0)), head=1))
    x = torch.as_tensor(np.stack([picture(128, 192, seed) for seed in range(8)])).movedim(-1, 1).float() / 255
    structured_start(small, x)
    with torch.no_grad():
        assert psnr(small.synthesis(small.analysis(x)[0]), x) > 15


def test_levels_between_anchors_interpolate_linearly() -> None:
    weights = anchor_weights(torch.tensor([0.0, 10.0, 14.0, 70.0]))
    assert weights.shape == (4, ANCHORS)
    assert torch.allclose(weights.sum(1), torch.ones(4))
    assert torch.allclose(weights[2, 1:3], torch.tensor([0.6, 0.4]), atol=1e-6)
    assert weights[3, 7] == 1


def test_lambda_is_the_published_range() -> None:
    assert torch.allclose(lambda_of(torch.tensor([0.0, 30.0, 70.0])), torch.tensor([0.0009, 0.00872, 0.18]), rtol=1e-3)


def test_sizes_stay_within_their_budget() -> None:
    from tintype.training.export.pico import account

    facts = account(Pico(SIZES["pico-s"]))
    assert facts["parameters"] <= 6_000_000
    assert facts["encoder_kmac_per_pixel"] <= 35
    assert round(facts["decoder_kmac_per_pixel"], 2) <= 13.0


@pytest.fixture(scope="module")
def integers() -> tuple[Pico, IntegerNet]:
    torch.manual_seed(1)
    model = Pico(SIZES["pico-s"])
    net = model.scale_decoder
    for parameter, size in ((net.last.weight, 1.0), (net.first_bias, 1.0), (net.last_bias, 8.0)):
        torch.nn.init.normal_(parameter, std=size)
    net.last_bias.data += 25
    return model, quantise(net, torch.randint(-5, 6, (4, 96, 3, 5)).float())


def inputs() -> list[Tensor]:
    torch.manual_seed(2)
    extremes = [torch.full((1, 96, 2, 3), value) for value in (-31.0, 31.0)]
    signs = torch.randint(0, 2, (1, 96, 4, 2)) * 62.0 - 31
    return [torch.randint(-31, 32, (2, 96, 3, 5)).float(), *extremes, signs]


def expected_rows(net: IntegerNet, z_hat: Tensor, level: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.stack([net(z.numpy(), level) for z in z_hat])


@pytest.mark.parametrize("level", [0, 33, 70])
def test_the_integer_scale_decoder_is_identical_on_every_engine(integers: tuple[Pico, IntegerNet], level: int) -> None:
    _, net = integers
    options = onnxruntime.SessionOptions()
    session = onnxruntime.InferenceSession(trace_integer(net), options)
    biases = {
        f"level_bias_{i}": layer.biases(level).astype(np.float32)
        for i, layer in enumerate(net.layers)
        if len(layer.level_bias) > 1
    }
    engine = TorchIntegerNet(net)
    before = torch.get_num_threads()
    for z_hat in inputs():
        expected = expected_rows(net, z_hat, level)
        assert expected.min() >= 0 and expected.max() <= 63
        (rows,) = session.run(None, {"z_hat": z_hat.numpy(), **biases})
        assert np.array_equal(rows, expected)
        try:
            for threads in (1, 2):
                torch.set_num_threads(threads)
                assert np.array_equal(engine(z_hat, level).numpy(), expected)
                last = z_hat.contiguous(memory_format=torch.channels_last)
                assert np.array_equal(engine(last, level).numpy(), expected)
        finally:
            torch.set_num_threads(before)


def test_the_integer_scale_decoder_is_identical_compiled(integers: tuple[Pico, IntegerNet]) -> None:
    _, net = integers
    compiled = torch.compile(TorchIntegerNet(net))
    for z_hat in inputs()[:2]:
        assert np.array_equal(compiled(z_hat, 40).numpy(), expected_rows(net, z_hat, 40))


def test_integer_rows_follow_the_float_network(integers: tuple[Pico, IntegerNet]) -> None:
    model, net = integers
    z_hat = torch.randint(-5, 6, (1, 96, 4, 4)).float()
    for level in (0, 35, 70):
        with torch.no_grad():
            index = model.scale_decoder(z_hat, anchor_weights(torch.tensor([float(level)]))).clamp(0, 63)
        difference = np.abs(expected_rows(net, z_hat, level) - index.numpy())
        assert difference.mean() < 0.5


def test_an_export_whose_accumulators_could_overflow_fails(integers: tuple[Pico, IntegerNet]) -> None:
    torch.manual_seed(3)
    wide = Pico(SIZES["pico-s"]).scale_decoder
    wide.middle = torch.nn.Conv2d(64, 56, 3, padding=1)  # 576 products of up to 255 * 127
    torch.nn.init.constant_(wide.middle.weight, 1.0)
    wide.first = torch.nn.Conv2d(96, 256, 1)
    wide.first_bias = torch.nn.Parameter(torch.zeros(ANCHORS, 256))
    with pytest.raises(WeightsError, match="2\\^24"):
        quantise(wide, torch.randint(-5, 6, (1, 96, 2, 2)).float())


@pytest.mark.parametrize(
    ("name", "channels"),
    [("synthesis", {"y": 320}), ("context_decoder", {"z": 96}), ("context_model", {"p": 640, "y": 320})],
)
def test_graphs_compute_what_the_modules_do(model: Pico, name: str, channels: dict[str, int]) -> None:
    torch.manual_seed(4)
    module = getattr(model, name)
    arguments = [torch.randn(1, c, 6, 4) for c in channels.values()]
    session = onnxruntime.InferenceSession(trace(module, channels, ("out",)))
    (result,) = session.run(None, {key: x.numpy() for key, x in zip(channels, arguments, strict=True)})
    with torch.no_grad():
        expected = module(*arguments).numpy()
    # weights are stored as float16: 2^-11 relative
    assert np.abs(result - expected).max() <= 4e-3 * max(1.0, np.abs(expected).max())


def test_the_level_table_covers_all_file_levels() -> None:
    assert LEVELS == 71
    assert anchor_weights(torch.arange(LEVELS, dtype=torch.float32)).shape == (LEVELS, ANCHORS)
