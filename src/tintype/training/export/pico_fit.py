"""What export fits to pictures: probability tables, and how eagerly the encoder rounds towards zero."""

import numpy as np
import torch
from numpy.typing import NDArray

from tintype.codec.entropy.tables import TOTAL, Tables
from tintype.codec.quantise import RateDistortion
from tintype.codec.steps import Quantiser, walk
from tintype.codec.tile_model import Coded
from tintype.codec.tiling import Rect, Tile, extract
from tintype.models.pico.network import ANCHORS, Pico
from tintype.models.pico.schedule import LEVELS, lambda_of
from tintype.models.pico.tile_model import Analysed, PicoModel
from tintype.pixels import Pixels

PRIOR_SYMBOLS = 1000.0  # weight of the Gaussian against the histogram of a row, in symbols
SHARES = (0.0, 0.07, 0.15, 0.22, 0.3, 0.4)  # of the saved bits, tried when rounding towards zero is fitted
EAGER_PICTURES, EAGER_SIDE = 16, 256
LEVELS_SEEN = tuple(range(0, LEVELS, 5))


def levels_of(number: int) -> tuple[int, ...]:
    """Levels at which the picture of this number is coded: each third of them, all over three pictures."""
    return LEVELS_SEEN[number % 3 :: 3]


def whole_tile(pictures: NDArray[np.uint8]) -> Tile:
    """One tile for pictures (N, H, W, 3) whose sides are multiples of 64."""
    whole = Rect(0, 0, pictures.shape[2], pictures.shape[1])
    return Tile(whole, whole, whole.height, whole.width)


def code(runtime: PicoModel, pictures: NDArray[np.uint8], quantise: Quantiser) -> list[Coded]:
    """Steps of all pictures, at levels spread over the range."""
    coded: list[Coded] = []
    for number, picture in enumerate(pictures):
        analysis = runtime.analyse(extract(picture, whole_tile(pictures)))
        for level in levels_of(number):
            coded += runtime.encode(analysis, level, quantise)
    return coded


def bits(tables: Tables, coded: list[Coded]) -> float:
    """What an ideal coder spends with these tables."""
    return float(sum(tables.rate_bits(step.rows, step.symbols).sum() for step in coded))


def refit(tables: Tables, coded: list[Coded]) -> Tables:
    """Tables from histograms of the symbols each row really meets, with the given tables as prior.

    Symbols and their negatives are counted together: the densities are symmetric, and half the data suffices.
    """
    rows = np.concatenate([step.rows for step in coded])
    symbols = np.concatenate([step.symbols for step in coded])
    pmfs, first = [], []
    for row in range(len(tables)):
        start, end = tables.offsets[row], tables.offsets[row + 1]
        # (entries,), the escape last
        probability = np.diff(tables.cumulative[start:end]) / TOTAL
        lowest = int(tables.first[row])
        if tables.skips[row]:
            pmfs.append(np.ones(1))
        else:
            # entry of each symbol that met this row; what the row does not hold counts as an escape
            seen = symbols[rows == row].astype(np.int64) - lowest
            count = np.bincount(np.where((seen >= 0) & (seen < len(probability) - 1), seen, len(probability) - 1))
            histogram = np.pad(count, (0, len(probability) - len(count))).astype(np.float64)
            # rows run from -reach to reach, so that reversing pairs each symbol with its negative
            histogram[:-1] = 0.5 * (histogram[:-1] + histogram[:-1][::-1])
            # as if PRIOR_SYMBOLS more had come, distributed as in the given tables: rare rows stay near them
            mixed = histogram + PRIOR_SYMBOLS * probability
            pmfs.append((mixed / mixed.sum())[:-1])
        first.append(lowest)
    return Tables.from_pmfs(pmfs, first)


def fit_eagerness(runtime: PicoModel, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How far to believe in bits saved by rounding towards zero, at each level; (LEVELS,).

    The Jacobian is not the whole truth: the synthesis is not linear, and later steps see the rounded latents. So the
    share of the saved bits that is weighed against the error is chosen at each anchor for the least real cost,
    lambda 255^2 MSE + bpp.
    """
    anchors = np.linspace(0, LEVELS - 1, ANCHORS).round().astype(int)
    lambdas = lambda_of(torch.as_tensor(anchors, dtype=torch.float32)).tolist()
    crops = pictures[:EAGER_PICTURES, :EAGER_SIDE, :EAGER_SIDE]
    tile = whole_tile(crops)
    analyses = [(extract(crop, tile), runtime.analyse(extract(crop, tile))) for crop in crops]
    full = RateDistortion.of(runtime.tables)
    best = []
    for level, lambda_ in zip(anchors.tolist(), lambdas, strict=True):
        costs = []  # of each share, over all pictures: lambda * distortion + rate
        for share in SHARES:
            quantise = RateDistortion(full.skips, share * full.saved_bits)
            costs.append(sum(_cost(runtime, x, found, level, lambda_, quantise) for x, found in analyses))
        best.append(SHARES[int(np.argmin(costs))])
    # linear between anchors; never 0, since the worth of errors is divided by it
    return np.interp(np.arange(LEVELS), anchors, np.maximum(best, 1e-6)).astype(np.float32)


def _cost(
    runtime: PicoModel, pixels: Pixels, found: Analysed, level: int, lambda_: float, quantise: RateDistortion
) -> float:
    coded = runtime.encode(found, level, quantise)
    steps = runtime.decode(pixels.shape[1], pixels.shape[2], level)
    symbols = iter(step.symbols for step in coded)  # no entropy coder between: its bits are summed from the tables
    decoded = runtime.synthesise(walk(steps, lambda _: next(symbols)), level).clip(0, 1)
    mse = float(np.mean(np.square(decoded - pixels, dtype=np.float64)))
    bpp = bits(runtime.tables, coded) / (pixels.shape[1] * pixels.shape[2])
    cost: float = lambda_ * 255**2 * mse + bpp
    return cost


def sensitivity(model: Pico, tensors: list[torch.Tensor]) -> torch.Tensor:
    """What a squared error of one unit in each latent channel adds to 255^2 MSE summed over pixels; (N,).

    The mean squared norm of the columns of the synthesis' Jacobian, from random projections of it (Hutchinson).
    """
    generator = torch.Generator().manual_seed(0)
    total = torch.zeros(model.config.latents)
    for x in tensors:
        with torch.no_grad():
            y = model.analysis(x)[0]
        y.requires_grad_()
        # E[(v^T J)_i^2] over random signs v is the squared norm of column i of the Jacobian J
        probe = torch.randint(0, 2, x.shape, generator=generator) * 2.0 - 1
        (gradient,) = torch.autograd.grad((model.synthesis(y) * probe).sum(), y)
        total += (gradient**2).mean((0, 2, 3))  # (1, N, h, w) to (N,)
    return total / len(tensors) * 255**2 / 3  # mean over three channels, sum over pixels
