"""Quantisers: how an encoder chooses symbols. Decoders do not know which one was used."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tintype.codec.seam import Step

SYMBOL_MAX = 32767


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """Round to the nearest integer; 0 where the row holds nothing else.

    Parameters
    ----------
    skips : bool, (R,), rows whose only symbol is 0 (`Tables.skips`)
    """

    skips: NDArray[np.bool_]

    def __call__(self, step: Step) -> NDArray[np.float32]:
        symbols = np.rint((step.latents - step.mean) / step.width).clip(-SYMBOL_MAX, SYMBOL_MAX)
        symbols[np.broadcast_to(self.skips[step.density], symbols.shape)] = 0
        rounded: NDArray[np.float32] = symbols.astype(np.float32, copy=False)
        return rounded
