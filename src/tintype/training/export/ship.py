"""`python -m tintype.training.export.ship RUN --data PICTURES`: put a trained checkpoint into the package.

Writes the bundle beside the shipped weights and its entry in the manifest, and prints what the integer scale decoder
and the refitted tables change.
"""

import argparse
import hashlib
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tintype.models.pico.network import SIZES, Pico
from tintype.training import checkpoint
from tintype.training.export.pico import export
from tintype.training.objectives.pico import evaluate
from tintype.training.pictures.crops import load
from tintype.weights.bundle import SUFFIX, Bundle
from tintype.weights.store import FOLDER


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tintype.training.export.ship", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the checkpoint")
    parser.add_argument("--data", type=Path, required=True, help="training pictures (folder or packed .npy)")
    parser.add_argument("--validation", type=Path, required=True, help="256x256 crops (folder or packed .npy)")
    parser.add_argument("--pictures", type=int, default=48, help="training pictures that tables are fitted to")
    parser.add_argument("--name", default="pico-s-dev")
    parser.add_argument("--hardware", default=platform.processor() or platform.machine())
    parser.add_argument("--provenance", default="not recorded", help="where the training pictures come from")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the bundle and its manifest")
    options = parser.parse_args(arguments)

    state, _ = checkpoint.load(options.run)
    model = Pico(SIZES[state["config"]["model"]])
    model.load_state_dict(state["ema"])
    train = load(options.data)
    card = {
        "licence": "Apache-2.0",
        "training": {
            "steps": state["step"],
            "pixels": state["pixels"],
            "hours": round(state["seconds"] / 3600, 2),
            "hardware": options.hardware,
            "pictures": len(train),
            "provenance": options.provenance,
            "config": state["config"],
        },
        "validation": evaluate(model, load(options.validation, 256)),
    }
    chosen = np.array(train[:: max(1, len(train) // options.pictures)][: options.pictures])
    bundle, report = export(model, chosen, options.name, card)
    print(f"integer scale decoder and skipped symbols: {report.bits_integer / report.bits_float - 1:+.2%} of the rate")
    print(f"refitted tables: {report.bits_refitted / report.bits_integer - 1:+.2%}")
    install(bundle, options.out)


def install(bundle: Bundle, folder: Path) -> None:
    """Write a bundle and its entry in the folder's manifest."""
    name: str = bundle.card["name"]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}{SUFFIX}"
    bundle.write(path)
    manifest = folder / "manifest.json"
    entries: dict[str, Any] = json.loads(manifest.read_text()) if manifest.exists() else {}
    entries[name] = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "weights_hash": bundle.weights_hash().hex(),
    }
    manifest.write_text(json.dumps(entries, indent=1) + "\n")
    print(f"{path}: {path.stat().st_size} bytes, weights {bundle.weights_hash().hex()}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
