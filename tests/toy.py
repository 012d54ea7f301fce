"""A codec without a network: two Haar levels, fixed tables, two steps. Implements `codec.tile_model.TileModel`."""

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from tintype.codec.coding import decode_steps, encode_steps
from tintype.codec.entropy.tables import Symbols, Tables, gaussian_tables
from tintype.codec.reducing import QUARTER, reduced_pixels
from tintype.codec.steps import EVERYTHING, HIGH_RATE, Quantiser, Schedule, Step
from tintype.codec.tile_model import Coded, Identity, StepRows
from tintype.models.pico.schedule import FIRST, SECOND
from tintype.pixels import Pixels

STRIDE = 16
HAAR = 0.5 * np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], np.float32)


class ToyModel:
    """Coarse bands first; their magnitude decides the rows of the rest."""

    tiles_in_parallel = True
    whole_pictures = False
    tolerance = 0.0
    quarters = True

    def __init__(self) -> None:
        self.identity = Identity("toy", 999, b"toytoy!!", STRIDE, 8)
        self.tables: Tables = gaussian_tables()

    def error_worth(self, level: int) -> float:
        return HIGH_RATE / 4.0 ** (6 - level)

    def tile_bytes(self, pixels: int) -> int:
        return 48 * pixels

    def analyse(self, pixels: Pixels) -> NDArray[np.float32]:
        return _haar(_haar(pixels * 255 - 128))  # (48, h, w): 3 coarse bands first

    def encode(self, analysis: NDArray[np.float32], level: int, quantise: Quantiser) -> list[Coded]:
        return encode_steps(_schedule(analysis.shape, level, analysis), quantise)

    def decode(self, height: int, width: int, level: int) -> Generator[StepRows, Symbols, NDArray[np.float32]]:
        coarse, fine = (3, height // 4, width // 4), (45, height // 4, width // 4)
        return decode_steps(_schedule((48, *coarse[1:]), level, None), [coarse, fine, fine])

    def synthesise(self, latents: NDArray[np.float32], level: int) -> Pixels:
        pixels: Pixels = (_unhaar(_unhaar(latents)) + 128) / 255
        return pixels

    def synthesise_quarter(self, latents: NDArray[np.float32], level: int) -> Pixels:
        return reduced_pixels(ToyModel.synthesise(self, latents, level), QUARTER)  # past what tests put over it


def _schedule(shape: tuple[int, ...], level: int, latents: NDArray[np.float32] | None) -> Schedule:
    width = np.float32(2 ** (6 - level))
    coarse = None if latents is None else latents[:3]
    fine = None if latents is None else latents[3:]
    zero = np.float32(0)
    symbols = yield Step(np.full((3, *shape[1:]), 60, np.uint16), zero, width, coarse, EVERYTHING)
    activity = np.abs(symbols).sum(0)
    rows = np.where(activity > np.median(activity), 40, 2 + 5 * level).astype(np.uint16)
    rows = np.broadcast_to(rows, (45, *shape[1:]))
    first = yield Step(rows, zero, width, fine, FIRST)
    second = yield Step(rows, first * zero, width, fine, SECOND)
    masks = FIRST.mask(rows.shape), SECOND.mask(rows.shape)
    return np.concatenate([symbols, first * masks[0] + second * masks[1]]) * width


def _haar(x: NDArray[np.float32]) -> NDArray[np.float32]:
    places = np.stack([x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)])
    return np.tensordot(HAAR, places, 1).reshape(-1, *places.shape[2:]).astype(np.float32)


def _unhaar(x: NDArray[np.float32]) -> NDArray[np.float32]:
    bands = x.reshape(4, x.shape[0] // 4, *x.shape[1:])
    places = np.tensordot(HAAR, bands, 1)
    out = np.empty((bands.shape[1], 2 * x.shape[1], 2 * x.shape[2]), np.float32)
    for n, (i, j) in enumerate((i, j) for i in (0, 1) for j in (0, 1)):
        out[:, i::2, j::2] = places[n]
    return out
