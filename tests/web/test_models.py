"""Weights of other networks than the shipped ones: a bundle becomes a file, and browsers decode what it encodes."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.pictures import picture
from tintype import Codec
from tintype.models.pico.web_model import web_model
from tintype.weights.bundle import Bundle

if TYPE_CHECKING:
    from tests.web.browser import Browser


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained pico-xs: other channels, and blocks of other shapes, than pico-s has."""
    torch = pytest.importorskip("torch")
    from tintype.models.pico.network import SIZES, Pico
    from tintype.models.pico.start import structured_start
    from tintype.training.export.pico import export

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small layers on threads wait for each other where the machine is busy
    torch.manual_seed(0)
    model = Pico(SIZES["pico-xs"])
    pictures = np.stack([picture(64, 64, seed) for seed in range(2)])
    structured_start(model, torch.as_tensor(pictures).movedim(-1, 1).float() / 255)
    path = tmp_path_factory.mktemp("bundle") / "xs.tintmodel"
    export(model, pictures[:1], "xs", {})[0].write(path)
    torch.set_num_threads(threads)
    return path


@pytest.mark.parametrize("level", [0, 100])
def test_an_untrained_pico_xs_has_the_native_engine_s_samples(browser: "Browser", bundle: Path, level: int) -> None:
    (browser.built / "xs.tintweb").write_bytes(web_model(Bundle.read(bundle)))
    data = Codec(str(bundle), tile=64).encode(picture(100, 130), quality=level, content="photo")
    found = browser.samples(data, models=["pico-s", "xs"])
    np.testing.assert_array_equal(found.samples, Codec(str(bundle)).decode_picture(data).pixels)
