"""`python studies/perceptual_scales.py RUN --data PICTURES`: scales for `training/perceptual.py`.

Prints lambda 255^2 MSE / term at the anchors, means over crops of the training pictures.
"""

import argparse
from pathlib import Path

import torch

from tintype.models.pico import SIZES, Pico
from tintype.training import checkpoint
from tintype.training.data import Crops, load
from tintype.training.perceptual import Terms, measure_scales


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the checkpoint")
    parser.add_argument("--data", type=Path, required=True, help="training pictures")
    parser.add_argument("--crops", type=int, default=48, help="of 192x192 (%(default)s)")
    options = parser.parse_args()
    state, _ = checkpoint.load(options.run)
    model = Pico(SIZES[state["config"]["model"]])
    model.load_state_dict(state["ema"])
    crops = Crops(load(options.data), 0, torch.device("cpu")).batch(0, options.crops, 192)
    for name, row in measure_scales(model.eval(), Terms(None), crops).items():
        print(f"{name!r}: {row},")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
