"""Distortions, per sample and differentiable."""

import torch
from torch import Tensor
from torch.nn import functional as F

from tintype.metrics import SCALE_WEIGHTS, SIGMA, WINDOW, scale_count
from tintype.models.surrogates import full_precision, straight_through

C1, C2 = 0.01**2, 0.03**2  # of samples in [0, 1]
SMALLEST = 1e-4  # of a term of MS-SSIM: at zero a power has no finite gradient


def mse_255(x_hat: Tensor, x: Tensor) -> Tensor:
    """(B,): mean squared error of (B, 3, H, W) in [0, 1], in units of one 8-bit level squared."""
    return 255**2 * ((x_hat - x) ** 2).mean((1, 2, 3))


def clipped(x: Tensor) -> Tensor:
    """Samples in [0, 1], as a picture holds them, with the gradient of the identity."""
    return straight_through(x, x.clamp(0, 1))


def psnr(error_255: Tensor) -> Tensor:
    """PSNR in dB of what `mse_255` gives."""
    return -10 * torch.log10(error_255 / 255**2)


def ms_ssim(x_hat: Tensor, x: Tensor) -> Tensor:
    """Multi-scale structural similarity (B,) of (B, 3, H, W) in [0, 1]; as `metrics.ms_ssim`, but unrounded.

    Notes
    -----
    Terms are bounded by 1e-4 below, not by 0. Crops under 161 pixels have fewer scales, as in `metrics`.
    """
    count = scale_count(*x.shape[2:])
    weights = x.new_tensor(SCALE_WEIGHTS[:count]) * (sum(SCALE_WEIGHTS) / sum(SCALE_WEIGHTS[:count]))
    terms = []
    for scale in range(count):
        full, contrast = _ssim_terms(x_hat, x)
        last = scale == count - 1
        terms.append(full if last else contrast)
        if not last:
            # odd sides get a line of zeros at their beginning, as in `metrics`
            odd = (x.shape[3] % 2, 0, x.shape[2] % 2, 0)
            x_hat, x = (F.avg_pool2d(F.pad(part, odd), 2) for part in (x_hat, x))
    logs = torch.stack(terms, -1).clamp(min=SMALLEST).log()  # (B, 3, scales)
    return (logs * weights).sum(-1).exp().mean(1)


def _ssim_terms(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Means (B, 3) of SSIM, and of its contrast and structure part alone."""
    moments = _blur(torch.cat((a, b, a * a, b * b, a * b), 1))
    mean_a, mean_b, square_a, square_b, product = moments.chunk(5, 1)
    means = mean_a * mean_b
    squares = mean_a**2 + mean_b**2
    contrast = (2 * (product - means) + C2) / (square_a + square_b - squares + C2)
    luminance = (2 * means + C1) / (squares + C1)
    return (luminance * contrast).mean((2, 3)), contrast.mean((2, 3))


def _blur(x: Tensor) -> Tensor:
    """Gaussian window along both axes, only where it fits."""
    channels = x.shape[1]
    for axis in (2, 3):
        taps = min(WINDOW, x.shape[axis])
        distance = torch.arange(taps, device=x.device, dtype=x.dtype) - (taps - 1) / 2
        kernel = torch.exp(-(distance**2) / (2 * SIGMA**2))
        shape = (1, 1, taps, 1) if axis == 2 else (1, 1, 1, taps)
        kernel = (kernel / kernel.sum()).view(shape).expand(channels, 1, *shape[2:])
        # variances are differences of nearly equal means: autocast's bfloat16 would leave nothing of them
        with full_precision(x.device):
            x = F.conv2d(x, kernel, groups=channels)
    return x
