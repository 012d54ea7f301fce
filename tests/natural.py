"""A natural look for tests: the faithful synthesis with changed weights, for a copy of the shipped bundle."""

from pathlib import Path

import numpy as np
import onnx

from tintype.models.pico.gate import OPEN, TAPS, Gate
from tintype.weights import store
from tintype.weights.bundle import SUFFIX, Bundle

LATENTS = 320
OPENED = Gate(np.zeros((TAPS, LATENTS)), OPEN)  # draws everywhere


def changed(graph: bytes) -> bytes:
    """A graph of the same form whose kernels differ a little."""
    found, rng = onnx.load_from_string(graph), np.random.default_rng(251)
    for constant in found.graph.initializer:
        if len(constant.dims) == 4:
            kernel = onnx.numpy_helper.to_array(constant).astype(np.float32)
            kernel *= 1 + 0.1 * rng.standard_normal(kernel.shape, np.float32)
            constant.CopyFrom(onnx.numpy_helper.from_array(kernel.astype(np.float16), constant.name))
    return found.SerializeToString()


def natural_of(base: Bundle, gate: Gate = OPENED) -> Bundle:
    """The natural look of a bundle."""
    return Bundle(
        {"name": f"{base.card['name']}.natural", "model_id": base.card["model_id"]},
        {"synthesis": changed(base.graphs["synthesis"])},
        {"base": {"weights_hash": np.frombuffer(base.weights_hash(), np.uint8)}, "gate": gate.to_arrays()},
    )


def model_with_natural_look(folder: Path, gate: Gate = OPENED, name: str = "my") -> str:
    """Path of a copy of the default bundle, with a natural look beside it."""
    base, path = store.load(store.DEFAULT), folder / f"{name}{SUFFIX}"
    base.write(path)
    natural_of(base, gate).write(store.natural_path(path))
    return str(path)
