"""Structured start: before its first step, pico is a 16x16 KLT with matching quantisation and densities.

Blocks begin as the identity, projections as principal components of what reaches them, the decoder's as their
transposes. docs/studies.md compares it with a random start.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.codec.entropy.tables import SIGMA_MIN
from tintype.models.pico.layers import Block, Conv
from tintype.models.pico.network import LOG_RATIO, Pico, Synthesis
from tintype.models.pico.schedule import UNIT

Z_SCALE_MIN = 0.05  # components that hardly vary are not blown up
RIDGE = 1e-9  # of the mean variance: channels that are always zero get no weight
FIT_PLACES = 2**15  # of maps, that a layer is fitted to at most
SMALLEST_LOG_SCALE = -1.0  # of sigma / width at the start: a sharper density would have no gradient


@torch.no_grad()
def structured_start(model: Pico, pictures: Tensor) -> None:
    """Set the weights of a new model in place.

    Parameters
    ----------
    pictures : float32, (B, 3, H, W) in [0, 1], sides multiples of 64; some 64 training crops of 512x512
    """
    analysis, synthesis = model.analysis, model.synthesis
    # 1/4: the first 48 channels carry the two-level Haar bands of the colours (3 * 16). Blocks are the identity now,
    # so that what follows need not run them.
    _centre_identity(analysis.stem, 48)
    h4 = _batched(lambda x: analysis.stem(x - 0.5), pictures)  # (B, C4, H/4, W/4)

    # 1/8, then 1/16: each projection keeps the strongest principal components of the Haar bands that reach it
    basis8 = _principal(_bands(h4[:, :48]))  # (192, 192), columns by falling variance
    c8 = analysis.down8.weight.shape[0]
    _set_down(analysis.down8, basis8[:, :c8], 48)
    h8 = _batched(analysis.down8, h4)  # (B, C8, H/8, W/8)

    basis16 = _principal(_bands(h8))  # (4 C8, 4 C8)
    _set_down(analysis.down16, basis16[:, : analysis.down16.weight.shape[0]], c8)
    _set_down(analysis.linear, basis16[:, : analysis.linear.weight.shape[0]], c8)
    nn.init.zeros_(analysis.head.weight)  # latents come from the linear path alone
    y = UNIT * _batched(analysis.linear, h8)

    # the way back: bases are orthonormal, so that transposes undo the projections as far as channels allow
    _eye(synthesis.tail)
    nn.init.zeros_(synthesis.up8.weight)
    _set_up(synthesis.linear, basis16[:, : synthesis.linear.weight.shape[1]], c8)
    _set_up(synthesis.up4, basis8[:, : synthesis.up4.weight.shape[1]], 48)
    _centre_identity_out(synthesis.out, 48)

    # hyper-latents: principal components again, of the bands at 1/16 and at 1/32
    h16 = _batched(analysis.down16, h8)
    basis32 = _principal(_bands(h16))
    _set_down(analysis.down32, basis32[:, : analysis.down32.weight.shape[0]], h16.shape[1])
    h32 = _batched(analysis.down32, h16)
    basis64 = _principal(_bands(h32))[:, : analysis.down64.weight.shape[0]]
    _set_down(analysis.down64, basis64, h32.shape[1])
    z = _batched(analysis.down64, h32)
    z_scale = z.std((0, 2, 3)).clamp(min=Z_SCALE_MIN)  # to one: a bit or two per hyper-latent
    analysis.down64.weight.div_(z_scale[:, None, None, None])

    # no context yet: means are 0, and widths are the level's gains
    for net in (model.context_decoder.net, model.context_model.net):
        last = net[-1]
        assert isinstance(last, Conv)
        nn.init.zeros_(last.weight)
    # rows of the latents' real scales in units of the width, for each anchor: (ANCHORS, N)
    log_scale = y.std((0, 2, 3)).log() - model.log_gain - math.log(SIGMA_MIN)
    floor = SMALLEST_LOG_SCALE - math.log(SIGMA_MIN)
    model.scale_decoder.last_bias.copy_(log_scale.clamp(min=floor) / LOG_RATIO)


@torch.no_grad()
def inherit(synthesis: Synthesis, trained: Synthesis, y_hat: Tensor) -> None:
    """Bring a new synthesis near to a trained one of another shape, in place; the same shape becomes equal.

    Blocks keep the channels that count most. The layers between stages are fitted one after the other, by least
    squares, to what the trained ones give. What a trained one does not have keeps its start values.

    Parameters
    ----------
    y_hat : float32, (B, N, h, w), decoded latents; B h w should be many times the channels
    """
    y = y_hat / UNIT
    h16 = trained.tail(y)
    out16 = trained.blocks16(h16)
    h8 = trained.up8(out16) + trained.linear(y)
    out8 = trained.blocks8(h8)
    h4 = trained.up4(out8)
    out4 = trained.blocks4(h4)
    kept16 = _strongest(out16, trained.up8, synthesis.tail.weight.shape[0])
    kept8 = _strongest(out8, trained.up4, synthesis.up4.weight.shape[1])
    kept4 = _strongest(out4, trained.out, synthesis.out.weight.shape[1])

    _copy(synthesis.tail, trained.tail, kept16)
    _copy_blocks(synthesis.blocks16, trained.blocks16, h16, kept16)
    x16 = synthesis.blocks16(synthesis.tail(y))
    weight, bias = _fit(torch.cat((y, x16), 1), _bands(h8[:, kept8]))
    _set_up(synthesis.linear, weight[:, : y.shape[1]], len(kept8))
    _set_up(synthesis.up8, weight[:, y.shape[1] :], len(kept8))
    synthesis.linear.bias.view(4, -1)[:, : len(kept8)] = bias.view(4, -1)

    _copy_blocks(synthesis.blocks8, trained.blocks8, h8, kept8)
    x8 = synthesis.blocks8(synthesis.up8(x16) + synthesis.linear(y))
    weight, bias = _fit(x8, _bands(h4[:, kept4]))
    _set_up(synthesis.up4, weight, len(kept4))
    synthesis.up4.bias.view(4, -1)[:, : len(kept4)] = bias.view(4, -1)

    _copy_blocks(synthesis.blocks4, trained.blocks4, h4, kept4)
    squares = Conv(3, 48, resampling="in").to(y.device)
    _eye(squares)
    side = synthesis.out.weight.shape[-1]
    x4 = synthesis.blocks4(synthesis.up4(x8))
    weight, bias = _fit(x4, squares(trained.out(out4)), side)
    synthesis.out.weight.copy_(weight.view(synthesis.out.weight.shape))
    synthesis.out.bias.copy_(bias)


def _strongest(x: Tensor, reader: Conv, count: int) -> Tensor:
    """Indices of the channels of (B, C, h, w) that move most of what a layer makes of them, ascending."""
    strength = x.var((0, 2, 3)) * reader.folded()[0].pow(2).sum((0, 2, 3))
    return strength.topk(min(count, len(strength))).indices.sort().values


def _copy(conv: Conv, trained: Conv, outputs: Tensor, inputs: Tensor | None = None) -> None:
    """Some outputs of a trained layer, reading some of its inputs, as the first ones of a new layer."""
    weight, bias = trained.folded()
    weight = weight[outputs] if inputs is None else weight[outputs][:, inputs]
    conv.weight[: len(outputs)] = 0
    conv.weight[: len(outputs), : weight.shape[1]] = weight
    conv.bias[: len(outputs)] = bias[outputs]


def _copy_blocks(blocks: nn.Sequential, trained: nn.Sequential, x: Tensor, kept: Tensor) -> None:
    """The first blocks of a stage with some of their channels; `x` is what the first of the trained ones reads."""
    for new, block in zip(blocks, trained, strict=False):
        assert isinstance(new, Block) and isinstance(block, Block)
        hidden = block.act(block.expand(block.depthwise(x)))
        units = _strongest(hidden, block.project, new.expand.weight.shape[0])
        _copy(new.depthwise, block.depthwise, kept)
        _copy(new.expand, block.expand, units, kept)
        _copy(new.project, block.project, kept, units)
        x = block(x)


def _fit(x: Tensor, target: Tensor, side: int = 1) -> tuple[Tensor, Tensor]:
    """Kernel (K, C side^2) and bias (K,) that predict (B, K, h, w) from squares of (B, C, h, w) by least squares."""
    height, width = x.shape[2:]
    pictures = max(1, FIT_PLACES // (height * width))
    # (n, C side^2) and (n, K)
    rows = F.unfold(x[:pictures], side, padding=side // 2).movedim(1, -1).flatten(0, 1).double()
    targets = target[:pictures].movedim(1, -1).flatten(0, 2).double()
    mean, mean_target = rows.mean(0), targets.mean(0)
    rows = rows - mean
    products = rows.T @ rows
    products.diagonal().add_(RIDGE * products.diagonal().mean())
    fitted = torch.linalg.solve(products, rows.T @ (targets - mean_target))  # (C side^2, K)
    return fitted.T.float(), (mean_target - mean @ fitted).float()


def _batched(layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """A layer on eight pictures at a time, which bounds its memory."""
    return torch.cat([layer(part) for part in x.split(8)])


def _bands(x: Tensor) -> Tensor:
    """Haar bands, band-major: (B, C, H, W) to (B, 4C, H/2, W/2)."""
    c = x.shape[1]
    identity = Conv(c, 4 * c, resampling="down").to(x.device)
    _eye(identity)
    bands: Tensor = identity(x)
    return bands


def _principal(x: Tensor) -> Tensor:
    """Orthonormal basis of the channels of (B, C, H, W), columns by falling variance."""
    samples = x.movedim(1, -1).reshape(-1, x.shape[1]).double()  # (B H W, C)
    covariance = torch.cov(samples.T)
    basis: Tensor = torch.linalg.eigh(covariance).eigenvectors
    return basis.flip(1).float()  # eigh gives the smallest first


def _eye(conv: Conv) -> None:
    """Pass the first channels through; further outputs are zero, further inputs do not count."""
    nn.init.zeros_(conv.weight)
    n = min(conv.weight.shape[:2])
    conv.weight[range(n), range(n), 0, 0] = 1


def _set_down(conv: Conv, basis: Tensor, channels: int) -> None:
    """Project the bands of the first `channels` inputs; ignore the rest for now."""
    k = conv.weight.shape[0]
    nn.init.zeros_(conv.weight)
    conv.weight.view(k, 4, -1)[:, :, :channels] = basis.T.reshape(-1, 4, channels)  # (K, band, C)


def _set_up(conv: Conv, basis: Tensor, channels: int) -> None:
    """Transpose of the projection with this basis; channels beyond it keep their random start."""
    rows = basis.reshape(4, channels, -1)  # (band, C, K)
    weight = conv.weight.view(4, -1, conv.weight.shape[1])
    kept = min(channels, weight.shape[1])
    weight[:, :kept, : rows.shape[2]] = rows[:, :kept]


def _centre_identity(conv: Conv, channels: int) -> None:
    """Make the first outputs the first inputs, by the middle tap of the 3x3 kernel; others stay random."""
    conv.weight[:channels] = 0
    conv.weight[range(channels), range(channels), 1, 1] = 1


def _centre_identity_out(conv: Conv, channels: int) -> None:
    """As `_centre_identity`, and no other input counts."""
    nn.init.zeros_(conv.weight)
    kept, middle = range(min(channels, conv.weight.shape[1])), conv.weight.shape[-1] // 2
    conv.weight[kept, kept, middle, middle] = 1
