"""Training pico for eyes: squared error, MS-SSIM and distances of trained features, in shares.

    D = gain(level) * sum over terms of share * scale(level) * term

`scale` makes every term as large as lambda 255^2 MSE at the weights it was measured with, so shares mean the same at
all levels. Terms other than squared error shrink while they are trained on, and the rate of a level with them: `gain`
brings it back to where squared error alone had put it.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from tintype.models.pico.network import ANCHORS, Pico, anchor_weights
from tintype.models.pico.schedule import LEVELS, lambda_of
from tintype.training.config import PicoEyesRun
from tintype.training.objectives import features
from tintype.training.objectives.distortion import ms_ssim, mse_255
from tintype.training.objectives.pico import PicoObjective
from tintype.training.objectives.pico_rate import forward

TERMS = ("mse", "ms_ssim", "lp", "wd")
SIGMA_LOW, SIGMA_HIGH = 4.0, 1.0  # log2 of the window in pixels at the lowest and the highest level: 16 and 2 px

# lambda 255^2 MSE / term at the anchors, of pico-s after 89,500 steps on squared error:
# `python studies/perceptual_scales.py weights/training/pico-s --data PICTURES`
SCALES = {
    "ms_ssim": (1.425, 3.014, 6.334, 13.72, 29.34, 62.78, 136.8, 307.1),
    "lp": (0.03506, 0.06397, 0.1175, 0.2152, 0.4032, 0.7549, 1.453, 2.906),
    "wd": (0.05505, 0.09392, 0.1628, 0.2819, 0.5045, 0.907, 1.718, 3.372),
}

# At the anchors: the power 0.43 of the gains that keep the bytes of 32 validation crops, which are 1.28 to 1.62. With
# those, Kodak took 20 % more bytes than with squared error alone. Without gain it took 11 to 14 % fewer, and with these
# 4 to 7 %.
GAINS = (1.22, 1.23, 1.22, 1.21, 1.19, 1.17, 1.14, 1.11)


class PicoEyesObjective(PicoObjective):
    """(R + D) lambda^weight with D as above; otherwise as for squared error."""

    config: PicoEyesRun

    def __init__(self, config: PicoEyesRun) -> None:
        super().__init__(config)
        self.terms = Terms(Path(config.features) if config.features else None)
        self.shares = {name: float(getattr(config, name)) for name in TERMS}

    def distortion(self, x_hat: Tensor, x: Tensor, level: Tensor) -> Tensor:
        """What an error costs, in bits a pixel (B,)."""
        return self.weighted(self.terms(x_hat, x, level, self.wanted), level)

    @property
    def wanted(self) -> list[str]:
        """Terms that have a share."""
        return [name for name, share in self.shares.items() if share]

    def weighted(self, found: Mapping[str, Tensor], level: Tensor) -> Tensor:
        """D of the found terms (B,)."""
        at = anchor_weights(level)
        total = torch.zeros_like(level)
        for name, term in found.items():
            scale = lambda_of(level) if name == "mse" else torch.exp(at @ level.new_tensor(SCALES[name]).log())
            total = total + self.shares[name] * scale * term
        gain: Tensor = torch.exp(at @ level.new_tensor(GAINS).log())
        return gain * total


class Terms(torch.nn.Module):
    """The distortions, each (B,) and zero for equal pictures; those of features share two passes of the network."""

    def __init__(self, weights: Path | None) -> None:
        super().__init__()
        self.network = features.Lite0(weights)

    def forward(self, x_hat: Tensor, x: Tensor, level: Tensor, wanted: list[str]) -> dict[str, Tensor]:
        """Terms of pictures (B, 3, S, S) in [0, 1] at levels (B,)."""
        if not {"lp", "wd"} & set(wanted):
            return self.between(x_hat, x, [], [], level, wanted)
        with torch.no_grad():
            original = self.network(x)
        return self.between(x_hat, x, self.network(x_hat), original, level, wanted)

    def between(
        self,
        x_hat: Tensor,
        x: Tensor,
        decoded: list[Tensor],
        original: list[Tensor],
        level: Tensor,
        wanted: list[str],
    ) -> dict[str, Tensor]:
        """Terms of pictures whose feature maps are known; only lp and wd need those."""
        found = {}
        if "mse" in wanted:
            found["mse"] = mse_255(x_hat, x)
        if "ms_ssim" in wanted:
            found["ms_ssim"] = 1 - ms_ssim(x_hat, x)
        if "lp" in wanted:
            found["lp"] = features.lp(decoded, original)
        if "wd" in wanted:
            log2_sigma = SIGMA_LOW + (SIGMA_HIGH - SIGMA_LOW) / (LEVELS - 1) * level
            found["wd"] = features.wd(decoded, original, log2_sigma)
        return found


@torch.no_grad()
def measure_scales(model: Pico, terms: Terms, crops: Tensor) -> dict[str, tuple[float, ...]]:
    """`SCALES` of a model, from means over crops (B, 3, S, S) in [0, 1]."""
    rows: dict[str, list[float]] = {name: [] for name in TERMS[1:]}
    for anchor in range(ANCHORS):
        level = torch.full((len(crops),), anchor * (LEVELS - 1) / (ANCHORS - 1))
        x_hat = forward(model, crops, level, None)[0].clamp(0, 1)
        found = terms(x_hat, crops, level, list(TERMS))
        error = float((lambda_of(level) * found.pop("mse")).mean())
        for name, term in found.items():
            rows[name].append(float(f"{error / float(term.mean()):.4g}"))
    return {name: tuple(row) for name, row in rows.items()}
