"""pico's engines side by side, and what each layer of the native one reaches.

    python -m benchmarks.engine [--model NAME] [--side 512] [--repeats 15] [--instruction-set NAME]

CPU time of one thread for one square tile: the least of all repetitions, which alternate between the engines. Prints
two Markdown tables. In the second, each layer is compared with the fastest product of its precision that the same run
finds: its data stay in the first two caches.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.speed import processor
from tintype.evaluation.results.markdown import table
from tintype.models.pico import native_graph
from tintype.models.pico.native_engine import NativeNetworks
from tintype.models.pico.onnx_engine import OnnxNetworks
from tintype.native._engine import LANE, Network, Shape, instruction_sets
from tintype.weights import store

Arrays = Sequence[np.ndarray]
RUNS = {Shape.DOWN: 4, Shape.AROUND: 9, Shape.PICTURE: 9}  # places that an output reads
SCALES = {Shape.DOWN: 0.5, Shape.UP: 2.0, Shape.PICTURE: 4.0}  # of a map's sides


class Layer(NamedTuple):
    """A dense layer or a block."""

    name: str
    inputs: int  # padded channels
    side: int  # of the map that it reads
    macs: int
    add: Callable[[Network, int], int]
    narrow: bool  # computes with 8 bits


class Recorder:
    """Stands in for a `Network`, to note its layers and the sizes of their maps."""

    def __init__(self, side: int) -> None:
        self.side, self.maps, self.layers = side, list[tuple[int, float]](), list[Layer]()

    def _map(self, channels: int, side: float) -> int:
        self.maps.append((-(-channels // LANE) * LANE, side))
        return len(self.maps) - 1

    def input(self, channels: int) -> int:
        return self._map(channels, self.side)

    def pixels(self, offset: float) -> int:
        return self._map(48, self.side / 4)

    def dense(self, at: int, weights: Any, biases: Any, shape: Shape, channels: int, slope: float) -> int:
        inputs, side = self.maps[at]
        places = (side / 2 if shape == Shape.DOWN else side) ** 2
        name = f"{shape.name.lower()} {inputs} to {channels}"

        def add(network: Network, source: int) -> int:
            return network.dense(source, weights, biases, shape, channels, slope)

        self.layers.append(Layer(name, inputs, int(side), int(places * weights.size), add, narrow=False))
        return self._map(channels, side * SCALES.get(shape, 1))

    def block(self, at: int, *weights: Any) -> int:
        inputs, side = self.maps[at]
        narrow = weights[-1]
        macs = int(side**2 * (weights[0].size + weights[2].size + weights[4].size))
        name = f"block {inputs}, {8 if narrow else 13} bits"
        self.layers.append(
            Layer(name, inputs, int(side), macs, lambda network, source: network.block(source, *weights), narrow)
        )
        return self._map(inputs, side)

    def add(self, a: int, b: int) -> int:
        return self._map(*self.maps[a])

    def scale(self, at: int, factor: float) -> int:
        return self._map(*self.maps[at])

    def concat(self, a: int, b: int) -> int:
        return self._map(self.maps[a][0] + self.maps[b][0], self.maps[a][1])

    def output(self, at: int, planes: bool = True) -> None:
        """Nothing to note."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=store.DEFAULT, help="shipped weights or a .tintmodel file")
    parser.add_argument("--side", type=int, default=512, help="of the tile, a multiple of 64")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--instruction-set", default=instruction_sets()[0], choices=instruction_sets())
    options = parser.parse_args()
    bundle, name = store.load(options.model), options.instruction_set
    print(f"{processor()}, one thread, {options.model}, tiles of {options.side}, native engine with {name}\n")

    graphs = {graph: layers_of(graph, bundle.graphs[graph], options.side) for graph in inputs_of(options.side)}
    engines = {"native": NativeNetworks(bundle, name), "ONNX Runtime": OnnxNetworks(bundle)}
    lines = []
    for graph, arrays in inputs_of(options.side).items():
        calls = [lambda e=engine, g=graph, a=arrays: getattr(e, g)(*a) for engine in engines.values()]
        native, onnx = least(calls, options.repeats)
        macs = sum(layer.macs for layer in graphs[graph])
        lines.append(
            (graph, *(f"{1e3 * t:.1f}" for t in (native, onnx)), f"{macs / native / 1e9:.0f}", f"{native / onnx:.2f}")
        )
    print(table(("graph", "native, ms", "ONNX Runtime, ms", "native, GMAC/s", "ratio"), lines), end="\n\n")

    best = {narrow: fastest_product(narrow) for narrow in (False, True)}
    peak = {narrow: layer.macs / seconds_of(layer, name, options.repeats) for narrow, layer in best.items()}
    lines = [
        (layer.name, f"{layer.macs / 1e6:.0f}", "", f"{peak[layer.narrow] / 1e9:.0f}", "") for layer in best.values()
    ]
    for graph, layers in graphs.items():
        for (title, side), count in Counter((layer.name, layer.side) for layer in layers).items():
            layer = next(each for each in layers if (each.name, each.side) == (title, side))
            rate = layer.macs / (seconds := seconds_of(layer, name, options.repeats))
            title = f"{graph}: {count} x {title} at {side}"
            cells = (f"{layer.macs / 1e6:.0f}", f"{1e3 * seconds:.2f}", f"{rate / 1e9:.0f}")
            lines.append((title, *cells, f"{100 * rate / peak[layer.narrow]:.0f} %"))
    print(table(("layer", "million MACs", "ms each", "GMAC/s", "of the fastest product"), lines))


def fastest_product(narrow: bool) -> Layer:
    """A layer of which nearly all is one product: of 16 bits, or those of a block of 8."""
    square = np.random.default_rng(1).normal(0, 0.1, (512, 512)).astype(np.float32)
    bias, taps = square[0], np.zeros(9 * 512, np.float32)
    if narrow:
        return Layer(
            "block of 512, 8 bits, at 16",
            512,
            16,
            2 * 256 * square.size,
            lambda network, source: network.block(source, taps, bias, square, bias, square, bias, 0.1, True),
            narrow,
        )
    return Layer(
        "product of 512 by 512, 13 bits, at 16",
        512,
        16,
        256 * square.size,
        lambda network, source: network.dense(source, square, bias, Shape.PLAIN, 512, 1.0),
        narrow,
    )


def inputs_of(side: int) -> dict[str, Arrays]:
    """Something for each graph of floats."""
    rng = np.random.default_rng(251)
    fine, coarse = (side // 16, side // 16), (side // 64, side // 64)
    y = rng.normal(0, 12, (320, *fine)).astype(np.float32)
    return {
        "analysis": [rng.random((3, side, side), np.float32)],
        "context_decoder": [rng.integers(-3, 4, (96, *coarse)).astype(np.float32)],
        "context_model": [rng.normal(0, 1, (640, *fine)).astype(np.float32), y],
        "synthesis": [y],
    }


def layers_of(name: str, graph: bytes, side: int) -> list[Layer]:
    """All layers of a graph that compute products."""
    stride = {"analysis": 1, "context_decoder": 64}.get(name, 16)
    recorder: Any = Recorder(side // stride)
    native_graph.add_layers(name, graph, recorder)
    layers: list[Layer] = recorder.layers
    return layers


def seconds_of(layer: Layer, instruction_set: str, repeats: int) -> float:
    """Time of a layer alone: of a network with four of it, less that of one with a single one, by three."""
    rng = np.random.default_rng(2)
    array = rng.normal(0, 1, (layer.inputs, layer.side, layer.side)).astype(np.float32)
    networks = [Network(instruction_set) for _ in range(2)]
    for network, count in zip(networks, (4, 1), strict=True):
        source = network.input(layer.inputs)
        head = rng.normal(0, 0.1, (LANE, layer.inputs)).astype(np.float32)
        for _ in range(count):
            layer.add(network, source)  # runs, though nothing reads what it gives
        network.output(network.dense(source, head, head[:, 0].copy(), Shape.PLAIN, LANE, 1.0))
    four, one = least([lambda n=network: n.run([array]) for network in networks], repeats)
    return (four - one) / 3


def least(calls: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Least CPU time of each call, in turns."""
    found = [float("inf")] * len(calls)
    for _ in range(repeats + 1):  # the first makes what is made once
        for i, call in enumerate(calls):
            begin = time.process_time()
            call()
            found[i] = min(found[i], time.process_time() - begin)
    return found


if __name__ == "__main__":
    main()
