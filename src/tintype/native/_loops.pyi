"""Loops over C-contiguous arrays for which NumPy needs many passes.

`symbols` is rounding by rate and distortion (`tintype.codec.quantise`), `filtered` the rows of a PNG
(`tintype.images.writers.png`).
"""

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
def filtered(rows: NDArray[np.uint8], above: NDArray[np.uint8], step: int) -> bytes: ...
