"""pico's scale decoder made integer (PICO, section 3.2; after-training quantisation), and its torch engine."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.codec.entropy.tables import CLASSES
from tintype.models.pico.integer import ACCUMULATOR_LIMIT, MULTIPLIER_RANGE, IntegerLayer, IntegerNet
from tintype.models.pico.network import ScaleDecoder, anchor_weights
from tintype.models.pico.schedule import LEVELS, Z_LIMIT

WEIGHT_TOP, ACTIVATION_TOP = 127, 255  # of int8, both signs alike, and of uint8
WEIGHT_MIN, ACTIVATION_MIN = 1e-9, 1e-6  # of what a layer's range is taken from: all-zero layers would divide by zero


@torch.no_grad()
def quantise(net: ScaleDecoder, z_hat: Tensor) -> IntegerNet:
    """Integer form of a trained scale decoder.

    Parameters
    ----------
    z_hat : (B, M, h, w) integer-valued hyper-latents of training pictures, for the activation ranges

    Raises
    ------
    WeightsError
        If an accumulator could reach 2^24.
    """
    at = anchor_weights(torch.arange(LEVELS, dtype=torch.float32))
    first_bias, last_bias = at @ net.first_bias, at @ net.last_bias  # (LEVELS, K)
    units = _activation_units(net, z_hat)
    none = torch.zeros(1, 1)  # level bias of a layer that does not know the level
    # each layer's outputs are the next one's inputs: unit and range are handed on. Hyper-latents come in whole units,
    # rows go out in whole units; a pixel shuffle follows the first and the third layer.
    return IntegerNet(
        (
            _layer(net.first, first_bias, 1.0, units[0], ACTIVATION_TOP, Z_LIMIT, 2),
            _layer(net.middle, none, units[0], units[1], ACTIVATION_TOP, ACTIVATION_TOP, 1),
            _layer(net.third, none, units[1], units[2], ACTIVATION_TOP, ACTIVATION_TOP, 2),
            _layer(net.last, last_bias, units[2], 1.0, CLASSES - 1, ACTIVATION_TOP, 1),
        )
    )


def _activation_units(net: ScaleDecoder, z_hat: Tensor) -> list[float]:
    """Size of one unit of the 8-bit activations after each of the first three layers."""
    seen: list[list[Tensor]] = [[], [], []]
    for level in range(0, LEVELS, 10):  # the anchors; biases of other levels lie between theirs
        bias = (anchor_weights(torch.tensor([float(level)])) @ net.first_bias)[..., None, None]
        x = F.relu(net.first(z_hat) + bias)
        seen[0].append(x.flatten())
        x = F.relu(net.middle(F.pixel_shuffle(x, 2)))
        seen[1].append(x.flatten())
        seen[2].append(F.relu(net.third(x)).flatten())
    return [max(float(torch.cat(values).max()), ACTIVATION_MIN) / ACTIVATION_TOP for values in seen]


def _layer(
    conv: nn.Conv2d,
    level_bias: Tensor,
    unit_in: float,
    unit_out: float,
    top: int,
    input_top: int,
    shuffle: int,
) -> IntegerLayer:
    """A layer in integers: inputs in units of `unit_in`, outputs in units of `unit_out`.

    With weights in units of unit_weight, the accumulator counts unit_weight * unit_in, and outputs are
    accumulator * (unit_weight * unit_in / unit_out), rounded.
    """
    weight = conv.weight.double().numpy()  # (K, C, k, k)
    outputs = weight.shape[0]
    bias = np.zeros(outputs) if conv.bias is None else conv.bias.double().numpy()
    levels = np.broadcast_to(level_bias.double().numpy(), (len(level_bias), outputs))
    unit_weight = np.maximum(np.abs(weight).max((1, 2, 3)), WEIGHT_MIN) / WEIGHT_TOP
    # A tiny weight unit would inflate the biases beyond the accumulators: keep |bias| below a quarter of them.
    most = np.abs(bias) + np.abs(levels).max(0)
    unit_weight = np.maximum(unit_weight, most / (ACCUMULATOR_LIMIT / 4) / unit_in)
    unit = unit_weight * unit_in  # of the accumulator
    multiplier, shift = _dyadic(unit / unit_out)
    return IntegerLayer(
        np.round(weight / unit_weight[:, None, None, None]).astype(np.int8),
        np.round(bias / unit).astype(np.int32),
        np.round(levels / unit).astype(np.int32),
        multiplier,
        shift,
        top,
        input_top,
        2 if shuffle == 2 else 1,
    )


def _dyadic(ratio: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """ratio ~ multiplier * 2^-shift with the multiplier in [2^14, 2^15)."""
    exponent = np.floor(np.log2(ratio))
    shift = (14 - exponent).astype(np.int32)  # ratio * 2^shift is in [2^14, 2^15)
    multiplier = np.round(ratio * 2.0**shift).astype(np.int32)
    # rounding up may reach 2^15: 2^15 * 2^-shift is 2^14 * 2^-(shift - 1)
    overflow = multiplier >= MULTIPLIER_RANGE[1]
    multiplier = np.where(overflow, multiplier // 2, multiplier).astype(np.int32)
    return multiplier, np.where(overflow, shift - 1, shift).astype(np.int32)


class TorchIntegerNet(nn.Module):
    """The same integers from torch's own convolutions, on any device: float32 sums below 2^24 are exact.

    Winograd, TF32 and half precision would not be; unfolding into a plain float64 product avoids them all.
    """

    def __init__(self, net: IntegerNet) -> None:
        super().__init__()
        self.net = net
        for i, layer in enumerate(net.layers):
            for name in ("weight", "bias", "level_bias"):
                self.register_buffer(f"{name}{i}", torch.as_tensor(getattr(layer, name)).double())
            # multiplier * 2^-shift: moving the exponent is exact
            scale = np.ldexp(layer.multiplier.astype(np.float64), -layer.shift)
            self.register_buffer(f"scale{i}", torch.as_tensor(scale)[:, None, None])

    def forward(self, z_hat: Tensor, level: int) -> Tensor:
        """(B, M, h, w) integer-valued to rows (B, N, 4h, 4w), float64."""
        x = z_hat.double()
        for i, layer in enumerate(self.net.layers):
            weight, bias, level_bias, scale = (
                getattr(self, f"{name}{i}") for name in ("weight", "bias", "level_bias", "scale")
            )
            bias = bias + level_bias[min(level, len(level_bias) - 1)]
            b, _, h, w = x.shape
            k = weight.shape[-1]
            columns = F.unfold(x, k, padding=k // 2)  # (B, C k k, h w)
            # (K, C k k) times it, then (B, K, h, w)
            accumulator = (weight.flatten(1) @ columns + bias[:, None]).view(b, -1, h, w)
            # exact in float64: |accumulator * multiplier| < 2^39, and the rest of the exponent is free
            x = torch.floor(accumulator * scale + 0.5).clamp(0, layer.top)
            if layer.shuffle == 2:
                x = F.pixel_shuffle(x, 2)
        return x
