"""From a trained pico to the bundle that ships: graphs, integer scale decoder, tables refitted to data, card."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tintype.codec.integer import IntegerNet
from tintype.codec.quantise import Nearest, RateDistortion
from tintype.codec.rans import Coded
from tintype.codec.seam import Pixels
from tintype.codec.tables import Tables, gaussian_pmf, gaussian_scales
from tintype.codec.tiling import Rect, Tile, extract
from tintype.models import macs
from tintype.models.integer import quantise
from tintype.models.layers import Conv
from tintype.models.onnx_graph import trace, trace_integer
from tintype.models.pico import ANCHORS, CLASSES, LOG_RATIO, SIGMA_MIN, Z_INDEX_MIN, Pico, anchor_weights, lambda_of
from tintype.runtime import onnx_pico
from tintype.runtime.pico import Latents, PicoModel
from tintype.schedules.pico import LEVELS, Y_STRIDE, Z_LIMIT, Z_STRIDE
from tintype.weights.bundle import Bundle

SKIP_BELOW = 0.16  # sigma; such symbols are zero in 99.8 % of cases, and are not coded
REACH = 5.0  # sigmas that a table holds; what lies beyond is escaped
PRIOR_SYMBOLS = 1000.0  # weight of the Gaussian against the histogram of a row, in symbols
SHARES = (0.0, 0.07, 0.15, 0.22, 0.3, 0.4)  # tried when rounding towards zero is fitted
EAGER_PICTURES, EAGER_SIDE = 16, 256
LEVELS_SEEN = tuple(range(0, LEVELS, 5))


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What each step away from the trained float model costs, bits on the pictures the tables were fitted to."""

    bits_float: float  # real scales, as in training
    bits_integer: float  # integer scale decoder, Gaussian tables
    bits_refitted: float  # the same rows, tables that ship


def export(model: Pico, pictures: NDArray[np.uint8], name: str, card: Mapping[str, Any]) -> tuple[Bundle, ExportReport]:
    """Make a bundle.

    Parameters
    ----------
    model : with the weights to ship (EMA), float32, on the CPU
    pictures : uint8, (N, S, S, 3), S a multiple of 64; training pictures that ranges and tables are fitted to
    card : added to what is counted here
    """
    model = model.float().eval()
    whole = Rect(0, 0, pictures.shape[2], pictures.shape[1])
    tile = Tile(whole, whole, whole.height, whole.width)
    tensors = [torch.as_tensor(extract(picture, tile))[None] for picture in pictures]
    with torch.no_grad():
        z_mean = model.z_mean.round()
        z_hat = [((model.analysis(x)[1].clamp(-Z_LIMIT, Z_LIMIT) - z_mean[:, None, None]).round()) for x in tensors]
        z_hat = [(z + z_mean[:, None, None]).clamp(-Z_LIMIT, Z_LIMIT) for z in z_hat]
        integers = quantise(model.scale_decoder, torch.cat(z_hat))
        levels_at = torch.arange(LEVELS, dtype=torch.float32)
        gain = torch.exp(anchor_weights(levels_at) @ model.log_gain)
    config = model.config
    graphs = {
        "analysis": trace(model.analysis, {"pixels": 3}, ("y", "z")),
        "synthesis": trace(model.synthesis, {"y": config.latents}, ("pixels",)),
        "context_decoder": trace(model.context_decoder, {"z_hat": config.hyper_latents}, ("prior",)),
        "context_model": trace(
            model.context_model, {"prior": 2 * config.latents, "y_bar": config.latents}, ("refined",)
        ),
        "scale_decoder": trace_integer(integers),
    }
    levels = {
        "gain": gain.numpy(),
        "worth": (lambda_of(levels_at)[:, None] * sensitivity(model, tensors)).numpy(),
        "z_rows": CLASSES + np.arange(config.hyper_latents, dtype=np.uint16),
        "z_mean": z_mean.detach().numpy().astype(np.int8),
    }
    card = {"name": name, "model_id": config.model_id, **account(model), **card}

    gaussian = _gaussian_tables(model)
    draft = _bundle(card, graphs, levels, integers, gaussian)
    coded, bits_float = _walk(model, onnx_pico.load(draft), pictures, tile)
    tables = refit(gaussian, coded)
    report = ExportReport(bits_float, _bits(gaussian, coded), _bits(tables, coded))
    eagerness = fit_eagerness(
        onnx_pico.load(_bundle(card, graphs, levels, integers, tables)), pictures[:EAGER_PICTURES]
    )
    levels["worth"] = levels["worth"] / eagerness[:, None]
    return _bundle(card, graphs, levels, integers, tables), report


def account(model: Pico) -> dict[str, Any]:
    """Parameters, and multiply-adds per pixel of what encoder and decoder run."""
    c, side = model.config, 512
    z = torch.zeros(1, c.hyper_latents, side // Z_STRIDE, side // Z_STRIDE)
    y = torch.zeros(1, c.latents, side // Y_STRIDE, side // Y_STRIDE)
    shared = (
        macs.count_macs(model.scale_decoder, z, anchor_weights(torch.zeros(1)))
        + _folded_macs(model.context_decoder, z)
        + _folded_macs(model.context_model, torch.cat((y, y), 1), y)
    )
    encoder = _folded_macs(model.analysis, torch.zeros(1, 3, side, side)) + shared
    decoder = _folded_macs(model.synthesis, y) + shared
    return {
        "parameters": macs.parameters(model),
        "encoder_kmac_per_pixel": round(encoder / side**2 / 1e3, 3),
        "decoder_kmac_per_pixel": round(decoder / side**2 / 1e3, 3),
    }


def fit_eagerness(runtime: PicoModel, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How far to believe in bits saved by rounding towards zero, at each level; (LEVELS,).

    The Jacobian is not the whole truth: the synthesis is not linear, and later steps see the rounded latents. So the
    share of the saved bits that is weighed against the error is chosen at each anchor for the least real cost,
    lambda 255^2 MSE + bpp.
    """
    anchors = np.linspace(0, LEVELS - 1, ANCHORS).round().astype(int)
    lambdas = lambda_of(torch.as_tensor(anchors, dtype=torch.float32)).tolist()
    crops = pictures[:, :EAGER_SIDE, :EAGER_SIDE]
    whole = Rect(0, 0, crops.shape[2], crops.shape[1])
    tile = Tile(whole, whole, whole.height, whole.width)
    analyses = [(extract(crop, tile), runtime.analyse(extract(crop, tile))) for crop in crops]
    full = RateDistortion.of(runtime.tables)
    best = []
    for level, lambda_ in zip(anchors.tolist(), lambdas, strict=True):
        costs = []
        for share in SHARES:
            quantise = RateDistortion(full.skips, share * full.saved_bits)
            costs.append(sum(_cost(runtime, x, found, level, lambda_, quantise) for x, found in analyses))
        best.append(SHARES[int(np.argmin(costs))])
    return np.interp(np.arange(LEVELS), anchors, np.maximum(best, 1e-6)).astype(np.float32)


def _cost(
    runtime: PicoModel, pixels: Pixels, found: Latents, level: int, lambda_: float, quantise: RateDistortion
) -> float:
    coded = runtime.encode(found, level, quantise)
    steps = runtime.decode(pixels.shape[1], pixels.shape[2], level)
    symbols = iter(step.symbols for step in coded)
    next(steps)
    try:
        while True:
            steps.send(next(symbols))
    except StopIteration as stop:
        decoded = runtime.synthesise(stop.value, level).clip(0, 1)
    mse = float(np.mean(np.square(decoded - pixels, dtype=np.float64)))
    bpp = _bits(runtime.tables, coded) / (pixels.shape[1] * pixels.shape[2])
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
        probe = torch.randint(0, 2, x.shape, generator=generator) * 2.0 - 1
        (gradient,) = torch.autograd.grad((model.synthesis(y) * probe).sum(), y)
        total += (gradient**2).mean((0, 2, 3))
    return total / len(tensors) * 255**2 / 3  # mean over three channels, sum over pixels


def _folded_macs(module: nn.Module, *inputs: torch.Tensor) -> int:
    """Multiply-adds without those that fold scales and Haar transforms into the kernels: export does that once."""
    folding = sum(macs.count_macs(layer.folded) for layer in module.modules() if isinstance(layer, Conv))
    return macs.count_macs(module, *inputs) - folding


def refit(tables: Tables, coded: list[Coded]) -> Tables:
    """Tables from histograms of the symbols each row really meets, with the given tables as prior.

    Symbols and their negatives are counted together: the densities are symmetric, and half the data suffices.
    """
    rows = np.concatenate([step.rows for step in coded])
    symbols = np.concatenate([step.symbols for step in coded])
    pmfs, first = [], []
    for row in range(len(tables)):
        start, end = tables.offsets[row], tables.offsets[row + 1]
        probability = np.diff(tables.cumulative[start:end]) / 65536.0
        lowest = int(tables.first[row])
        if tables.skips[row]:
            pmfs.append(np.ones(1))
        else:
            seen = symbols[rows == row].astype(np.int64) - lowest
            count = np.bincount(np.where((seen >= 0) & (seen < len(probability) - 1), seen, len(probability) - 1))
            histogram = np.pad(count, (0, len(probability) - len(count))).astype(np.float64)
            histogram[:-1] = 0.5 * (histogram[:-1] + histogram[:-1][::-1])
            mixed = histogram + PRIOR_SYMBOLS * probability
            pmfs.append((mixed / mixed.sum())[:-1])
        first.append(lowest)
    return Tables.from_pmfs(pmfs, first)


def _gaussian_tables(model: Pico) -> Tables:
    """64 rows for latents, then one for each channel of the hyper-latents."""
    index = model.z_index.detach().clamp(Z_INDEX_MIN, CLASSES - 1).double().numpy()
    z_scales = SIGMA_MIN * np.exp(LOG_RATIO * index)
    pmfs, first = [], []
    for scale in (*gaussian_scales(CLASSES), *z_scales):
        reach = 0 if scale < SKIP_BELOW else int(np.ceil(REACH * scale))
        pmfs.append(gaussian_pmf(float(scale), reach) if reach else np.ones(1))
        first.append(-reach)
    return Tables.from_pmfs(pmfs, first)


def _bundle(
    card: Mapping[str, Any], graphs: dict[str, bytes], levels: dict[str, Any], net: IntegerNet, tables: Tables
) -> Bundle:
    arrays = {"levels": levels, "scale_decoder": net.to_arrays(), "tables": tables.to_arrays()}
    return Bundle(card, graphs, arrays)


def _walk(model: Pico, runtime: PicoModel, pictures: NDArray[np.uint8], tile: Tile) -> tuple[list[Coded], float]:
    """Steps of all pictures at levels spread over the range, and the bits of the float model for the same."""
    from tintype.training.rate import forward

    nearest = Nearest(runtime.tables.skips)
    coded: list[Coded] = []
    bits = 0.0
    for number, picture in enumerate(pictures):
        pixels = extract(picture, tile)
        analysis = runtime.analyse(pixels)
        for level in LEVELS_SEEN[number % 3 :: 3]:
            coded += runtime.encode(analysis, level, nearest)
            with torch.no_grad():
                _, steps = forward(model, torch.as_tensor(pixels)[None], torch.tensor([float(level)]), None)
            bits += float(sum(step.sum() for step in steps))
    return coded, bits


def _bits(tables: Tables, coded: list[Coded]) -> float:
    return float(sum(tables.rate_bits(*step).sum() for step in coded))
