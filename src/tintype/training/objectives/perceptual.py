"""Training pico for eyes: squared error, MS-SSIM, distances of trained features and more, in shares.

    D = gain(level) * sum over terms of share * scale(level) * term

`scale` makes every term as large as lambda 255^2 MSE at the weights it was measured with, so shares mean the same at
all levels. Terms other than squared error shrink while they are trained on, and the rate of a level with them: `gain`
brings it back to where squared error alone had put it.

Two terms are off unless a run gives them a share. `tal` (tiling artifacts) looks at steps in which each crop is coded
as two tiles side by side: errors of the joined picture at 1/4 to 1/64 of its size, where neighbours drift apart in
brightness and colour and the other terms look least. The tiles have no common margin, so the border is harder than
those of files. `text` is the absolute error inside text.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from tintype.errors import InputError
from tintype.models.pico.network import ANCHORS, Pico, anchor_weights
from tintype.models.pico.schedule import LEVELS, Y_STRIDE, Z_STRIDE, lambda_of
from tintype.training.config import PicoEyesRun, RunConfig
from tintype.training.objectives import features
from tintype.training.objectives.distortion import ms_ssim, mse_255
from tintype.training.objectives.objective import Draw
from tintype.training.objectives.pico import PicoObjective
from tintype.training.objectives.pico_rate import forward

TERMS = ("mse", "ms_ssim", "lp", "wd", "tal", "text")
TAL_SIZES = (4, 8, 16, 32, 64)  # pixels that become one
TILED_EVERY = 4  # steps
SIGMA_LOW, SIGMA_HIGH = 4.0, 1.0  # log2 of the window in pixels at the lowest and the highest level: 16 and 2 px

# lambda 255^2 MSE / term at the anchors, of pico-s after 89,500 steps on squared error:
# `python studies/perceptual_scales.py weights/training/pico-s-psnr --data PICTURES`
SCALES = {
    "ms_ssim": (1.425, 3.014, 6.334, 13.72, 29.34, 62.78, 136.8, 307.1),
    "lp": (0.03506, 0.06397, 0.1175, 0.2152, 0.4032, 0.7549, 1.453, 2.906),
    "wd": (0.05505, 0.09392, 0.1628, 0.2819, 0.5045, 0.907, 1.718, 3.372),
    "tal": (2.165, 4.199, 7.755, 14.22, 25.48, 45.08, 81.6, 152.7),
    "text": (7.613, 12.68, 20.2, 31.28, 48.65, 79.6, 140.9, 268.5),  # on 68 of the pictures with text
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
        self.channels = 4 if config.text else 3
        self.terms = Terms(Path(config.features) if config.features else None)
        self.shares = {name: float(getattr(config, name)) for name in TERMS}

    def check(self, config: RunConfig) -> None:
        super().check(config)
        if self.config.tal and not border(config.crop):
            raise InputError(f"tal: a crop of {config.crop} is not two tiles; crop must be at least {2 * Z_STRIDE}")

    def draw(self, shape: tuple[int, int], draw: Draw) -> tuple[Tensor, ...]:
        """Levels (B,) and noise; in steps that code two tiles the noise of the left one, then that of the right one."""
        level, y_noise, z_noise = super().draw(shape, draw)
        if not self.config.tal or (draw.step + 1) % TILED_EVERY:
            return level, y_noise, z_noise
        y_border, z_border = border(shape[1]) // Y_STRIDE, border(shape[1]) // Z_STRIDE
        left = y_noise[..., :y_border], z_noise[..., :z_border]
        return level, *left, y_noise[..., y_border:], z_noise[..., z_border:]

    def coded(self, x: Tensor, level: Tensor, noise: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        if len(noise) == 2:
            return super().coded(x, level, noise)
        at = Z_STRIDE * noise[1].shape[3]
        left, left_bits = super().coded(x[..., :at], level, noise[:2])
        right, right_bits = super().coded(x[..., at:], level, noise[2:])
        return torch.cat((left, right), 3), left_bits + right_bits

    def distortion(self, x_hat: Tensor, x: Tensor, level: Tensor, tiles: int = 1) -> Tensor:
        """What an error costs, in bits a pixel (B,)."""
        return self.weighted(self.terms(x_hat, x, level, self.wanted(tiles)), level)

    def wanted(self, tiles: int = 1) -> list[str]:
        """Terms that have a share."""
        return [name for name, share in self.shares.items() if share and (name != "tal" or tiles > 1)]

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
    """The distortions, each (B,) and zero for equal pictures; those of features share two passes of the network.

    Originals `x` are (B, 3, S, S) in [0, 1], for `text` (B, 4, S, S) with a mask.
    """

    def __init__(self, weights: Path | None) -> None:
        super().__init__()
        self.network = features.Lite0(weights)

    def forward(self, x_hat: Tensor, x: Tensor, level: Tensor, wanted: list[str]) -> dict[str, Tensor]:
        """Terms of pictures x_hat (B, 3, S, S) in [0, 1] at levels (B,)."""
        if not {"lp", "wd"} & set(wanted):
            return self.between(x_hat, x, [], [], level, wanted)
        with torch.no_grad():
            original = self.network(x[:, :3])
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
        pictures, mask = x[:, :3], x[:, 3:]
        if "mse" in wanted:
            found["mse"] = mse_255(x_hat, pictures)
        if "ms_ssim" in wanted:
            found["ms_ssim"] = 1 - ms_ssim(x_hat, pictures)
        if "lp" in wanted:
            found["lp"] = features.lp(decoded, original)
        if "wd" in wanted:
            log2_sigma = SIGMA_LOW + (SIGMA_HIGH - SIGMA_LOW) / (LEVELS - 1) * level
            found["wd"] = features.wd(decoded, original, log2_sigma)
        if "tal" in wanted:
            found["tal"] = tal(x_hat, pictures)
        if "text" in wanted:
            found["text"] = ((x_hat - pictures).abs() * mask).mean((1, 2, 3))
        return found


def border(width: int) -> int:
    """Where a crop is cut into two tiles: the middle, or the multiple of 64 pixels before it."""
    return width // (2 * Z_STRIDE) * Z_STRIDE


def tal(x_hat: Tensor, x: Tensor) -> Tensor:
    """Absolute errors (B,) of pictures reduced to 1/4, 1/8, ... 1/64 by means, summed over the sizes.

    After the TilingArtifactLoss of PICO (arXiv 2605.05148, 4.2), whose formula the paper does not print.
    """
    error = x_hat - x
    return torch.stack([F.avg_pool2d(error, size).abs().mean((1, 2, 3)) for size in TAL_SIZES]).sum(0)


@torch.no_grad()
def measure_scales(model: Pico, terms: Terms, crops: Tensor) -> dict[str, tuple[float, ...]]:
    """`SCALES` of a model, from means over crops.

    That of `tal` is measured on two tiles, that of `text` compares errors inside text alone.

    Parameters
    ----------
    crops : (B, 3, S, S) in [0, 1], S at least 128; for `text` (B, 4, S, S), the mask last
    """
    pictures, mask = crops[:, :3], crops[:, 3:]
    names = [name for name in TERMS if name != "text" or crops.shape[1] == 4]
    rows: dict[str, list[float]] = {name: [] for name in names if name != "mse"}
    for anchor in range(ANCHORS):
        level = torch.full((len(crops),), anchor * (LEVELS - 1) / (ANCHORS - 1))
        tiles = [pictures[..., : border(crops.shape[3])], pictures[..., border(crops.shape[3]) :]]
        whole, *parts = (forward(model, x, level, None)[0].clamp(0, 1) for x in (pictures, *tiles))
        joined = torch.cat(parts, 3)
        found = terms(whole, crops, level, [name for name in names if name != "tal"])
        found |= terms(joined, crops, level, ["tal"])
        errors = dict.fromkeys(names, found.pop("mse")) | {"tal": mse_255(joined, pictures)}
        if "text" in found:
            errors["text"] = 255**2 * ((whole - pictures).square() * mask).mean((1, 2, 3))
        for name, term in found.items():
            error = float((lambda_of(level) * errors[name]).mean())
            rows[name].append(float(f"{error / float(term.mean()):.4g}"))
    return {name: tuple(row) for name, row in rows.items()}
