"""From a pico checkpoint to a bundle in a folder of weights, and its entry in the manifest."""

import hashlib
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np

from tintype.errors import WeightsError
from tintype.models import torch_file
from tintype.models.pico import onnx_engine
from tintype.models.pico.network import SIZES, Pico
from tintype.replacing import staged
from tintype.training.export import readout
from tintype.training.export.pico import export
from tintype.training.objectives.pico import evaluate
from tintype.training.pictures.crops import Pictures, load
from tintype.weights.bundle import SUFFIX, Bundle

MANIFEST = "manifest.json"


def ship(
    state: dict[str, Any],
    data: Path,
    validation: Path,
    name: str,
    out: Path,
    pictures: int = 48,
    hardware: str = "",
    provenance: str = "not recorded",
) -> str:
    """Write the bundle of a checkpoint's state, its readout and its entry in the manifest; returns lines about it.

    Parameters
    ----------
    data, validation : pictures, as for training
    out : folder of the bundle and its manifest
    pictures : number of training pictures that tables are fitted to
    hardware, provenance : for the card: where it was trained, and where the pictures come from
    """
    size = state["config"]["model"]
    if size not in SIZES:
        raise WeightsError(f"the checkpoint holds {size!r}, a model that this version does not know")
    model = Pico(SIZES[size])
    torch_file.fill(model, state["ema"], f"the checkpoint of {size}")
    train = load(data)
    card = {
        "licence": "Apache-2.0",
        "training": trained(state, train, hardware, provenance),
        "validation": evaluate(model, load(validation, 256)),
    }
    chosen = np.array(train[:: max(1, len(train) // pictures)][:pictures])
    bundle, report = export(model, chosen, name, card)
    installed = install(bundle, out)
    seen = np.array(train[:: max(1, len(train) // readout.PICTURES)][: readout.PICTURES])
    readout.write(readout.fit(onnx_engine.load(bundle), seen), bundle.weights_hash(), name, out)
    integer = report.bits_integer / report.bits_float - 1
    return "\n".join(
        (
            f"integer scale decoder and skipped symbols: {integer:+.2%} of the rate",
            f"refitted tables: {report.bits_refitted / report.bits_integer - 1:+.2%}",
            installed,
        )
    )


def trained(state: dict[str, Any], train: Pictures, hardware: str, provenance: str) -> dict[str, Any]:
    """How the weights of a checkpoint's state were trained, for a card."""
    return {
        "steps": state["step"],
        "pixels": state["pixels"],
        "hours": round(state["seconds"] / 3600, 2),
        "hardware": hardware or platform.processor() or platform.machine(),
        "pictures": len(train),
        "provenance": provenance,
        "config": state["config"],
    }


def install(bundle: Bundle, folder: Path) -> str:
    """Write a bundle and its entry in the folder's manifest; returns a line about it."""
    name: str = bundle.card["name"]
    path, manifest = folder / f"{name}{SUFFIX}", folder / MANIFEST
    entries: dict[str, Any] = json.loads(manifest.read_text()) if manifest.exists() else {}
    with staged(folder) as part:
        bundle.write(part / path.name)
    entries[name] = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "weights_hash": bundle.weights_hash().hex(),
    }
    with staged(folder) as part:
        (part / MANIFEST).write_text(json.dumps(entries, indent=1) + "\n")
    return f"{path}: {path.stat().st_size} bytes, weights {bundle.weights_hash().hex()}"
