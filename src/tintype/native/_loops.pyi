"""Loops over C-contiguous arrays for which NumPy needs many passes.

- `symbols` is rounding by rate and distortion (`tintype.codec.quantise`), `reconstruct` the way back.
- `round_samples` to `finish_sums` make samples of decoded tiles (`tintype.codec.blending`). Pixels are planes
  (3, h, w), samples and sums (h, w, 1 or 3); both may be parts of larger arrays.
- `filtered` are the rows of a PNG (`tintype.images.writers.png`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]  # uint8 or uint16
Sums = NDArray[Any]  # uint16 for samples of uint8, else uint32

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
def reconstruct(
    symbols: NDArray[np.float32],
    means: NDArray[np.float32],
    widths: NDArray[np.float32],
    mask: NDArray[np.float32],
    latents: NDArray[np.float32],
) -> None: ...
def round_samples(pixels: NDArray[np.float32], white: float, out: Samples) -> None: ...
def add_share(
    pixels: NDArray[np.float32], down: NDArray[np.float32], along: NDArray[np.float32], white: float, sums: Sums
) -> None: ...
def divide_sums(sums: Sums, present: NDArray[np.float32], white: int) -> None: ...
def finish_sums(sums: Sums, white: int, out: Samples) -> None: ...
def filtered(rows: NDArray[np.uint8], above: NDArray[np.uint8], step: int) -> bytes: ...
