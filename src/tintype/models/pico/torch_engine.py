"""pico's networks on PyTorch, from a trained model and the integers of its bundle: for research and for checking."""

import numpy as np
import torch
from torch import Tensor

from tintype.models.pico.integer import IntegerNet
from tintype.models.pico.integer_torch import TorchIntegerNet
from tintype.models.pico.network import Pico
from tintype.models.pico.tile_model import Floats, PicoModel
from tintype.pixels import Pixels
from tintype.weights.bundle import Bundle


def load(model: Pico, bundle: Bundle, device: str = "cpu") -> PicoModel:
    """The checkpoint that a bundle was exported from, as a `TileModel` that reads and writes the bundle's files."""
    return PicoModel(bundle, TorchNetworks(model, bundle, device))


class TorchNetworks:
    """Float networks of a model; rows come from the same integers as on every engine."""

    def __init__(self, model: Pico, bundle: Bundle, device: str) -> None:
        self.model = model.to(device).eval()
        self.device = torch.device(device)
        self.integers = TorchIntegerNet(IntegerNet.from_arrays(dict(bundle.arrays["scale_decoder"]))).to(device)

    @torch.no_grad()
    def analysis(self, pixels: Pixels) -> tuple[Floats, Floats]:
        y, z = self.model.analysis(self._tensor(pixels))
        return _array(y), _array(z)

    @torch.no_grad()
    def scale_decoder(self, z_hat: Floats, level: int) -> Floats:
        return _array(self.integers(self._tensor(z_hat), level))

    @torch.no_grad()
    def context_decoder(self, z_hat: Floats) -> Floats:
        return _array(self.model.context_decoder(self._tensor(z_hat)))

    @torch.no_grad()
    def context_model(self, prior: Floats, y_bar: Floats) -> Floats:
        return _array(self.model.context_model(self._tensor(prior), self._tensor(y_bar)))

    @torch.no_grad()
    def synthesis(self, y_hat: Floats) -> Pixels:
        return _array(self.model.synthesis(self._tensor(y_hat)))

    def _tensor(self, array: Floats) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(array, np.float32), device=self.device)[None]


def _array(tensor: Tensor) -> Floats:
    array: Floats = tensor[0].float().cpu().numpy()
    return array
