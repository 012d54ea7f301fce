"""pico's networks on the native engine: one thread per tile, the same bits on every machine.

docs/decisions/0026-pico-runs-on-integers-of-16-bits.md says how it computes.
"""

import threading
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tintype.models.pico import native_graph
from tintype.models.pico.check import check, check_natural, require_finite
from tintype.models.pico.integer import IntegerNet
from tintype.models.pico.natural import NaturalModel
from tintype.models.pico.tile_model import Floats, PicoModel
from tintype.native import _engine
from tintype.pixels import Pixels
from tintype.weights.bundle import Bundle


def load(bundle: Bundle) -> PicoModel:
    """A bundle as a `TileModel` on the native engine; raises WeightsError if it is not what the export writes."""
    check(bundle)
    return PicoModel(bundle, NativeNetworks(bundle))


def load_natural(faithful: PicoModel, bundle: Bundle, natural: Bundle) -> NaturalModel:
    """The natural look of a model; raises WeightsError if it is not what the export writes, or of other weights."""
    check_natural(natural, faithful.identity.weights_hash, faithful.gain.shape[1])
    return NaturalModel(faithful, bundle, natural, NativeSynthesis(natural.graphs))


class NativeSynthesis:
    """A synthesis among graphs. Weights are packed at first use and shared between threads.

    Parameters
    ----------
    instruction_set : one of `_engine.instruction_sets()`; default: the fastest of this machine. It changes no result
    """

    def __init__(self, graphs: Mapping[str, bytes], instruction_set: str = "") -> None:
        self._graphs, self._set = graphs, instruction_set
        self._networks: dict[str, _engine.Network] = {}
        self._lock = threading.Lock()

    def synthesis(self, y_hat: Floats) -> Pixels:
        return self._run("synthesis", y_hat)[0]

    def _run(self, graph: str, *inputs: Floats) -> list[Floats]:
        """Results (C, h, w) of one graph, for inputs (C, h, w)."""
        with self._lock:
            network = self._networks.get(graph)
            if network is None:
                network = self._networks[graph] = native_graph.network(graph, self._graphs[graph], self._set)
        try:
            results = network.run([np.ascontiguousarray(each, np.float32) for each in inputs])
        except MemoryError as error:
            raise MemoryError("the native engine could not allocate what a tile needs") from error
        return require_finite(graph, results)


class NativeNetworks(NativeSynthesis):
    """Networks of a bundle."""

    def __init__(self, bundle: Bundle, instruction_set: str = "") -> None:
        super().__init__(bundle.graphs, instruction_set)
        self._net = IntegerNet.from_arrays(bundle.arrays["scale_decoder"])
        self._integers: _engine.Integers | None = None

    def analysis(self, pixels: Pixels) -> tuple[Floats, Floats]:
        y, z = self._run("analysis", pixels)
        return y, z

    def scale_decoder(self, z_hat: Floats, level: int) -> NDArray[np.uint16]:
        with self._lock:
            if self._integers is None:
                self._integers = native_graph.integers(self._net, self._set)
        biases = native_graph.integer_biases(self._net, level)
        # the last layer clamps to rows that the tables have: `check` looked
        return self._integers.run(np.ascontiguousarray(z_hat, np.int16), biases, [len(bias) for bias in biases])

    def context_decoder(self, z_hat: Floats) -> Floats:
        return self._run("context_decoder", z_hat)[0]

    def context_model(self, prior: Floats, y_bar: Floats) -> Floats:
        return self._run("context_model", prior, y_bar)[0]
