"""The native engine: close to ONNX Runtime, exact where files depend on it, the same bits on every instruction set."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from tests.pictures import picture
from tintype.codec import decoder
from tintype.codec.container.file import parse
from tintype.codec.encoder import Encoder
from tintype.codec.tiling import Tiling
from tintype.errors import UnsupportedError, WeightsError
from tintype.models.onnx_runtime import Session
from tintype.models.pico import native_engine, native_graph, onnx_engine
from tintype.models.pico.integer import IntegerNet
from tintype.models.pico.layers import Activation, Block, Conv
from tintype.models.pico.native_engine import NativeNetworks
from tintype.models.pico.network import Analysis, ContextModel, PicoConfig, Synthesis
from tintype.models.pico.onnx_engine import OnnxNetworks
from tintype.models.pico.onnx_graph import trace
from tintype.native._engine import Network, Shape, instruction_sets, mean_width
from tintype.weights import store
from tintype.weights.bundle import Bundle

GREY_LEVEL = 1 / 255
SIZES = [(64, 64), (64, 192), (192, 128), (64, 704)]

Arrays = list[np.ndarray]  # type: ignore[type-arg]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return store.load(store.DEFAULT)


def inputs(height: int, width: int) -> dict[str, Arrays]:
    """What each graph could be given for a tile."""
    rng = np.random.default_rng(251)
    h, w = height // 16, width // 16
    z_hat = rng.integers(-9, 10, (96, h // 4, w // 4)).astype(np.float32)
    y_hat = rng.normal(0, 12, (320, h, w)).astype(np.float32)
    return {
        "analysis": [(picture(height, width).transpose(2, 0, 1) / np.float32(255)).astype(np.float32)],
        "context_decoder": [z_hat],
        "context_model": [rng.normal(0, 1, (640, h, w)).astype(np.float32), y_hat],
        "synthesis": [y_hat],
    }


def results(networks: NativeNetworks | OnnxNetworks, height: int, width: int) -> dict[str, Arrays]:
    found = {name: getattr(networks, name)(*arrays) for name, arrays in inputs(height, width).items()}
    return {name: [*each] if isinstance(each, tuple) else [each] for name, each in found.items()}


@pytest.mark.parametrize("size", SIZES)
def test_results_are_close_to_those_of_onnx_runtime(bundle: Bundle, size: tuple[int, int]) -> None:
    found, expected = (results(kind(bundle), *size) for kind in (NativeNetworks, OnnxNetworks))
    for name in expected:
        for ours, theirs in zip(found[name], expected[name], strict=True):
            assert ours.shape == theirs.shape
            error = np.abs(ours - theirs)
            # of the largest input, 13 bits are a share of 1 / 4095, and 8 bits one of 1 / 127
            largest, usual = (4e-2, 2e-2) if name in native_graph.NARROW else (2e-3, 2e-3)
            assert error.max() <= largest * np.abs(theirs).max()
            assert np.sqrt(np.mean(error**2)) <= usual * theirs.std()


def test_pixels_of_real_files_differ_by_less_than_half_a_grey_level(bundle: Bundle) -> None:
    native, onnx_ = native_engine.load(bundle), onnx_engine.load(bundle)
    for level in (0, 35, 70):
        for encoder, reader in ((native, onnx_), (onnx_, native)):
            container = parse(Encoder(encoder, picture(96, 200, 5), Tiling.of(200, 96, 64, 4)).encode(level))
            pixels = [decoder.decode(container, model).astype(int) for model in (encoder, reader)]
            assert np.abs(pixels[0] - pixels[1]).max() <= 1
    y_hat = native.analyse(inputs(192, 256)["analysis"][0]).y.round()
    difference = native.synthesise(y_hat, 0) - onnx_.synthesise(y_hat, 0)
    assert np.abs(difference).max() < GREY_LEVEL / 2


@pytest.mark.parametrize("level", [0, 35, 70])
@pytest.mark.parametrize("side", [(1, 1), (1, 3), (5, 2)])
def test_rows_are_those_of_the_plain_integers(bundle: Bundle, level: int, side: tuple[int, int]) -> None:
    z_hat = np.random.default_rng(7).integers(-31, 32, (96, *side)).astype(np.float32)
    expected = IntegerNet.from_arrays(bundle.arrays["scale_decoder"])(z_hat, level)
    for name in instruction_sets():
        np.testing.assert_array_equal(NativeNetworks(bundle, name).scale_decoder(z_hat, level), expected)


def test_integers_without_places_are_refused(bundle: Bundle) -> None:
    with pytest.raises(ValueError, match="without places"):
        NativeNetworks(bundle).scale_decoder(np.empty((96, 0, 1), np.float32), 35)


@pytest.mark.parametrize("size", SIZES)
def test_all_instruction_sets_give_the_same_bits(bundle: Bundle, size: tuple[int, int]) -> None:
    fastest, *others = (results(NativeNetworks(bundle, name), *size) for name in instruction_sets())
    for other in others:
        for name, arrays in fastest.items():
            for one, same in zip(arrays, other[name], strict=True):
                np.testing.assert_array_equal(one.view(np.int32), same.view(np.int32))


ODD = PicoConfig(
    "odd",
    1,
    encoder=((17, 1), (30, 2), (33, 1)),
    decoder=((35, 1), (18, 1), (7, 1)),
    hyper_encoder=(20, 1),
    context_decoder=(8, 9, 10),
    context_model=11,
    scale_decoder=(8, 8),
    latents=21,
    hyper_latents=5,
)


@pytest.mark.parametrize(
    "module, shapes, outputs",
    [
        (Analysis, {"pixels": (3, 64, 192)}, ("y", "z")),
        (Synthesis, {"y": (21, 4, 12)}, ("pixels",)),
        (lambda config: Synthesis(replace(config, expansion=(1, 3, 4), head=1)), {"y": (21, 4, 12)}, ("pixels",)),
        (ContextModel, {"prior": (42, 4, 12), "y_bar": (21, 4, 12)}, ("refined",)),
    ],
)
def test_channels_that_are_no_multiple_of_a_vector_are_padded(
    module: Callable[[PicoConfig], torch.nn.Module], shapes: dict[str, tuple[int, ...]], outputs: tuple[str, ...]
) -> None:
    torch.manual_seed(1)
    made = module(ODD)
    for parameter in made.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    graph = trace(made, {name: shape[0] for name, shape in shapes.items()}, outputs)
    arrays = {name: np.random.default_rng(3).random(shape, np.float32) for name, shape in shapes.items()}
    expected = Session(graph).run(None, {name: array[None] for name, array in arrays.items()})
    for name in instruction_sets():
        found = native_graph.network("odd", graph, name).run(list(arrays.values()))
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.shape == theirs.shape[1:]
            assert np.abs(ours - theirs[0]).max() <= 2e-3 * np.abs(theirs).max()


class Unknown(torch.nn.Module):
    """Nodes that the exporter could write and the engine has no kernel for."""

    def __init__(self, *layers: torch.nn.Module) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.layers(x)
        return found


@pytest.mark.parametrize(
    "layers, why",
    [
        ((Conv(32, 32, 3, groups=32),), "a convolution in groups"),
        ((Activation(),), "y"),
        ((Conv(2100, 32),), "more than the engine takes"),
        ((Conv(32, 2100), Activation(), Conv(2100, 32)), "more inputs or outputs than the engine's kernels take"),
    ],
)
def test_graphs_without_kernels_are_unsupported_and_the_message_says_what_to_do(
    layers: tuple[torch.nn.Module, ...], why: str
) -> None:
    inputs = next((layer.weight.shape[1] * layer.groups for layer in layers if isinstance(layer, Conv)), 32)
    with pytest.raises(UnsupportedError, match=f"'odd'.*{why}.*TINTYPE_ENGINE=onnx"):
        native_graph.network("odd", trace(Unknown(*layers), {"y": inputs}, ("out",)))


def test_a_division_by_zero_is_unsupported(bundle: Bundle) -> None:
    graph = onnx.load_from_string(bundle.graphs["synthesis"])
    divisor = next(node.input[1] for node in graph.graph.node if node.op_type == "Div")
    for constant in graph.graph.initializer:
        if constant.name == divisor:
            constant.CopyFrom(onnx.numpy_helper.from_array(np.zeros(1, np.float32), divisor))
    with pytest.raises(UnsupportedError, match="divided by zero"):
        native_graph.network("synthesis", graph.SerializeToString())


def test_a_block_whose_parts_are_read_elsewhere_is_no_block(bundle: Bundle) -> None:
    torch.manual_seed(2)
    graph = onnx.load_from_string(trace(Unknown(Block(32)), {"y": 32}, ("out",)))
    arrays = [np.random.default_rng(4).random((32, 4, 4), np.float32)]
    assert native_graph.network("whole", graph.SerializeToString()).run(arrays)[0].shape == (32, 4, 4)
    total = next(node for node in graph.graph.node if node.op_type == "Add")
    total.input[0] = total.input[1]
    with pytest.raises(UnsupportedError, match="TINTYPE_ENGINE=onnx"):
        native_graph.network("broken", graph.SerializeToString())


@pytest.mark.parametrize("side", [(1, 1), (2, 5), (9, 17)])
def test_blocks_that_run_row_by_row_together_give_what_they_give_alone(side: tuple[int, int]) -> None:
    rng = np.random.default_rng(6)
    shapes = ((9 * 32,), (32,), (64, 32), (64,), (32, 64), (32,))
    weights = [[rng.normal(0, 0.3, shape).astype(np.float32) for shape in shapes] for _ in range(3)]
    networks = Network(), Network()
    for network, alone in zip(networks, (False, True), strict=True):
        at = network.input(32)
        for number, arrays in enumerate(weights):
            at = network.block(at, *arrays, 0.1, number == 1)
            if alone:  # what is a result stands in memory as a whole
                network.output(at)
        if not alone:
            network.output(at)
    array = rng.normal(0, 1, (32, *side)).astype(np.float32)
    together, alone_ = (network.run([array])[-1] for network in networks)
    np.testing.assert_array_equal(together, alone_)


def test_arrays_that_do_not_fit_are_refused_before_a_kernel_sees_them() -> None:
    made = Network()
    at = made.input(32)
    square, row, biases = np.ones((32, 32), np.float32), np.ones((32, 16), np.float32), np.ones(32, np.float32)
    for arguments in (
        (at + 1, square, biases, Shape.PLAIN, 32, 1.0),
        (at, row, biases, Shape.PLAIN, 32, 1.0),
        (at, square, biases[1:], Shape.PLAIN, 32, 1.0),
        (at, square, biases, Shape.DOWN, 32, 1.0),
        (at, square, biases, Shape.PLAIN, 64, 1.0),
        (at, square, biases, Shape.PLAIN, 32, 2.0),
    ):
        with pytest.raises(ValueError):
            made.dense(*arguments)
    made.output(made.dense(at, square, biases, Shape.PLAIN, 32, 1.0))
    assert made.run([np.ones((32, 1, 1), np.float32)])[0].reshape(-1) == pytest.approx(np.full(32, 33), rel=1e-3)
    for arrays in ([], [np.ones((16, 1, 1), np.float32)], [np.ones((32, 0, 1), np.float32)]):
        with pytest.raises(ValueError):
            made.run(arrays)
    with pytest.raises(ValueError, match="instruction set mmx"):
        Network("mmx")


def test_values_that_are_not_finite_are_a_weights_error(bundle: Bundle) -> None:
    broken = inputs(64, 64)["synthesis"][0]
    broken[3, 1, 2] = np.nan
    for name in instruction_sets():
        with pytest.raises(WeightsError, match="'synthesis' gives values that are not finite"):
            NativeNetworks(bundle, name).synthesis(np.where(np.isnan(broken), np.float32(3e38), broken))


def test_widths_are_exponentials_for_any_order_of_axes() -> None:
    rng = np.random.default_rng(11)
    prior = rng.normal(0, 2, (2 * 21, 5, 19)).astype(np.float32)
    gain = rng.uniform(0.5, 9, 21).astype(np.float32)
    pixel_by_pixel = np.ascontiguousarray(prior.transpose(1, 2, 0)).transpose(2, 0, 1)
    found = [np.empty((2, 21, 5, 19), np.float32) for _ in range(2)]
    for given, (mean, width) in zip((prior, pixel_by_pixel), found, strict=True):
        mean_width(given, gain, 25.5, 2.5, mean, width)
    np.testing.assert_array_equal(*found)
    np.testing.assert_array_equal(found[0][0], np.float32(25.5) * prior[:21])
    exact = np.exp(prior[21:].clip(-2.5, 2.5).astype(np.float64)) * gain[:, None, None]
    np.testing.assert_allclose(found[0][1], exact, rtol=4 * 2.0**-24)


def test_arrays_that_do_not_fit_a_prior_are_refused() -> None:
    prior, gain = np.zeros((4, 3, 3), np.float32), np.ones(2, np.float32)
    for shape in ((1, 3, 3), (2, 3, 4), (4, 3, 3)):
        with pytest.raises(ValueError, match="do not fit the prior"):
            mean_width(prior, gain, 25.5, 2.5, *np.empty((2, *shape), np.float32))
