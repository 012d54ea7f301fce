"""Generated test pictures. The texture's period is 251, a prime, so swapped blocks cannot pass."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def picture(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """(height, width, 3): smooth colour, edges, and some texture."""
    i, j = np.mgrid[:height, :width].astype(np.float32)
    smooth = np.stack([128 + 90 * np.sin(i / 37 + seed), 128 + 90 * np.cos(j / 53), 90 + (i + j) % 251 / 2], -1)
    texture = ((i * 31 + j * 17 + seed) % 251 / 251 - 0.5)[..., None] * 30
    edge = np.where((i // 41 + j // 67) % 2 == 0, 12, -12)[..., None]
    return (smooth + texture + edge).clip(0, 255).astype(np.uint8)


def deep_picture(height: int, width: int, depth: int, seed: int = 0) -> NDArray[Any]:
    """As `picture`, (height, width, 3), with samples of `depth` bits: uint8, or uint16 above 8."""
    scaled = picture(height, width, seed).astype(np.float32) / 255 * (2**depth - 1)
    return scaled.astype(np.uint8 if depth == 8 else np.uint16)
