"""A tile at a quarter of its sides from its latents by one linear map: no synthesis runs.

The synthesis of a pico is close to linear where pictures are smooth, and a quarter of the sides is smooth. The map is
fitted to what the synthesis gives (`tintype.training.export.readout`).
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tintype.codec.reducing import QUARTER
from tintype.models.pico.schedule import Y_STRIDE
from tintype.pixels import Pixels

SIDE = Y_STRIDE // QUARTER  # pixels that one latent position gives, in each direction
REACH = 1  # neighbours in each direction that are read
TAPS = (2 * REACH + 1) ** 2


@dataclass(frozen=True, slots=True, eq=False)
class Readout:
    """The map.

    Parameters
    ----------
    weight : float32, (TAPS, 3 * SIDE * SIDE, N); taps in raster order, outputs as (channel, row, column)
    bias : float32, (3 * SIDE * SIDE,)
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """From the arrays of a file, which has half-precision weights."""
        return cls(arrays["weight"].astype(np.float32), arrays["bias"].astype(np.float32))

    def __call__(self, y_hat: NDArray[np.float32]) -> Pixels:
        """Latents (N, h, w) to pixels (3, SIDE * h, SIDE * w), not clipped; latents beyond the tile count as zero."""
        channels, height, width = y_hat.shape
        outputs = len(self.bias)
        # one product for all taps, whose results are then shifted: (TAPS, outputs, h, w)
        parts = (self.weight.reshape(-1, channels) @ y_hat.reshape(channels, -1)).reshape(-1, outputs, height, width)
        sums = np.zeros((outputs, height + 2 * REACH, width + 2 * REACH), np.float32)
        for tap, part in enumerate(parts):
            # the tap that looks up by a row adds to the position one row below the latent
            row, column = (2 * REACH - offset for offset in divmod(tap, 2 * REACH + 1))
            sums[:, row : row + height, column : column + width] += part
        inside = sums[:, REACH : REACH + height, REACH : REACH + width] + self.bias[:, None, None]
        # (3, SIDE, SIDE, h, w) to (3, h, SIDE, w, SIDE)
        blocks = inside.reshape(3, SIDE, SIDE, height, width).transpose(0, 3, 1, 4, 2)
        return np.ascontiguousarray(blocks).reshape(3, SIDE * height, SIDE * width)
