"""Training pictures: decoded once, cropped deterministically from (seed, step)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".avif", ".ppm", ".bmp", ".tif", ".tiff"}
SMALLEST_SCALE = 0.5


def pictures_in(folder: Path) -> list[Path]:
    """Picture files under a folder, sorted by path."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def pack(folder: Path, side: int) -> NDArray[np.uint8]:
    """Decode every picture under a folder to (N, side, side, 3): central crops, reflected where smaller."""
    paths = pictures_in(folder)
    if not paths:
        raise FileNotFoundError(f"{folder}: no pictures ({', '.join(sorted(SUFFIXES))}) to train on")
    packed = np.empty((len(paths), side, side, 3), np.uint8)
    for i, path in enumerate(paths):
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        height, width = pixels.shape[:2]
        grow = [(0, max(0, side - height)), (0, max(0, side - width)), (0, 0)]
        pixels = np.pad(pixels, grow, "symmetric")
        top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
        packed[i] = pixels[top : top + side, left : left + side]
    return packed


def load(source: Path, side: int = 512) -> NDArray[np.uint8]:
    """Pictures (N, side, side, 3) from a folder, or memory-mapped from an .npy file that `pack` made."""
    if source.suffix == ".npy":
        array: NDArray[np.uint8] = np.load(source, mmap_mode="r")
        return array
    return pack(source, side)


class Crops:
    """Random crops, flips and downscaling by 0.5 to 1; every batch depends on (seed, step) alone.

    Parameters
    ----------
    pictures : uint8, (N, S, S, 3); a torch tensor on the device, or an array on the host
    """

    def __init__(self, pictures: NDArray[np.uint8] | Tensor, seed: int, device: torch.device) -> None:
        self.pictures, self.seed, self.device = pictures, seed, device

    def batch(self, step: int, size: int, side: int, samples: Sequence[int] | None = None) -> Tensor:
        """Crops of a step.

        One scale per batch; half of the batches keep scale 1.

        Parameters
        ----------
        size : pictures of the batch
        side : pixels
        samples : positions in the batch that are wanted; None: all. What is at a position does not depend on it.

        Returns
        -------
        float32, (len(samples), 3, side, side) in [0, 1]
        """
        rng = np.random.default_rng((self.seed, step))
        n, height, width = self.pictures.shape[:3]
        scale = 1.0 if rng.random() < 0.5 else rng.uniform(SMALLEST_SCALE, 1.0)
        cut = min(round(side / scale), height, width)
        crops = []
        wanted = set(range(size) if samples is None else samples)
        for position in range(size):
            i = int(rng.integers(n))
            top, left = int(rng.integers(height - cut + 1)), int(rng.integers(width - cut + 1))
            flips = [axis for axis in (0, 1) if rng.random() < 0.5]
            if position not in wanted:
                continue
            crop = self.pictures[i, top : top + cut, left : left + cut]
            crop = torch.from_numpy(np.array(crop)) if isinstance(crop, np.ndarray) else crop  # a copy
            crops.append(crop.flip(flips).movedim(-1, 0))
        x = torch.stack(crops).to(self.device).float() / 255
        if cut != side:
            x = F.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)
        return x.clamp(0, 1)
