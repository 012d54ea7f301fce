"""Small runs for tests: float32, generated pictures, one thread."""

from pathlib import Path

import numpy as np
import torch

from tests.pictures import picture
from tintype.training.loop import Trainer
from tintype.training.pictures.crops import Pictures
from tintype.training.recipes import configure

# a random start: the components of generated pictures are so alike that another CPU turns them into each other
SMALL = {
    "pico_s": [
        "start=random",
        "batch=2",
        "crop=64",
        "warmup=10",
        "bf16=false",
        "evaluate_every=1000",
        "log_every=1",
        "decay=0",
    ],
    "hpcm_nano": ["batch=1", "crop=256", "warmup=10", "bf16=false", "evaluate_every=1000", "log_every=1", "decay=0"],
}
"""Settings that make a recipe small."""


def pictures(count: int = 6, side: int = 128) -> Pictures:
    return np.stack([picture(side, side, seed) for seed in range(count)])


def trainer(recipe: str, folder: Path, *settings: str, source: Path | None = None) -> Trainer:
    """A small run with its own start values, or on from a checkpoint."""
    torch.set_num_threads(1)
    side = 320 if recipe.startswith("hpcm") else 128
    config = configure(recipe, [*SMALL[recipe], *settings])
    return Trainer(config, pictures(side=side), pictures(2, config.crop), folder, source)
