"""An exported pico: the same symbols on ONNX Runtime, PyTorch and plain integers."""

import numpy as np
import pytest
import torch

from tests.pictures import picture
from tintype.codec import decoder
from tintype.codec.container.file import parse
from tintype.codec.encoder import Encoder
from tintype.codec.entropy import rans
from tintype.codec.tiling import Tiling
from tintype.errors import WeightsError
from tintype.models.pico import onnx_engine, torch_engine
from tintype.models.pico.integer import IntegerNet
from tintype.models.pico.network import SIZES, Pico
from tintype.models.pico.start import structured_start
from tintype.models.pico.tile_model import PicoModel
from tintype.training.export.pico import export, with_integer_means
from tintype.training.objectives.pico_rate import forward
from tintype.weights.bundle import Bundle

Both = tuple[PicoModel, PicoModel, Bundle]


@pytest.fixture(scope="module")
def engines() -> Both:
    torch.manual_seed(0)
    model = Pico(SIZES["pico-s"])
    pictures = np.stack([picture(128, 128, seed) for seed in range(8)])
    structured_start(model, torch.as_tensor(pictures).movedim(-1, 1).float() / 255)
    for parameter in model.scale_decoder.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    bundle, _ = export(model, pictures[:3], "test", {})
    return onnx_engine.load(bundle), torch_engine.load(model, bundle), bundle


@pytest.mark.parametrize("level", [0, 35, 70])
def test_onnx_and_torch_read_the_same_symbols_from_the_same_file(engines: Both, level: int) -> None:
    onnx, torch_, bundle = engines
    data = Encoder(onnx, picture(96, 200, 5), Tiling.of(200, 96, 64, 4)).encode(level)
    container = parse(data)
    pixels = [decoder.decode(container, engine) for engine in (onnx, torch_)]
    assert np.abs(pixels[0].astype(int) - pixels[1]).max() <= 1
    integers = IntegerNet.from_arrays(dict(bundle.arrays["scale_decoder"]))
    for engine in (onnx, torch_):
        steps = engine.decode(64, 128, level)
        payload = Encoder(onnx, picture(64, 128, 6)).encode(level)
        reader = rans.Decoder(parse(payload).payload(0), engine.tables)
        z = reader.decode(next(steps).rows)
        z_hat = z.reshape(96, 1, 2) + np.asarray(bundle.arrays["levels"]["z_mean"])[:, None, None]
        rows = steps.send(z).rows
        expected = integers(z_hat.clip(-31, 31), level)
        assert np.array_equal(np.sort(rows), np.sort(expected[_first(expected.shape)]))


def _first(shape: tuple[int, ...]) -> np.ndarray:  # type: ignore[type-arg]
    from tintype.models.pico.schedule import FIRST

    return FIRST.mask(shape).astype(bool)


def test_more_bits_give_a_better_picture(engines: Both) -> None:
    onnx, _, _ = engines
    original = picture(128, 192, 7)
    encoder = Encoder(onnx, original, keep=True)
    sizes, errors = [], []
    for level in (0, 25, 50, 70):
        data = encoder.encode(level)
        sizes.append(len(data))
        errors.append(np.mean((decoder.decode(parse(data), onnx).astype(float) - original) ** 2))
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)


def test_threads_change_neither_bytes_nor_pixels(engines: Both) -> None:
    onnx, _, _ = engines
    original = picture(150, 260, 8)
    files = {Encoder(onnx, original, Tiling.of(260, 150, 64, 4), threads).encode(40) for threads in (1, 2)}
    assert len(files) == 1
    container = parse(files.pop())
    assert np.array_equal(decoder.decode(container, onnx, 1), decoder.decode(container, onnx, 2))


def test_a_bundle_without_its_arrays_is_an_error(engines: Both) -> None:
    bundle = engines[2]
    broken = Bundle(bundle.card, bundle.graphs, {**bundle.arrays, "levels": {}})
    with pytest.raises(WeightsError, match="gain"):
        onnx_engine.load(broken)


def test_integer_means_of_hyper_latents_change_no_result() -> None:
    torch.manual_seed(5)
    model = Pico(SIZES["pico-s"])
    torch.nn.init.normal_(model.z_mean, std=2.0)
    for net in (model.scale_decoder.last.weight, model.context_decoder.net[-1].weight, model.analysis.down64.weight):
        torch.nn.init.normal_(net, std=0.2)
    integral = with_integer_means(model)
    assert torch.equal(integral.z_mean, model.z_mean.round())
    x, level = torch.as_tensor(picture(64, 64)).movedim(-1, 0)[None].float() / 255, torch.tensor([33.0])
    with torch.no_grad():
        pixels, bits = forward(model, x, level, None)
        same, same_bits = forward(integral, x, level, None)
    assert (pixels - same).abs().max() <= 1e-3
    assert torch.allclose(torch.stack(bits), torch.stack(same_bits), rtol=1e-3)
