"""Decoded latents of training and validation crops, coded once with the shipped encoder and entropy model.

A decoder that learns from them costs neither encoder nor entropy model, and all decoders read the same files.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tintype.models import torch_file
from tintype.models.pico.network import ANCHORS, SIZES, Pico
from tintype.models.pico.schedule import LEVELS
from tintype.replacing import staged
from tintype.training import checkpoint
from tintype.training.objectives.objective import pictures_to
from tintype.training.objectives.pico_rate import latents
from tintype.training.pictures.crops import Crops

GROUP = ANCHORS  # crops that are coded together, their levels spread over the range
ARRAYS = ("y", "pixels", "level")


@dataclass(frozen=True, slots=True)
class Coded:
    """Crops in groups of `GROUP`.

    Parameters
    ----------
    y : float16, (n, N, S/16, S/16), decoded latents
    pixels : uint8, (n, S, S, 3)
    level : float32, (n,)
    """

    y: NDArray[np.float16]
    pixels: NDArray[np.uint8]
    level: NDArray[np.float32]

    def batch(self, places: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Latents (B, N, h, w), pixels (B, 3, S, S) in [0, 1] and levels (B,), all float32."""
        y = torch.from_numpy(self.y[places].astype(np.float32))
        level = torch.from_numpy(np.array(self.level[places]))  # a copy: the file may not be written
        return y, pictures_to(torch.device("cpu"), self.pixels[places]), level


def load_model(folder: Path) -> Pico:
    """The averaged weights of a checkpoint of pico."""
    state, _ = checkpoint.load(folder)
    size = state["config"]["model"]
    model = Pico(SIZES[size])
    torch_file.fill(model, state["ema"], f"the checkpoint of {size}")
    return model.eval()


def training(model: Pico, pictures: Any, folder: Path, count: int, side: int) -> Coded:
    """Random crops at levels drawn as training draws them; from the folder if they are there."""
    groups = count // GROUP

    def group(number: int) -> tuple[Tensor, Tensor]:
        drawn = np.random.default_rng((0, number)).random(GROUP, np.float32)  # one level in each part of the range
        level = (np.arange(GROUP) + drawn) * ((LEVELS - 1) / GROUP)
        return crops.batch(number, GROUP, side), torch.from_numpy(level.astype(np.float32))

    crops = Crops(pictures, 0, torch.device("cpu"))
    return _kept(model, folder / f"training-{groups * GROUP}-{side}", groups, side, group)


def validation(model: Pico, pictures: NDArray[np.uint8], folder: Path) -> Coded:
    """Each picture (N, S, S, 3) at all anchors, one group a picture."""
    x = pictures_to(torch.device("cpu"), pictures)
    anchors = torch.linspace(0, LEVELS - 1, ANCHORS)

    def group(number: int) -> tuple[Tensor, Tensor]:
        return x[number : number + 1].expand(ANCHORS, -1, -1, -1), anchors

    return _kept(model, folder / f"validation-{len(x)}-{x.shape[-1]}", len(x), x.shape[-1], group)


@torch.no_grad()
def _kept(model: Pico, folder: Path, groups: int, side: int, group: Any) -> Coded:
    """Arrays of a folder, memory-mapped; made first if they are not all there."""
    paths = [folder / f"{name}.npy" for name in ARRAYS]
    if not all(path.exists() for path in paths):
        shapes = ((model.config.latents, side // 16, side // 16), (side, side, 3), ())
        with staged(folder) as part:
            arrays = [
                np.lib.format.open_memmap(part / path.name, "w+", dtype, (groups * GROUP, *shape))
                for path, dtype, shape in zip(paths, (np.float16, np.uint8, np.float32), shapes, strict=True)
            ]
            for number in range(groups):
                x, level = group(number)
                y_hat, _ = latents(model, x, level, None)
                pixels = (255 * x).round().byte().movedim(1, -1)
                for array, value in zip(arrays, (y_hat, pixels, level), strict=True):
                    array[number * GROUP : (number + 1) * GROUP] = value.numpy()
            for array in arrays:
                array.flush()
    return Coded(*(np.load(path, mmap_mode="r") for path in paths))
