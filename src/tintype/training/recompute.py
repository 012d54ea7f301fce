"""Activation checkpointing: a block keeps its input only and computes the rest again on the way back."""

from collections.abc import Iterable
from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint


def recompute(blocks: Iterable[nn.Module]) -> None:
    """Change the blocks in place; results and parameters stay as they are."""
    for block in blocks:
        # on the instance: names of parameters stay as they are, which a wrapping module would change
        block.forward = partial(checkpoint, block.forward, use_reentrant=False)
