"""The entropy model: a generalised Gaussian of shape 1.5 on the integers, and the learned prior of z.

Density of a residual v with scale α: β / (2 α Γ(1/β)) · exp(-|v/α|^β), β = 1.5. Its distribution function is
F(t) = (1 + sign(t) · P(1/β, |t|^β)) / 2 of t = v/α, with P the regularised lower incomplete gamma function.
The standard deviation is 0.8594 α.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tintype.models.surrogates import LIKELIHOOD_MIN, at_least_float32, full_precision, lower_bound

SHAPE = 1.5
"""β."""
SCALE_BOUND = 0.12
"""Smallest scale (the authors' `scale_lower_bound`); predicted scales below it count as this."""
SCALE_MAX = 64.0
"""Largest scale that tables of y know (the authors' `test.py`)."""
DEVIATION = 0.8594
"""Standard deviation of the density with scale one: sqrt(Γ(3/β) / Γ(1/β)), rounded."""


def cumulative(t: Tensor) -> Tensor:
    """F(t) of the density with scale one, in the precision of `t`."""
    order = torch.full((), 1 / SHAPE, dtype=t.dtype, device=t.device)
    inside: Tensor = torch.special.gammainc(order, t.abs() ** SHAPE)
    # P covers |v| <= t on both sides; half of it belongs to this one
    return (1 + torch.sign(t) * inside) / 2


def tail(t: Tensor) -> Tensor:
    """F(t) like `cumulative`, but precise where it is small: 1 - F(-t) keeps no digits there."""
    order = torch.full((), 1 / SHAPE, dtype=t.dtype, device=t.device)
    outside: Tensor = torch.special.gammaincc(order, t.abs() ** SHAPE) / 2
    # gammaincc = 1 - P has its digits where P is near one; half of it is the tail of one side
    return torch.where(t > 0, 1 - outside, outside)


def density(t: Tensor) -> Tensor:
    """dF/dt of the density with scale one."""
    return torch.exp(-(t.abs() ** SHAPE) - math.lgamma(1 / SHAPE)) * (SHAPE / 2)


class _Likelihood(torch.autograd.Function):
    """F((v + ½)/α) - F((v - ½)/α) with the exact derivative (gammainc has none in torch)."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, scale: Tensor, exact_tails: bool) -> Tensor:
        ctx.save_for_backward(value, scale)
        if exact_tails:  # the density is even: take the side where F is small
            value = -value.abs()
            return tail((value + 0.5) / scale) - tail((value - 0.5) / scale)
        return cumulative((value + 0.5) / scale) - cumulative((value - 0.5) / scale)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        value, scale = ctx.saved_tensors
        # with f = dF/dt, u = (v + 1/2)/α, l = (v - 1/2)/α:  d/dv = (f(u) - f(l)) / α,
        # and d/dα = (l f(l) - u f(u)) / α, since du/dα = -u/α
        upper, lower = (value + 0.5) / scale, (value - 0.5) / scale
        at_upper, at_lower = density(upper), density(lower)
        grad = grad / scale
        return grad * (at_upper - at_lower), grad * (lower * at_lower - upper * at_upper), None


_likelihood: Callable[..., Tensor] = _Likelihood.apply


def likelihood(residual: Tensor, scale: Tensor, exact_tails: bool = False) -> Tensor:
    """Probability of integer (or noisy) residuals, at least 1e-9.

    Parameters
    ----------
    residual : Tensor
        Values minus means, any shape.
    scale : Tensor, broadcastable to it
        As predicted; bounded below by 0.12 here.
    exact_tails : bool
        Precise far from the mean too. False: the plain difference of two values near one, as the authors have
        it. That is a multiple of 2^-25 and vanishes beyond about six scales, so that outliers count as the
        bound's 29.9 bits. Gradients are the same but for the likelihood they are divided by.

    Returns
    -------
    float32 Tensor, shape of `residual`
        bits = -log2 of it. In float32 whatever autocast says.
    """
    with full_precision(residual.device):
        residual, scale = at_least_float32(residual), lower_bound(at_least_float32(scale), SCALE_BOUND)
        value = _likelihood(residual, scale.expand_as(residual), exact_tails)
        return lower_bound(value, LIKELIHOOD_MIN)


class Prior(nn.Module):
    """Mean and scale of z, one of each per channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.scale = nn.Parameter(torch.ones(1, channels, 1, 1))
