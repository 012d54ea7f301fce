"""Structured start: before its first step, pico is a 16x16 KLT with matching quantisation and densities.

Blocks begin as the identity, projections as principal components of what reaches them, the decoder's as their
transposes. docs/studies.md compares it with a random start.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from tintype.codec.entropy.tables import SIGMA_MIN
from tintype.models.pico.layers import Conv
from tintype.models.pico.network import LOG_RATIO, Pico, Synthesis
from tintype.models.pico.schedule import UNIT

Z_SCALE_MIN = 0.05  # components that hardly vary are not blown up
RIDGE = 1e-6  # variance added to latents / UNIT: those that are always zero get no weight
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
def decoder_start(synthesis: Synthesis, y_hat: Tensor, pictures: Tensor) -> None:
    """Set the weights of a new synthesis in place, for latents that are given: linear, fitted by least squares.

    Parameters
    ----------
    y_hat : float32, (B, N, h, w), decoded latents; B h w should be many times N
    pictures : float32, (B, 3, 16h, 16w) in [0, 1], what they were made from
    """
    # targets from fine to coarse: the strongest principal components, as many as there are channels
    squares = Conv(3, 48, resampling="in").to(pictures.device)
    _eye(squares)
    bands4 = _batched(lambda x: squares(x - 0.5), pictures)  # (B, 48, 4h, 4w)
    basis4 = _principal(bands4)[:, : synthesis.up4.weight.shape[0] // 4]
    bands8 = _bands(torch.einsum("bchw,ck->bkhw", bands4, basis4))  # (B, 4 K4, 2h, 2w)
    basis8 = _principal(bands8)[:, : synthesis.up4.weight.shape[1]]
    bands16 = _bands(torch.einsum("bchw,ck->bkhw", bands8, basis8))  # (B, 4 K8, h, w)

    # the linear path predicts them from the latents; the non-linear one begins at zero
    rows = y_hat.movedim(1, -1).flatten(0, 2).double() / UNIT  # (n, N)
    targets = bands16.movedim(1, -1).flatten(0, 2).double()  # (n, 4 K8)
    mean, mean_target = rows.mean(0), targets.mean(0)
    covariance = torch.cov(rows.T) + RIDGE * torch.eye(rows.shape[1], device=rows.device)
    products = (rows - mean).T @ (targets - mean_target) / (len(rows) - 1)
    fitted = torch.linalg.solve(covariance, products)  # (N, 4 K8)
    nn.init.zeros_(synthesis.linear.weight)
    _set_up(synthesis.linear, fitted.T.float(), basis8.shape[1])
    bias = synthesis.linear.bias.view(4, -1)  # (band, C8)
    bias[:, : basis8.shape[1]] = (mean_target - mean @ fitted).view(4, -1).float()
    _eye(synthesis.tail)
    nn.init.zeros_(synthesis.up8.weight)

    # and the way back to pixels
    _set_up(synthesis.up4, basis8, basis4.shape[1])
    middle = synthesis.out.weight.shape[-1] // 2
    nn.init.zeros_(synthesis.out.weight)
    synthesis.out.weight[:, : basis4.shape[1], middle, middle] = basis4


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
