"""Structured start of HPCM: before its first step, the model is a 16x16 KLT with matching quantisation and densities.

After pico's (`models/pico/start.py`): residual blocks begin as the identity, each layer of the analysis as principal
components of what reaches it, the synthesis as their transposes. It saves the tens of thousands of steps in which a
random start learns that much.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from tintype.codec.steps import HIGH_RATE
from tintype.models.hpcm.context import ContextNet
from tintype.models.hpcm.entropy import DEVIATION
from tintype.models.hpcm.layers import DepthwiseBlock, PartialBlock
from tintype.models.hpcm.network import HPCM

SMALLEST_SCALE = 0.3  # of a latent's density at the start: a sharper one has hardly a gradient
SMALLEST_DEVIATION = 0.05  # hyper-latents that hardly vary are not blown up


@torch.no_grad()
def structured_start(model: HPCM, pictures: Tensor, lambda_: float) -> None:
    """Set the weights of a new model in place.

    Parameters
    ----------
    pictures : float32, (B, 3, H, W) in [0, 1], sides multiples of 64; some 64 training crops
    lambda_ : weight of 255^2 MSE against bits per pixel
    """
    for block in model.modules():
        if isinstance(block, PartialBlock | DepthwiseBlock):
            nn.init.zeros_(block.project.weight)
            nn.init.zeros_(_bias(block.project))
    # the transform is orthonormal, so this width in grey levels is also that of every latent
    unit = 255 / (HIGH_RATE / lambda_) ** 0.5
    downs = [layer for layer in model.analysis if isinstance(layer, nn.Conv2d)]
    ups = [layer for layer in model.synthesis if isinstance(layer, nn.ConvTranspose2d)]
    x, used = pictures, 3
    for number, (down, up) in enumerate(zip(downs, reversed(ups), strict=True)):
        scale = unit if number == len(downs) - 1 else 1.0
        x, used = _project(down, x, used, scale, up)
    _bias(ups[-1]).copy_(pictures.mean((0, 2, 3)))
    # densities as wide as the latents are
    alpha = (x.std((0, 2, 3)) / DEVIATION).clamp(min=SMALLEST_SCALE)

    h, used = x, x.shape[1]
    for down in (layer for layer in model.hyper_analysis if isinstance(layer, nn.Conv2d)):
        h, used = _project(down, h, used)
    # hyper-latents of deviation one, coded with a prior as wide
    deviation = h.std((0, 2, 3)).clamp(min=SMALLEST_DEVIATION)
    down.weight.div_(deviation[:, None, None, None])
    _bias(down).div_(deviation)
    model.prior.scale.fill_(1 / DEVIATION)

    last = [layer for layer in model.hyper_synthesis if isinstance(layer, nn.ConvTranspose2d)][-1]
    heads = [net.head[0] for net in model.context.nets.values() if isinstance(net, ContextNet)]
    _predict((last, *heads), alpha)


def _project(
    down: nn.Conv2d, x: Tensor, used: int, scale: float = 1.0, up: nn.ConvTranspose2d | None = None
) -> tuple[Tensor, int]:
    """Make a layer of half resolution the principal components of 2x2 squares of its first `used` channels.

    Returns its output, and how many of its channels are components; the others keep their random weights, and
    `up`, the transpose, ignores them.
    """
    B, _, H, W = x.shape
    # (squares, 4 used): channels, then the 2x2 positions, in the order of a kernel's weights
    squares = x[:, :used].reshape(B, used, H // 2, 2, W // 2, 2).permute(0, 2, 4, 1, 3, 5).reshape(-1, 4 * used)
    basis = torch.linalg.eigh(torch.cov(squares.T.double())).eigenvectors.flip(1).float()  # by falling variance
    count = min(4 * used, down.out_channels)
    # (count, used, 2, 2): rows are components
    weight = basis.T[:count].reshape(count, used, 2, 2)
    # a kernel of 4 with padding 1 covers the same square with its inner 2x2
    centre = slice(1, 3) if down.kernel_size[0] == 4 else slice(0, 2)
    down.weight[:count] = 0
    down.weight[:count, :used, centre, centre] = scale * weight
    # components of x less its mean
    _bias(down)[:count] = -scale * (weight.sum((2, 3)) @ x[:, :used].mean((0, 2, 3)))
    if up is not None:
        # the basis is orthonormal: its transpose is its inverse
        up.weight[:, :used] = 0
        up.weight[count:] = 0
        up.weight[:count, :used, centre, centre] = weight / scale
        nn.init.zeros_(_bias(up))
    return torch.cat([down(part) for part in x.split(8)]), count


def _predict(layers: Iterable[nn.Module], alpha: Tensor) -> None:
    """Layers that predict a constant: these scales, and mean zero."""
    for layer in layers:
        assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        nn.init.zeros_(layer.weight)
        _bias(layer).copy_(torch.cat((alpha, torch.zeros_like(alpha))))


def _bias(layer: nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    assert layer.bias is not None
    return layer.bias
