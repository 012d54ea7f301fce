"""What a network costs: parameters and multiply-adds.

One multiply-add per use of a weight of a (transposed) convolution or linear layer, and per product of two
matrices (attention); none for biases, gains, activations, softmax or entropy coding. This is how learned
codecs are compared, per pixel of the picture ("kMAC/px"). Everything is counted on the meta device: no
weights, no arithmetic.

>>> import torch
>>> layer = torch.nn.Conv2d(3, 8, 2, stride=2)
>>> parameters(layer), count_macs(layer, torch.zeros(1, 3, 4, 4)) == 4 * 3 * 8 * 4
(104, True)
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def parameters(module: nn.Module) -> int:
    """Number of trainable values."""
    return sum(parameter.numel() for parameter in module.parameters())


@torch.no_grad()
def count_macs(run: Callable[..., Any], *inputs: Any) -> int:
    """Multiply-adds of one call of a module or function.

    Parameters
    ----------
    run : callable
        On the meta device (`with torch.device("meta"): ...`) the call costs neither memory nor time.
    inputs
        Its arguments.
    """
    with FlopCounterMode(display=False) as counter:
        run(*inputs)
    flops: int = counter.get_total_flops()
    return flops // 2


def kmac_per_pixel(run: Callable[..., Any], height: int = 512, width: int = 512) -> float:
    """Thousands of multiply-adds per pixel for a picture (1, 3, height, width) on the meta device."""
    return count_macs(run, torch.empty(1, 3, height, width, device="meta")) / (1000 * height * width)
