"""What stands in for rounding and for bounds while a network learns, and the precision that densities need.

Both families train with these. In the forward pass they give the values that coding computes (noise apart); only
their gradients differ, since those of rounding and of bounded values are zero.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

LIKELIHOOD_MIN = 1e-9
"""Smallest likelihood, 29.9 bits: the bound of CompressAI and of the authors' HPCM. Zero would cost infinite bits."""


class Noise(NamedTuple):
    """Uniform noise in [-1/2, 1/2) that stands for rounding in the rate of a training step (Ballé et al. 2018)."""

    y: Tensor  # (B, C, H/16, W/16)
    z: Tensor  # (B, N, H/64, W/64)


def straight_through(x: Tensor, replaced: Tensor) -> Tensor:
    """The value of `replaced` with the gradient of `x`, of the same shape; up to a rounding of x + (replaced - x)."""
    return x + (replaced - x).detach()


class _LowerBound(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, bound: float) -> Tensor:
        ctx.save_for_backward(x >= bound)
        return x.clamp_min(bound)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (inside,) = ctx.saved_tensors
        # a step against a negative gradient raises x, towards the bound
        return torch.where(inside | (grad < 0), grad, 0.0), None


_lower_bound: Callable[..., Tensor] = _LowerBound.apply


def lower_bound(x: Tensor, bound: float) -> Tensor:
    """max(x, bound), any shape, whose gradient also passes where it would raise an x below the bound.

    The plain maximum has no gradient there, so that a value once below the bound would never come back (Ballé et al.
    2018, appendix).
    """
    return _lower_bound(x, bound)


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Layers run in the type of their weights, whatever autocast says outside."""
    if device.type == "meta":  # knows no autocast
        yield
    else:
        with torch.autocast(device.type, enabled=False):
            yield


def at_least_float32(x: Tensor) -> Tensor:
    """Halves become float32; anything wider stays."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
