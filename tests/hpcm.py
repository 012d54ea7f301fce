"""An HPCM with random weights whose latents and scales are as varied as those of trained ones."""

import copy
from dataclasses import replace

import torch

from tintype.models.hpcm import CONFIGS, HPCM
from tintype.runtime.torch_hpcm import HPCMModel

NANO = "hpcm-nano"
HASH = b"nanonano"


def network(seed=0):
    """hpcm-nano in evaluation mode, with tables."""
    torch.manual_seed(seed)
    model = HPCM(CONFIGS[NANO]).eval()
    with torch.no_grad():
        model.analysis[-1].weight *= 40
        for layer in (model.hyper_synthesis[-1], *(net.head[0] for net in model.context.nets.values())):
            half = layer.bias.numel() // 2  # scales come first
            layer.bias[:half] = torch.rand(half) * 4 + 0.1
            layer.weight[:half] *= 10
    model.update()
    return model


def tile_model(model=None, **numerics):
    return HPCMModel(model or network(), HASH, **{"threads": 1} | numerics)


def drifting(model, amount, seed=0):
    """The same model on a machine whose scales and means are off by up to `amount`, at random."""
    generator = torch.Generator().manual_seed(seed)

    def off(x):
        return x + amount * (2 * torch.rand(x.shape, generator=generator) - 1)

    other = copy.deepcopy(model)
    walk = other.context.walk

    def drifted(params):
        steps, values = walk(params), None
        while True:
            try:
                density = next(steps) if values is None else steps.send(values)
            except StopIteration as stop:
                return stop.value
            values = yield replace(density, scale=off(density.scale), mean=off(density.mean))

    other.context.walk = drifted
    return other
