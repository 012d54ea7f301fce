"""Pixels of a picture, as users hold them and as networks take them."""

import numpy as np
from numpy.typing import NDArray

Pixels8 = NDArray[np.uint8]
"""(H, W, 3) RGB or (H, W) grey, 0 to 255: a picture before and after coding."""

IntPixels = NDArray[np.uint8 | np.uint16]
"""As `Pixels8`, or with 0 to 2^depth - 1 in uint16 where samples have a depth of more than 8 bits."""

Pixels = NDArray[np.float32]
"""(3, H, W), nominally in [0, 1]: a tile at the network. Decoded ones are not clipped."""
