"""Differentiable rate of quantised Gaussians, and the driver that trains through a coding schedule."""

import math

import torch
from torch import Tensor

from tintype.codec.entropy.tables import CLASSES, SIGMA_MIN
from tintype.codec.steps import Schedule, Step, walk
from tintype.models.pico.network import LOG_RATIO, Z_INDEX_MIN, Pico, anchor_weights
from tintype.models.pico.schedule import T_LIMIT, UNIT, Z_LIMIT, schedule
from tintype.models.surrogates import LIKELIHOOD_MIN, Noise, full_precision, lower_bound, straight_through


def gaussian_bits(value: Tensor, index: Tensor) -> Tensor:
    """Bits of values under zero-mean Gaussians integrated over unit bins.

    Parameters
    ----------
    value : float32, units of symbols, need not be an integer
    index : float32, real row index; clamps to [0, 63] with gradients that still lead inwards
    """
    index = lower_bound(-lower_bound(-index, 1.0 - CLASSES), 0.0)
    inverse = math.sqrt(0.5) / SIGMA_MIN * torch.exp(-LOG_RATIO * index)  # 1 / (sqrt(2) sigma)
    value = value.abs()  # both differences in the upper tail, where erfc keeps its digits
    likelihood = 0.5 * (torch.erfc((value - 0.5) * inverse) - torch.erfc((value + 0.5) * inverse))
    return -torch.log2(lower_bound(likelihood, LIKELIHOOD_MIN))


class TrainingNetworks:
    """Networks of a pico between two steps, for a batch of real levels; see `models.pico.schedule.StepNetworks`."""

    def __init__(self, model: Pico, level: Tensor) -> None:
        self.model = model
        self.at = anchor_weights(level)
        self.gain = torch.exp(self.at @ model.log_gain)[..., None, None]
        self._constants: dict[int, Tensor] = {}

    def hyper_density(self) -> tuple[Tensor, Tensor]:
        index = lower_bound(self.model.z_index, Z_INDEX_MIN)
        return index[:, None, None], self.model.z_mean[:, None, None]

    def scale_decoder(self, z_hat: Tensor) -> Tensor:
        with full_precision(z_hat.device):
            index: Tensor = self.model.scale_decoder(z_hat.float(), self.at)
        return index

    def context_decoder(self, z_hat: Tensor) -> Tensor:
        prior: Tensor = self.model.context_decoder(z_hat)
        return prior

    def context_model(self, prior: Tensor, y_bar: Tensor) -> Tensor:
        refined: Tensor = self.model.context_model(prior, y_bar)
        return refined

    def mean_width(self, prior: Tensor) -> tuple[Tensor, Tensor]:
        mean, t = prior.float().chunk(2, 1)
        return UNIT * mean, torch.exp(t.clamp(-T_LIMIT, T_LIMIT)) * self.gain

    def reconstructed(self, y_hat: Tensor, symbols: Tensor, mean: Tensor, width: Tensor, mask: Tensor) -> Tensor:
        return y_hat + (symbols * width + mean) * mask

    def worth(self) -> None:
        return None

    def constant(self, array: object) -> Tensor:
        return torch.as_tensor(array, device=self.at.device)


def train_through(steps: Schedule, noise: Noise | None) -> tuple[Tensor, list[Tensor]]:
    """Walk a schedule with straight-through rounding, collecting the rate.

    The rate of a step is that of the unrounded values with uniform noise (without noise: of the rounded values);
    what the later networks see is rounded.

    Returns
    -------
    latents (B, C, h, w) and, for each step, its bits per sample (B,)
    """
    bits: list[Tensor] = []

    def answer(step: Step) -> Tensor:
        assert step.latents is not None
        value = (step.latents - step.mean) / step.width
        mask = torch.as_tensor(step.lattice.mask(tuple(value.shape[1:])), device=value.device)
        symbols: Tensor = straight_through(value, value.round()) * mask
        # z is the first step, y all others
        rated = symbols if noise is None else value + (noise.y if bits else noise.z)
        bits.append((gaussian_bits(rated, step.rows) * mask).sum((1, 2, 3)))
        return symbols

    return walk(steps, answer), bits


def forward(model: Pico, x: Tensor, level: Tensor, noise: Noise | None) -> tuple[Tensor, list[Tensor]]:
    """Reconstruction (B, 3, H, W), not clipped, and bits per sample of each step.

    Parameters
    ----------
    x : (B, 3, H, W) in [0, 1], sides multiples of 64
    level : (B,) in [0, 70]
    noise : None estimates the rate of rounded latents (evaluation)
    """
    y_hat, bits = latents(model, x, level, noise)
    return model.synthesis(y_hat).float(), bits


def latents(model: Pico, x: Tensor, level: Tensor, noise: Noise | None) -> tuple[Tensor, list[Tensor]]:
    """Decoded latents (B, N, H/16, W/16), and bits per sample of each step; parameters as for `forward`."""
    y, z = model.analysis(x)
    y, z = y.float(), z.float().clamp(-Z_LIMIT, Z_LIMIT)
    steps = schedule(TrainingNetworks(model, level), tuple(z.shape[1:]), tuple(y.shape[1:]), z, y)
    return train_through(steps, noise)
