"""Where in a tile the bits go."""

import numpy as np
from numpy.typing import NDArray

from tintype.codec.entropy.tables import Tables
from tintype.codec.graphics.detect import BLOCK
from tintype.codec.steps import Array, Quantiser, Step
from tintype.codec.tiling import Tile


class Metered:
    """A quantiser that adds up the bits of what it chooses, by place. For one tile, and arrays of NumPy."""

    def __init__(self, quantiser: Quantiser, tables: Tables) -> None:
        self.quantiser, self.tables = quantiser, tables
        self._maps: list[NDArray[np.float64]] = []  # of each step, (h, w), summed over channels

    def __call__(self, step: Step) -> Array:
        symbols = self.quantiser(step)
        rows = step.lattice.gather(np.broadcast_to(step.rows, symbols.shape)).astype(np.uint16)
        bits = self.tables.rate_bits(rows, step.lattice.gather(symbols).astype(np.int16))
        self._maps.append(step.lattice.scatter(bits, symbols.shape).sum(axis=0))
        return symbols

    def per_block(self, tile: Tile) -> NDArray[np.float64]:
        """Bits of each block of 16 x 16 pixels of the tile's core, (ceil(H / 16), ceil(W / 16))."""
        middles = [begin + BLOCK * np.arange(-(-length // BLOCK)) + BLOCK // 2 for begin, length in _axes(tile)]
        total = np.zeros((len(middles[0]), len(middles[1])))
        for bits in self._maps:
            side = tile.height // len(bits)  # pixels that one element stands for
            rows, columns = (np.minimum(m // side, n - 1) for m, n in zip(middles, bits.shape, strict=True))
            total += bits[np.ix_(rows, columns)] * (BLOCK / side) ** 2
        return total


def _axes(tile: Tile) -> tuple[tuple[int, int], tuple[int, int]]:
    return (tile.crop.top, tile.crop.height), (tile.crop.left, tile.crop.width)
