"""Where a decoder may draw texture: found from the latents, so that files need not say it.

Text, and all else that was drawn, keeps the faithful look. A linear map of the latents' magnitudes tells it from
photographs; `tintype.training.export.gate` fits it. All sums are of integers, so that every machine finds the same.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tintype.models.pico.schedule import Y_STRIDE
from tintype.weights.bundle import Arrays

REACH = 1  # neighbours in each direction that are read
TAPS = (2 * REACH + 1) ** 2
FINENESS = 16  # steps of a feature per unit of the root of a magnitude
FEATURE_TOP = 255  # of a latent of 254 units, far above what pictures give
OPEN = 2**16  # sum from which on a place may be drawn fully; at 0 and below it is not drawn at all

Mask = NDArray[np.float32]  # (h, w), 0: faithful, to 1: natural


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """The map.

    Parameters
    ----------
    weight : integers as float64, (TAPS, N), within 16 bits; taps in raster order
    bias : integer
    """

    weight: NDArray[np.float64]
    bias: int

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        """From the arrays of a file, as `to_arrays` gives them."""
        return cls(arrays["weight"].astype(np.float64), int(arrays["bias"][0]))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {"weight": self.weight.astype("<i2"), "bias": np.array([self.bias], "<i4")}

    def __call__(self, y_hat: NDArray[np.float32]) -> Mask:
        """Mask of each latent position (N, h, w); beyond the tile its last latents go on."""
        _, height, width = y_hat.shape
        # one product for all taps, whose results are then shifted; below 2^53 sums of integers are exact in any order
        parts = np.tensordot(self.weight, np.pad(features(y_hat), PADDING, "edge"), 1)  # (TAPS, h + 2, w + 2)
        total = np.full((height, width), self.bias, np.float64)
        for part, (row, column) in zip(parts, np.ndindex(2 * REACH + 1, 2 * REACH + 1), strict=True):
            total += part[row : row + height, column : column + width]
        return (total.clip(0, OPEN) / OPEN).astype(np.float32)


PADDING = ((0, 0), (REACH, REACH), (REACH, REACH))


def features(y_hat: NDArray[np.float32]) -> NDArray[np.float64]:
    """Roots of magnitudes as integers, 0 to `FEATURE_TOP`, of the same shape: a root is exact everywhere, a log not."""
    steps = np.floor(FINENESS * np.sqrt(np.abs(y_hat), dtype=np.float32))
    found: NDArray[np.float64] = np.minimum(steps, FEATURE_TOP).astype(np.float64)
    return found


def enlarged(mask: Mask) -> Mask:
    """A mask of latent positions for pixels: linear between the middles of their squares, the last go on beyond."""
    for axis in (0, 1):
        last = mask.shape[axis] - 1
        at = ((np.arange(mask.shape[axis] * Y_STRIDE) + 0.5) / Y_STRIDE - 0.5).clip(0, last)
        before = np.floor(at).astype(np.intp)
        share = np.expand_dims((at - before).astype(np.float32), 1 - axis)
        low, high = mask.take(before, axis), mask.take(np.minimum(before + 1, last), axis)
        mask = low + share * (high - low)
    return mask
