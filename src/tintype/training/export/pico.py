"""From a trained pico to the bundle that ships: graphs, integer scale decoder, tables refitted to data, card."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tintype.codec.entropy.tables import CLASSES, SIGMA_MIN, Tables, gaussian_scales, gaussian_tables
from tintype.codec.quantise import Nearest, RateDistortion
from tintype.codec.tiling import extract
from tintype.models import macs
from tintype.models.pico import onnx_engine
from tintype.models.pico.integer import IntegerNet
from tintype.models.pico.integer_torch import quantise
from tintype.models.pico.layers import Conv
from tintype.models.pico.network import LOG_RATIO, Z_INDEX_MIN, Pico, anchor_weights
from tintype.models.pico.onnx_graph import trace, trace_integer
from tintype.models.pico.schedule import LEVELS, Y_STRIDE, Z_LIMIT, Z_STRIDE, lambda_of
from tintype.models.pico.tile_model import PicoModel
from tintype.training.export import pico_fit
from tintype.training.objectives.pico_rate import forward
from tintype.weights.bundle import Bundle

COUNTED_SIDE = 512  # pixels of the square that multiply-adds are counted on


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
    # one: integers for the exact part, and what depends on the level alone, for all 71 levels
    model = with_integer_means(model.float().eval())
    tensors = [torch.as_tensor(extract(picture, pico_fit.whole_tile(pictures)))[None] for picture in pictures]
    with torch.no_grad():
        # (1, M, S/64, S/64) each; means are integers, so rounding commutes with them
        z_hat = [model.analysis(x)[1].clamp(-Z_LIMIT, Z_LIMIT).round() for x in tensors]
        integers = quantise(model.scale_decoder, torch.cat(z_hat))
        levels_at = torch.arange(LEVELS, dtype=torch.float32)
        gain = torch.exp(anchor_weights(levels_at) @ model.log_gain)  # (LEVELS, N)
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
        # (LEVELS, N), bits that a squared error of one latent unit is worth: lambda times what it adds to distortion
        "worth": (lambda_of(levels_at)[:, None] * pico_fit.sensitivity(model, tensors)).numpy(),
        # rows of the latents come first
        "z_rows": CLASSES + np.arange(config.hyper_latents, dtype=np.uint16),
        "z_mean": model.z_mean.detach().numpy().astype(np.int8),
    }
    card = {"name": name, "model_id": config.model_id, **account(model), **card}

    def runtime(tables: Tables) -> PicoModel:
        return onnx_engine.load(_bundle(card, graphs, levels, integers, tables))

    # two: tables for the symbols that pictures really give, with Gaussian rows as the start
    gaussian = _start_tables(model)
    nearest = Nearest(gaussian.skips)
    coded = pico_fit.code(runtime(gaussian), pictures, nearest)
    tables = pico_fit.refit(gaussian, coded)
    report = ExportReport(_float_bits(model, pictures), pico_fit.bits(gaussian, coded), pico_fit.bits(tables, coded))
    # three: how eagerly to round towards zero; a worth divided by a share makes saved bits count by that share
    levels["worth"] = levels["worth"] / pico_fit.fit_eagerness(runtime(tables), pictures)[:, None]
    # rounding towards zero changes the histograms
    tables = pico_fit.refit(gaussian, pico_fit.code(runtime(tables), pictures, RateDistortion.of(tables)))
    return _bundle(card, graphs, levels, integers, tables), report


@torch.no_grad()
def with_integer_means(model: Pico) -> Pico:
    """A copy that computes the same, with integer means of the hyper-latents: biases around them absorb the rest.

    Integers are what the scale decoder takes; merely rounding the means would shift its inputs, at 4 % of the rate.
    """
    model = deepcopy(model)
    # z' = z - rest has the integer mean. What reads z_hat' adds W rest to its bias: W z_hat' + W rest = W z_hat
    rest = model.z_mean - model.z_mean.round()
    down, scales, first = model.analysis.down64, model.scale_decoder.first, model.context_decoder.net[0]
    assert isinstance(first, Conv) and scales.bias is not None
    model.z_mean.sub_(rest)
    # the folded bias of a Conv is bias * s_out, its folded kernel weight * s_in * s_out; s_out cancels below
    down.bias.sub_(rest / down.s_out.flatten())
    scales.bias.add_(scales.weight.flatten(1) @ rest)
    first.bias.add_((first.weight * first.s_in).flatten(1) @ rest)
    return model


def account(model: Pico) -> dict[str, Any]:
    """Parameters, and multiply-adds per pixel of what encoder and decoder run."""
    c, side = model.config, COUNTED_SIDE
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


def _folded_macs(module: nn.Module, *inputs: torch.Tensor) -> int:
    """Multiply-adds without those that fold scales and Haar transforms into the kernels: export does that once."""
    folding = sum(macs.count_macs(layer.folded) for layer in module.modules() if isinstance(layer, Conv))
    return macs.count_macs(module, *inputs) - folding


def _start_tables(model: Pico) -> Tables:
    """Gaussian rows, to be refitted to data: 64 for latents, then one for each channel of the hyper-latents."""
    # sigma = SIGMA_MIN * e^(LOG_RATIO * index), within what training allows
    index = model.z_index.detach().clamp(Z_INDEX_MIN, CLASSES - 1).double().numpy()
    z_scales = SIGMA_MIN * np.exp(LOG_RATIO * index)
    return gaussian_tables(np.concatenate([gaussian_scales(), z_scales]))


def _bundle(
    card: Mapping[str, Any], graphs: dict[str, bytes], levels: dict[str, Any], net: IntegerNet, tables: Tables
) -> Bundle:
    arrays = {"levels": levels, "scale_decoder": net.to_arrays(), "tables": tables.to_arrays()}
    return Bundle(card, graphs, arrays)


@torch.no_grad()
def _float_bits(model: Pico, pictures: NDArray[np.uint8]) -> float:
    """Estimated bits of the float model for what `pico_fit.code` codes."""
    total = 0.0
    for number, picture in enumerate(pictures):
        x = torch.as_tensor(extract(picture, pico_fit.whole_tile(pictures)))[None]
        for level in pico_fit.levels_of(number):
            _, steps = forward(model, x, torch.tensor([float(level)]), None)
            total += float(torch.stack(steps).sum())
    return total
