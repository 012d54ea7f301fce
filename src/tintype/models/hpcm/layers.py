"""Residual blocks and transforms."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from tintype.models.surrogates import at_least_float32, full_precision

SLOPE = 0.01
"""Slope of LeakyReLU below zero, everywhere."""


class PartialBlock(nn.Module):
    """Residual block whose 3x3 convolution sees only the first channels.

    Parameters
    ----------
    channels : int
    partial : int
        One of `partial` channels passes the 3x3; the others go around it.
    expansion : int
        Hidden channels per channel.
    """

    def __init__(self, channels: int, partial: int, expansion: int) -> None:
        super().__init__()
        self.split = channels // partial
        self.partial = nn.Conv2d(self.split, self.split, 3, padding=1)
        self.expand = nn.Conv2d(channels, expansion * channels, 1)
        self.activation = nn.LeakyReLU(SLOPE, inplace=True)
        self.project = nn.Conv2d(expansion * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, h, w) to the same shape."""
        # the 1x1 convolutions mix both parts again
        seen, around = x[:, : self.split], x[:, self.split :]
        mixed = torch.cat((self.partial(seen), around), 1)
        change: Tensor = self.project(self.activation(self.expand(mixed)))
        return x + change


class DepthwiseBlock(nn.Module):
    """Residual block of a depthwise 3x3 and two 1x1 convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.activation = nn.LeakyReLU(SLOPE, inplace=True)
        self.project = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, h, w) to the same shape."""
        change: Tensor = self.project(self.activation(self.expand(self.depthwise(x))))
        return x + change


class FloatTail(nn.Sequential):
    """A sequence whose last layer runs in float32 even where autocast lowers the others.

    Latents, densities and pictures need more than the eight bits of a bfloat16 mantissa.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Apply all layers in order."""
        # autocast may lower all but the last
        *layers, last = self
        for layer in layers:
            x = layer(x)
        with full_precision(x.device):
            out: Tensor = last(at_least_float32(x))
        return out


def down(inputs: int, outputs: int, kernel: int = 2) -> nn.Conv2d:
    """Convolution to half the resolution."""
    # kernel 2 needs no padding, kernel 4 one pixel: both give exactly half of an even side
    return nn.Conv2d(inputs, outputs, kernel, stride=2, padding=kernel // 2 - 1)


def up(inputs: int, outputs: int, kernel: int = 2) -> nn.ConvTranspose2d:
    """Transposed convolution to twice the resolution."""
    return nn.ConvTranspose2d(inputs, outputs, kernel, stride=2, padding=kernel // 2 - 1)


def analysis_transform(
    widths: Sequence[int], depths: Sequence[int], kernels: Sequence[int], partial: int, expansion: int
) -> FloatTail:
    """Downsampling layers, each followed by its residual blocks.

    Parameters
    ----------
    widths : sequence of n + 1 ints
        Channels of the input and after each downsampling.
    depths, kernels : sequences of n ints
        Blocks after each downsampling, and its kernel.
    """
    layers: list[nn.Module] = []
    for before, width, depth, kernel in zip(widths, widths[1:], depths, kernels, strict=False):
        layers.append(down(before, width, kernel))
        layers += _blocks(width, depth, partial, expansion)
    return FloatTail(*layers)


def synthesis_transform(
    widths: Sequence[int], depths: Sequence[int], kernels: Sequence[int], partial: int, expansion: int
) -> FloatTail:
    """Residual blocks, each group followed by an upsampling; `widths` from the coarsest on."""
    layers: list[nn.Module] = []
    for width, after, depth, kernel in zip(widths, widths[1:], depths, kernels, strict=False):
        layers += _blocks(width, depth, partial, expansion)
        layers.append(up(width, after, kernel))
    return FloatTail(*layers)


def _blocks(width: int, depth: int, partial: int, expansion: int) -> Iterable[nn.Module]:
    return (PartialBlock(width, partial, expansion) for _ in range(depth))
