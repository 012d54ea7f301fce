"""`python studies/perceptual_scales.py RUN --data PICTURES`: scales for `training/objectives/perceptual.py`.

Prints lambda 255^2 MSE / term at the anchors, means over crops of the training pictures. That of `text` is measured on
pictures with text, where PICTURES.npy has masks beside it (`tintype train text-masks`).
"""

import argparse
from pathlib import Path

import torch

from tintype.models.pico.network import SIZES, Pico
from tintype.training import checkpoint
from tintype.training.objectives.perceptual import Terms, measure_scales
from tintype.training.pictures import text_masks
from tintype.training.pictures.crops import Crops, load

SIDE = 192  # pixels of crops
LEAST_TEXT = 0.05 * 255  # mean of a mask: pictures with less text tell nothing about it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the checkpoint")
    parser.add_argument("--data", type=Path, required=True, help="training pictures")
    parser.add_argument("--crops", type=int, default=48, help="of 192x192 (%(default)s)")
    options = parser.parse_args()
    state, _ = checkpoint.load(options.run)
    model = Pico(SIZES[state["config"]["model"]])
    model.load_state_dict(state["ema"])
    pictures, masks, cpu = load(options.data), text_masks.beside(options.data), torch.device("cpu")
    crops = Crops(pictures, 0, cpu).batch(0, options.crops, SIDE)
    scales = measure_scales(model.eval(), Terms(None), crops)
    if masks is not None:
        written = [number for number, mask in enumerate(masks) if mask.mean() > LEAST_TEXT]
        crops = Crops(pictures[written], 0, cpu, masks[written]).batch(0, options.crops, SIDE)
        scales["text"] = measure_scales(model, Terms(None), crops)["text"]
    for name, row in scales.items():
        print(f"{name!r}: {row},")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
