"""Strided copies between y, its sub-lattices and the symbols of a step, with gradients.

Taking a small array out of a large one and placing it back are each other's transposes, so each is the
other's backward pass: no boolean masks, no index tensors, no chain of in-place slices for autograd to replay.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from tintype.models.hpcm.schedule import Index, Placement, fill_large, fill_small, indices, misplaced_indices

Pairs = Sequence[tuple[Index, Index]]


class _Take(torch.autograd.Function):
    """Small array of elements of a large one."""

    @staticmethod
    def forward(ctx: Any, large: Tensor, shape: tuple[int, ...], pairs: Pairs) -> Tensor:
        ctx.shape, ctx.pairs = large.shape, pairs
        small = large.new_zeros(shape)
        fill_small(small, large, pairs)
        return small

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        large = grad.new_zeros(ctx.shape)  # elements that were not taken have no gradient
        fill_large(large, grad, ctx.pairs)
        return large, None, None


class _Place(torch.autograd.Function):
    """Large array with some elements replaced by those of small ones."""

    @staticmethod
    def forward(ctx: Any, large: Tensor, all_pairs: Sequence[Pairs], *smalls: Tensor) -> Tensor:
        ctx.all_pairs, ctx.shapes = all_pairs, [small.shape for small in smalls]
        out = large.clone()  # autograd may still need the input as it was
        for small, pairs in zip(smalls, all_pairs, strict=True):
            fill_large(out, small, pairs)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        smalls = []
        for shape, pairs in zip(ctx.shapes, ctx.all_pairs, strict=True):
            small = grad.new_zeros(shape)
            fill_small(small, grad, pairs)
            smalls.append(small)
        rest = None
        if ctx.needs_input_grad[0]:
            rest = grad.clone()  # replaced elements no longer reach the output
            for pairs in ctx.all_pairs:
                for _, replaced in pairs:
                    rest[replaced] = 0
        return (rest, None, *smalls)


_take: Callable[..., Tensor] = _Take.apply
_place: Callable[..., Tensor] = _Place.apply


def halves(params: Tensor) -> Tensor:
    """Scales and means apart: (B, 2C, h, w) to (B, 2, C, h, w), without a copy."""
    B, both, h, w = params.shape  # both = 2C, scales first
    return params.view(B, 2, both // 2, h, w)


def take(large: Tensor, placement: Placement | None, channels: int) -> Tensor:
    """The small array of a placement.

    Parameters
    ----------
    large : Tensor, shape (..., C, H, W)
    placement : Placement or None
        None: the large array itself.
    channels : int
        Channels C of y.
    """
    if placement is None:
        return large
    shape = placement.small_shape(large.shape, channels)
    return _take(large, shape, indices(placement, channels))


def place(large: Tensor, small: Tensor, placement: Placement | None, channels: int) -> Tensor:
    """A copy of `large` with the elements of `small` in their places (None: all of it is replaced)."""
    if placement is None:
        return small
    return _place(large, [indices(placement, channels)], small)


def assemble(smalls: Sequence[Tensor], placements: Sequence[Placement], like: Tensor) -> Tensor:
    """One array shaped like `like` (..., C, H, W) out of the small arrays of all steps."""
    channels = like.shape[-3]
    pairs = [indices(placement, channels) for placement in placements]
    large = smalls[0].new_zeros(like.shape)
    return _place(large, pairs, *smalls)


def misplaced(hyper: Tensor) -> Tensor:
    """Hyper-parameters of S2, shape (..., C, h, w), as the official weights know them: moved, and zero at
    S1."""
    pairs = misplaced_indices(hyper.shape[-3], hyper.shape[-1])
    return _take(hyper, hyper.shape, pairs)
