"""An HPCM with random weights whose latents and scales are as varied as those of trained ones."""

import torch

from tintype.models.hpcm import CONFIGS, compressai
from tintype.models.hpcm.engine import HPCMModel
from tintype.models.hpcm.network import HPCM

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
    compressai.update(model)
    return model


def tile_model(model=None, **numerics):
    return HPCMModel(model or network(), HASH, **{"threads": 1} | numerics)
