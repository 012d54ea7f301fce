"""Rounding by rate and distortion in one pass; `tintype.codec.quantise` is its front. Arrays are C-contiguous."""

import numpy as np
from numpy.typing import NDArray

def symbols(
    latents: NDArray[np.float32],
    means: NDArray[np.float32],
    widths: NDArray[np.float32],
    rows: NDArray[np.uint16],
    worth: NDArray[np.float32],
    saved_bits: NDArray[np.float32],
    skips: NDArray[np.bool_],
    out: NDArray[np.float32],
) -> None: ...
