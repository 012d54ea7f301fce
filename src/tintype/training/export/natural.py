"""From a checkpoint of `pico_s_natural` to the natural look of a bundle: a file beside it, and its manifest entry."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tintype.errors import UsageError, WeightsError
from tintype.models.pico import onnx_engine
from tintype.models.pico.gate import Gate
from tintype.models.pico.layers import Conv
from tintype.models.pico.network import SIZES, Pico, Synthesis
from tintype.models.pico.onnx_graph import trace
from tintype.replacing import staged
from tintype.training.export.ship import MANIFEST, trained
from tintype.training.objectives.natural import NATURAL, natural_of
from tintype.training.objectives.pico import evaluate
from tintype.training.pictures.crops import load
from tintype.weights import store
from tintype.weights.bundle import Bundle

SAME = 2e-3  # of the largest value: half-precision copies differ by 2e-4, states of one run by 2e-2


def is_natural(state: dict[str, Any]) -> bool:
    """Whether a checkpoint's state has a natural synthesis."""
    return any(name.startswith(NATURAL) for name in state["ema"])


def ship(
    state: dict[str, Any],
    base: str,
    gate: Path,
    data: Path,
    validation: Path,
    out: Path,
    share: float = 1.0,
    hardware: str = "",
    provenance: str = "not recorded",
) -> str:
    """Write the natural look and, where the folder's manifest has the bundle, an entry; returns a line about it.

    Parameters
    ----------
    base : bundle that it belongs to, by name or path
    gate : file that `tintype.training.export.gate` wrote for these weights
    data, validation : pictures, as for training
    out : folder of the bundle
    share : how far its weights lie from the faithful ones, 0, to those of the run, 1 (`between`)
    hardware, provenance : for the card, as for a bundle

    Raises
    ------
    UsageError
        The share is not above 0 and at most 1.
    WeightsError
        The run began from other weights than those of the bundle, or the gate is of others or is none.
    """
    if not 0 < share <= 1:
        raise UsageError(f"--share {share:g}: must be above 0 and at most 1")
    bundle = store.load(base)
    size = state["config"]["model"]
    require_same_start(state, bundle)
    model = natural_of(state["ema"], SIZES[size]).float().eval()
    between(faithful_of(state), model.synthesis, share)
    fitted = read_gate(gate, bundle)
    card = {
        "licence": "Apache-2.0",
        "training": {**trained(state, load(data), hardware, provenance), "share": share},
        "validation": evaluate(model, load(validation, 256)),
    }
    return install(export(model, bundle, fitted, card), base, out)


def export(model: Pico, base: Bundle, gate: Gate, card: dict[str, Any]) -> Bundle:
    """The natural look of a bundle.

    Parameters
    ----------
    model : whose synthesis is the natural one, float32, on the CPU
    card : added to what is known here
    """
    weights_hash = base.weights_hash()
    about = {"name": f"{base.card['name']}.natural", "model_id": base.card["model_id"], "base": weights_hash.hex()}
    return Bundle(
        {**about, **card},
        {"synthesis": trace(model.synthesis, {"y": model.config.latents}, ("pixels",))},
        {"base": {"weights_hash": np.frombuffer(weights_hash, np.uint8)}, "gate": gate.to_arrays()},
    )


def install(natural: Bundle, base: str, folder: Path) -> str:
    """Write the file for a bundle of this name or path; returns a line about it."""
    path, manifest = folder / store.natural_path(base).name, folder / MANIFEST
    with staged(folder) as part:
        natural.write(part / path.name)
    entries: dict[str, Any] = json.loads(manifest.read_text()) if manifest.exists() else {}
    entry = entries.get(path.name.removesuffix(store.NATURAL), {})
    if entry.get("weights_hash") == natural.arrays["base"]["weights_hash"].tobytes().hex():
        entry["natural_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        with staged(folder) as part:
            (part / MANIFEST).write_text(json.dumps(entries, indent=1) + "\n")
    return f"{path}: {path.stat().st_size} bytes, the natural look of {base}"


def read_gate(path: Path, bundle: Bundle) -> Gate:
    """The gate that was fitted to a bundle; raises WeightsError if the file holds no gate, or that of others."""
    try:
        with zipfile.ZipFile(path) as _, np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("weights_hash", "weight", "bias")}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{path}: no gate ({error}); fit one by python -m tintype.training.export.gate") from error
    if arrays["weights_hash"].tobytes() != bundle.weights_hash():
        raise WeightsError(f"{path}: fitted to other weights than those of {bundle.card['name']}; fit it again")
    return Gate.of(arrays)


def faithful_of(state: dict[str, Any]) -> Synthesis:
    """The faithful synthesis of a run, which did not learn."""
    prefix = "synthesis."
    weights = {name.removeprefix(prefix): each for name, each in state["ema"].items() if name.startswith(prefix)}
    synthesis = Synthesis(SIZES[state["config"]["model"]])
    synthesis.load_state_dict(weights)
    return synthesis.float().eval()


@torch.no_grad()
def between(faithful: Synthesis, natural: Synthesis, share: float) -> None:
    """Move the natural synthesis to a place between both, in place: kernels as they are folded, so scales become 1.

    Weights between those of a network and of a fine-tuned copy often keep what the copy learned and lose less of the
    rest (Wortsman et al. 2022, arXiv 2109.01903).
    """
    for start, end in zip(faithful.modules(), natural.modules(), strict=True):
        if isinstance(start, Conv) and isinstance(end, Conv):
            for layer in (start, end):
                layer.weight.mul_(layer.s_in * layer.s_out)
                layer.bias.mul_(layer.s_out.flatten())
                layer.s_in.fill_(1)
                layer.s_out.fill_(1)
            end.weight.lerp_(start.weight, 1 - share)
            end.bias.lerp_(start.bias, 1 - share)


def require_same_start(state: dict[str, Any], bundle: Bundle) -> None:
    """That the faithful synthesis of a run is that of a bundle."""
    config, faithful = SIZES[state["config"]["model"]], faithful_of(state)
    y_hat = np.random.default_rng(0).normal(0, 3, (config.latents, 4, 4)).astype(np.float32)
    pixels = (
        onnx_engine.OnnxSynthesis({"synthesis": graph}).synthesis(y_hat)
        for graph in (
            trace(faithful, {"y": config.latents}, ("pixels",)),
            bundle.graphs["synthesis"],
        )
    )
    found, expected = pixels
    if np.abs(found - expected).max() > SAME * np.abs(expected).max():
        raise WeightsError(
            f"the run began from other weights than those of {bundle.card['name']}, so its latents are others; "
            "name the bundle that was exported from the run's start (--base)"
        )
