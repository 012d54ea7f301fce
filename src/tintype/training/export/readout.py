"""Fits a pico's readout (`tintype.models.pico.readout`), which gives reduced pictures without the synthesis.

    python -m tintype.training.export.readout NAME PICTURES [FOLDER]

writes the readout of weights that ship; `tintype train export` does it for new ones.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tintype.codec.encoder import quantiser
from tintype.codec.reducing import QUARTER, reduced_pixels
from tintype.codec.steps import walk
from tintype.codec.tiling import extract
from tintype.models import load
from tintype.models.pico.readout import REACH, SIDE, Readout
from tintype.models.pico.tile_model import Floats, PicoModel
from tintype.pixels import Pixels
from tintype.replacing import staged
from tintype.training.export.pico_fit import whole_tile
from tintype.training.pictures import crops
from tintype.weights import store

PICTURES = 96
LEVELS_BETWEEN = 29  # of consecutive pictures; a prime, so that all levels occur
RIDGE = 1e-6  # of the mean square of the latents


def fit(model: PicoModel, pictures: NDArray[np.uint8]) -> Readout:
    """By least squares against boxes of what the synthesis gives, at levels spread over the range.

    Parameters
    ----------
    pictures : (N, H, W, 3), sides multiples of 64
    """
    products: NDArray[np.float64] | float = 0.0
    targets: NDArray[np.float64] | float = 0.0
    for number, picture in enumerate(pictures):
        level = number * LEVELS_BETWEEN % model.identity.levels
        y_hat = latents(model, extract(picture, whole_tile(pictures)), level)
        known = neighbourhoods(np.pad(y_hat, ((0, 0), (REACH, REACH), (REACH, REACH))), REACH)  # (h w, TAPS N + 1)
        products = products + (known.T @ known).astype(np.float64)
        targets = targets + (known.T @ _wanted(model.synthesise(y_hat, level))).astype(np.float64)
    assert isinstance(products, np.ndarray)
    ridge = RIDGE * np.trace(products) / len(products) * np.eye(len(products))
    found = np.linalg.solve(products + ridge, targets)  # (TAPS N + 1, outputs)
    channels = model.gain.shape[1]
    weight = found[:-1].reshape(-1, channels, found.shape[1]).transpose(0, 2, 1)  # (TAPS, outputs, N)
    return Readout(np.ascontiguousarray(weight, np.float32), found[-1].astype(np.float32))


def write(readout: Readout, weights_hash: bytes, name: str, folder: Path) -> None:
    """The file beside the bundle of this name."""
    with staged(folder) as part:
        np.savez(
            part / f"{name}{store.READOUT}",
            weights_hash=np.frombuffer(weights_hash, np.uint8),
            weight=readout.weight.astype(np.float16),
            bias=readout.bias,
        )


def latents(model: PicoModel, pixels: Pixels, level: int) -> Floats:
    """As a decoder finds them."""
    _, height, width = pixels.shape
    coded = iter(model.encode(model.analyse(pixels), level, quantiser(model.tables)))
    return walk(model.decode(height, width, level), lambda _: next(coded).symbols)


def neighbourhoods(wide: NDArray[Any], reach: int) -> NDArray[Any]:
    """Values of each position and its neighbours, and 1: padded (N, h + 2 reach, w + 2 reach) to (h w, TAPS N + 1)."""
    side = 2 * reach + 1
    height, width = (length - 2 * reach for length in wide.shape[1:])
    taps = [wide[:, row : row + height, column : column + width] for row, column in np.ndindex(side, side)]
    return np.concatenate([*taps, np.ones((1, height, width), wide.dtype)]).reshape(-1, height * width).T


def _wanted(pixels: Pixels) -> Floats:
    """Boxes of a tile, those of a latent position in a row: (3, H, W) to (h w, 3 SIDE SIDE)."""
    small = reduced_pixels(np.clip(pixels, 0, 1), QUARTER)
    _, height, width = small.shape
    blocks = small.reshape(3, height // SIDE, SIDE, width // SIDE, SIDE).transpose(1, 3, 0, 2, 4)
    return np.ascontiguousarray(blocks).reshape(-1, 3 * SIDE * SIDE)


def main(name: str, pictures: str, folder: str = str(store.FOLDER)) -> None:
    """Write the readout of weights that ship."""
    model = load.model(name)
    assert isinstance(model, PicoModel)
    train = crops.load(Path(pictures))
    readout = fit(model, np.array(train[:: max(1, len(train) // PICTURES)][:PICTURES]))
    write(readout, model.identity.weights_hash, name, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
