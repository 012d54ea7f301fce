"""Building blocks of pico: scaled convolutions, Haar resampling, residual blocks.

Every layer states its *folded* kernel, a plain convolution without learned scales or Haar transform. Training
runs through that kernel and export writes it, so there is one definition of what a layer computes.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.1  # leaky ReLU; the value that ONNX graphs carry too

# Rows: bands LL, LH, HL, HH; columns: pixels (0,0), (0,1), (1,0), (1,1) of a 2x2 square. Orthonormal, symmetric.
HAAR = 0.5 * torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], dtype=torch.float32)
# Two levels, rows (outer band, inner band). The product has columns (outer pixel i j, inner pixel i j); the permutation
# makes them (outer i, inner i, outer j, inner j): pixels of a 4x4 square in raster order.
HAAR2 = torch.einsum("ap,bq->abpq", HAAR, HAAR).reshape(4, 4, 2, 2, 2, 2).permute(0, 1, 2, 4, 3, 5).reshape(16, 16)

Resampling = Literal["none", "down", "up", "in", "out"]


class Conv(nn.Module):
    """Convolution with learned input and output scales, and Haar resampling folded in (PICO, section 4.1).

    W' = s_in * s_out * W, b' = s_out * b. Resampling says what stands around the convolution:
    "down": Haar, then 1x1 (together 2x2, stride 2); "up": 1x1, then inverse Haar (1x1 and pixel shuffle);
    "in" and "out": two Haar levels before or after a 3x3 (or 1x1), at the picture's end of the network.
    `c_in` and `c_out` are the channels outside, without the factor 4 or 16 of the bands.

    Parameters
    ----------
    groups : only for resampling "none"
    """

    def __init__(
        self, c_in: int, c_out: int, kernel: int = 1, resampling: Resampling = "none", groups: int = 1
    ) -> None:
        super().__init__()
        self.resampling, self.groups = resampling, groups
        self.bands_in = {"down": 4, "in": 16}.get(resampling, 1)
        self.bands_out = {"up": 4, "out": 16}.get(resampling, 1)
        inputs = self.bands_in * c_in // groups  # of one output
        outputs = self.bands_out * c_out
        self.weight = nn.Parameter(torch.empty(outputs, inputs, kernel, kernel))  # band-major channels
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.s_in = nn.Parameter(torch.ones(1, inputs, 1, 1))
        self.s_out = nn.Parameter(torch.ones(outputs, 1, 1, 1))
        nn.init.normal_(self.weight, std=(inputs * kernel * kernel) ** -0.5)  # unit variance in, unit variance out

    def folded(self) -> tuple[Tensor, Tensor]:
        """Kernel and bias of the plain convolution, float32.

        Folding loses nothing: scales and Haar transform are linear and next to the convolution. A square has as many
        bands (B) as pixels (P). The inverse Haar transform is the transpose, so both directions contract over `bp`.
        """
        weight = self.weight * self.s_in * self.s_out  # (K, C, y, x), scaled along both channel axes
        bias = self.bias * self.s_out.flatten()
        if self.bands_in > 1:
            haar = (HAAR if self.bands_in == 4 else HAAR2).to(weight)
            k, c = weight.shape[0], weight.shape[1] // self.bands_in
            # inputs (B C): from bands to the pixels they are made of, (K, C, P, y, x)
            weight = torch.einsum("kbcyx,bp->kcpyx", weight.reshape(k, self.bands_in, c, *weight.shape[2:]), haar)
            if self.resampling == "down":
                weight = weight.reshape(k, c, 2, 2)  # 1x1 over 4 pixels is 2x2 with stride 2
            else:
                weight = weight.reshape(k, c * 16, *weight.shape[3:])  # (c, pixel): pixel_unshuffle's order
        if self.bands_out > 1:
            haar = (HAAR if self.bands_out == 4 else HAAR2).to(weight)
            k = weight.shape[0] // self.bands_out
            # outputs (B K): from bands to the pixels that they make, (K, P, C, y, x)
            mixed = torch.einsum("bkcyx,bp->kpcyx", weight.reshape(self.bands_out, k, *weight.shape[1:]), haar)
            weight = mixed.reshape(weight.shape)  # (k, pixel): pixel_shuffle's order
            bias = torch.einsum("bk,bp->kp", bias.reshape(self.bands_out, k), haar).reshape(-1)
        return weight, bias

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.folded()
        if self.resampling == "down":
            return F.conv2d(x, weight, bias, stride=2)  # (B, C, H, W) to (B, K, H/2, W/2)
        if self.resampling == "in":
            x = F.pixel_unshuffle(x, 4)  # (B, 16 C, H/4, W/4)
        # zeros around 3x3 kernels; 1x1 needs none
        x = F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2, groups=self.groups)
        if self.bands_out > 1:
            x = F.pixel_shuffle(x, 2 if self.resampling == "up" else 4)  # (B, P K, h, w) to (B, K, 2h or 4h, ...)
        return x


class Activation(nn.Module):
    """Leaky ReLU, slope 0.1."""

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, SLOPE)


class Block(nn.Module):
    """x + conv1x1(act(conv1x1(depthwise3x3(x)))); begins as the identity."""

    def __init__(self, channels: int, expansion: int = 2) -> None:
        super().__init__()
        self.depthwise = Conv(channels, channels, 3, groups=channels)
        self.expand = Conv(channels, expansion * channels)
        self.act = Activation()
        self.project = Conv(expansion * channels, channels)
        nn.init.zeros_(self.project.weight)  # its bias is zero already: the branch adds nothing at first

    def forward(self, x: Tensor) -> Tensor:
        branch: Tensor = self.project(self.act(self.expand(self.depthwise(x))))
        return x + branch


def blocks(channels: int, count: int, expansion: int = 2) -> nn.Sequential:
    """Residual blocks of one resolution: (B, channels, h, w) to the same."""
    return nn.Sequential(*(Block(channels, expansion) for _ in range(count)))
