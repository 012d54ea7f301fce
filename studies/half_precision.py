"""What float16 weights cost: a trained pico with its kernels rounded as bundles store them, against float32.

    python studies/half_precision.py CHECKPOINT --validation CROPS

Cost lambda 255^2 MSE + bpp of the averaged weights (estimated bits, activations in float32).
"""

import argparse
from pathlib import Path

import torch

from tintype.evaluation.results.markdown import table
from tintype.models.pico.layers import Conv
from tintype.models.pico.network import SIZES, Pico
from tintype.training import checkpoint
from tintype.training.objectives.pico import evaluate
from tintype.training.pictures.crops import load


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--validation", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    state, _ = checkpoint.load(options.checkpoint)
    model = Pico(SIZES[state["config"]["model"]])
    model.load_state_dict(state["ema"])
    crops = load(options.validation, 256)
    full = evaluate(model, crops)
    for layer in model.modules():
        if isinstance(layer, Conv):
            round_kernel(layer)
    half = evaluate(model, crops)
    rows = [
        [str(anchor), f"{a['cost']:.4f}", f"{b['cost'] / a['cost'] - 1:+.4%}", f"{b['psnr'] - a['psnr']:+.4f} dB"]
        for anchor, (a, b) in enumerate(zip(full, half, strict=True))
    ]
    print(table(["anchor", "cost, float32", "float16", "PSNR"], rows))


def round_kernel(layer: Conv) -> None:
    """Make a layer compute with kernel and bias rounded to float16."""
    weight, bias = (part.detach().half().float() for part in layer.folded())
    layer.folded = lambda: (weight, bias)  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
