"""pico's networks on ONNX Runtime, CPU.

One thread per session: parallelism is over tiles, so no thread count can change a result.
"""

import threading
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tintype.errors import WeightsError
from tintype.models.onnx_runtime import Session
from tintype.models.pico.check import check, check_natural, require_finite
from tintype.models.pico.integer import IntegerNet
from tintype.models.pico.natural import NaturalModel
from tintype.models.pico.tile_model import Floats, PicoModel
from tintype.pixels import Pixels
from tintype.weights.bundle import Bundle


def load(bundle: Bundle) -> PicoModel:
    """A bundle as a `TileModel` on ONNX Runtime; raises WeightsError if it is not what the export writes."""
    check(bundle)
    return PicoModel(bundle, OnnxNetworks(bundle))


def load_natural(faithful: PicoModel, bundle: Bundle, natural: Bundle) -> NaturalModel:
    """The natural look of a model; raises WeightsError if it is not what the export writes, or of other weights."""
    check_natural(natural, faithful.identity.weights_hash, faithful.gain.shape[1])
    return NaturalModel(faithful, bundle, natural, OnnxSynthesis(natural.graphs))


class OnnxSynthesis:
    """A synthesis among graphs. Sessions are made at first use and shared between threads."""

    def __init__(self, graphs: Mapping[str, bytes]) -> None:
        self._graphs = graphs
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def synthesis(self, y_hat: Floats) -> Pixels:
        return self._run("synthesis", y=y_hat)[0]

    def _run(self, graph: str, **inputs: NDArray[np.float32]) -> list[Floats]:
        """Results (C, h, w) of one graph, for inputs (C, h, w) or vectors."""
        batched = {
            name: np.ascontiguousarray(array[None] if array.ndim == 3 else array, np.float32)
            for name, array in inputs.items()
        }
        return require_finite(graph, [result[0] for result in self._session(graph).run(None, batched)])

    def _session(self, graph: str) -> Session:
        with self._lock:
            if graph not in self._sessions:
                self._sessions[graph] = Session(self._graphs[graph])
            return self._sessions[graph]


class OnnxNetworks(OnnxSynthesis):
    """Networks of a bundle."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle.graphs)
        self._integers = IntegerNet.from_arrays(bundle.arrays["scale_decoder"])

    def analysis(self, pixels: Pixels) -> tuple[Floats, Floats]:
        y, z = self._run("analysis", pixels=pixels)
        return y, z

    def scale_decoder(self, z_hat: Floats, level: int) -> Floats:
        biases = {
            f"level_bias_{i}": layer.biases(level).astype(np.float32)
            for i, layer in enumerate(self._integers.layers)
            if len(layer.level_bias) > 1
        }
        rows = self._run("scale_decoder", z_hat=z_hat, **biases)[0]
        if rows.min() < 0 or rows.max() > self._integers.top:
            raise WeightsError("the weights' scale decoder gives rows that its tables do not have")
        return rows

    def context_decoder(self, z_hat: Floats) -> Floats:
        return self._run("context_decoder", z_hat=z_hat)[0]

    def context_model(self, prior: Floats, y_bar: Floats) -> Floats:
        return self._run("context_model", prior=prior, y_bar=y_bar)[0]
