"""Coding steps of pico: the hyper-latents, then the latents in two passes (one-shot context model).

The scale decoder gives the rows of *all* latents from the hyper-latents alone, so an entropy decoder never
waits for the float networks; the context model refines mean and width of the second pass from the first
(PICO, section 4.1). Written once for numpy and torch arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tintype.codec.steps import EVERYTHING, Array, Schedule, Step

LEVELS = 71  # 0..70
Y_STRIDE, Z_STRIDE = 16, 64  # pixels per latent and per hyper-latent
Z_LIMIT = 31  # hyper-latents are integers in [-31, 31]: the bound of the scale decoder's accumulators
UNIT = 25.5  # the prior's means are latents / 25.5: one unit of a latent is 10 grey levels
LAMBDA_MIN, LAMBDA_MAX = 0.0009, 0.18  # of levels 0 and 70; CompressAI has 0.0018 to 0.0483
T_LIMIT = 2.5  # of the prior's log relative widths


Shape = tuple[int, ...]  # (C, h, w)
Number = TypeVar("Number", bound=Any)  # float, or an array of an engine


def lambda_of(level: Number) -> Number:
    """Weight of distortion (255^2 MSE, mean over channels) against bits per pixel; log-linear in the level."""
    share: Any = level / (LEVELS - 1)
    weight: Number = LAMBDA_MIN * (LAMBDA_MAX / LAMBDA_MIN) ** share
    return weight


class StepNetworks(Protocol):
    """What runs between two steps, on one engine and at one level."""

    def hyper_density(self) -> tuple[Array, Array]:
        """Rows (training: real indices) and integer means of the hyper-latents, in their full shape."""

    def scale_decoder(self, z_hat: Array) -> Array:
        """Row (training: real index) of every latent."""

    def context_decoder(self, z_hat: Array) -> Array:
        """Prior of every latent: (B, 2N, h, w)."""

    def context_model(self, prior: Array, y_bar: Array) -> Array:
        """The prior, refined by the latents of earlier passes (zero elsewhere)."""

    def mean_width(self, prior: Array) -> tuple[Array, Array]:
        """Mean and quantisation width of every latent, latent units."""

    def reconstructed(self, y_hat: Array, symbols: Array, mean: Array, width: Array, mask: Array) -> Array:
        """Latents of earlier passes, and those of this one: y_hat + (symbols * width + mean) * mask.

        `y_hat` is not used again: its memory may become the result's.
        """

    def worth(self) -> Array | None:
        """Bits that a squared error of one unit of a latent is worth at this level; None where unknown."""

    def constant(self, array: NDArray[Any]) -> Array:
        """A host array as the engine's own."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Some cells of each 2x2 square; which ones rotates with the channel, so each pass sees every place.

    `places` holds positions 0..3 of the square in raster order. Channel c codes those of
    (place + c) mod 4, in C order.
    """

    places: tuple[int, ...]

    def gather(self, array: NDArray[Any]) -> NDArray[Any]:
        parts = _parts(self.places, array.shape)
        flat = np.empty(parts.shape, array.dtype)
        for of_flat, of_array in parts.slices:
            flat[of_flat] = array[of_array]
        return flat.reshape(-1)

    def scatter(self, flat: NDArray[Any], shape: Shape) -> NDArray[Any]:
        parts = _parts(self.places, shape)
        array = np.zeros(shape, flat.dtype)
        for of_flat, of_array in parts.slices:
            array[of_array] = flat.reshape(parts.shape)[of_flat]
        return array

    def mask(self, shape: Shape) -> NDArray[np.float32]:
        return _mask(self.places, shape)


class _Parts(NamedTuple):
    """Cells in C order as an array, and how slices of it stand in the array of all latents."""

    shape: Shape  # (C, pairs of rows, cells of a pair)
    slices: Sequence[tuple[tuple[slice, ...], tuple[slice, ...]]]  # of this array, and of the latents'


@lru_cache(maxsize=32)
def _parts(places: tuple[int, ...], shape: Shape) -> _Parts:
    channels, height, width = shape
    assert height % 2 == 0 and width % 2 == 0
    slices = []
    for turn in range(4):  # channels of the same cells
        begin = 0
        for row in (0, 1):
            columns = sorted((place + turn) % 4 % 2 for place in places if (place + turn) % 4 // 2 == row)
            if columns:
                end = begin + width // 2 * len(columns)
                # both columns of the squares are all columns, in their order
                step = slice(columns[0], None, 2 // len(columns))
                turned = slice(turn, None, 4)
                slices.append(
                    ((turned, slice(None), slice(begin, end)), (turned, slice(row, None, 2), step)),
                )
                begin = end
    return _Parts((channels, height // 2, width // 2 * len(places)), slices)


@lru_cache(maxsize=32)
def _mask(places: tuple[int, ...], shape: Shape) -> NDArray[np.float32]:
    c, i, j = np.ogrid[: shape[0], : shape[1], : shape[2]]
    coded = np.zeros(4, np.float32)
    coded[[*places]] = 1
    mask: NDArray[np.float32] = coded[(2 * (i % 2) + j % 2 - c) % 4]
    return mask


PASSES = FIRST, SECOND = Cells((0,)), Cells((1, 2, 3))


def schedule(networks: StepNetworks, z_shape: Shape, y_shape: Shape, z: Array = None, y: Array = None) -> Schedule:
    """Steps of one tile (or, in training, of a batch of crops); returns the reconstructed latents.

    Parameters
    ----------
    networks : at the wanted level
    z_shape, y_shape : shapes (C, h, w) of hyper-latents (1/64) and latents (1/16)
    z, y : what the analysis found; None when decoding
    """
    z_rows, z_mean = networks.hyper_density()
    symbols = yield Step(z_rows, z_mean, networks.constant(np.ones((), np.float32)), z, EVERYTHING)
    z_hat = (symbols + z_mean).clip(-Z_LIMIT, Z_LIMIT)

    rows = networks.scale_decoder(z_hat)
    prior = refined = networks.context_decoder(z_hat)
    y_hat = networks.constant(np.zeros(y_shape, np.float32))  # of the passes so far, zero elsewhere
    for number, cells in enumerate(PASSES):
        if number:
            refined = networks.context_model(prior, y_hat)
        mean, width = networks.mean_width(refined)
        symbols = yield Step(rows, mean, width, y, cells, networks.worth())
        y_hat = networks.reconstructed(y_hat, symbols, mean, width, networks.constant(cells.mask(y_shape)))
    return y_hat
