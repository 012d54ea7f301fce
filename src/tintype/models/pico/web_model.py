"""What a decoder in a web browser needs of a bundle, in one file: `web/engine.cpp` reads it.

It has the layers of the decoder's networks as the native engine takes them, in the order in which it takes them. There
are no graphs, nothing of the analysis, and nothing that only encoders use. Numbers are little-endian.

    head       "tintweb" and the version 1, the weights' hash (8 bytes), the model's number, levels, latents and
               hyper-latents (int32)
    levels     gain (float32), rows and means of the hyper-latents (uint16, int8)
    tables     how many rows and values, then cumulative, offsets and first
    scale      how many layers; of each the sizes, then weights (int8), scales (float64) and biases (int32)
    networks   context decoder, context model and synthesis: how many layers, then kind, source and fields of each
    end        CRC-32 of all bytes before it

Real weights are stored with 16 bits where that loses nothing.
"""

import struct
import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tintype.codec.container.header import MODEL_NAMES
from tintype.codec.entropy.tables import Tables
from tintype.errors import UnsupportedError
from tintype.models.pico import native_graph
from tintype.models.pico.check import check
from tintype.models.pico.integer import IntegerNet
from tintype.native import _engine
from tintype.weights.bundle import Bundle

MAGIC = b"tintweb\x01"
NETWORKS = ("context_decoder", "context_model", "synthesis")
KINDS = ("input", "dense", "block", "add", "scale", "concat", "output")
"""Of layers, as the file numbers them."""

Floats = NDArray[np.float32]


def web_model(bundle: Bundle) -> bytes:
    """The file of a bundle.

    Raises
    ------
    WeightsError
        The bundle is not what the export writes.
    UnsupportedError
        Its model is not pico, or its layers are none that the native engine has kernels for.
    """
    number = bundle.card["model_id"]
    if not MODEL_NAMES.get(number, "").startswith("pico-"):
        raise UnsupportedError(f"{bundle.card['name']} is a model of number {number}; browsers decode pico alone")
    check(bundle)
    levels = bundle.arrays["levels"]
    out = MAGIC + bundle.weights_hash() + _numbers(number, *levels["gain"].shape, len(levels["z_rows"]))
    out += _array(levels["gain"], "<f4") + _array(levels["z_rows"], "<u2") + _array(levels["z_mean"], "i1")
    out += _tables(Tables.from_arrays(bundle.arrays["tables"]))
    try:
        out += _scale_decoder(IntegerNet.from_arrays(bundle.arrays["scale_decoder"]), len(levels["gain"]))
        out += b"".join(_network(name, bundle.graphs[name]) for name in NETWORKS)
    except (KeyError, ValueError) as error:
        name = bundle.card["name"]
        raise UnsupportedError(f"the engine in browsers cannot run the weights {name!r}: {error}") from error
    return out + struct.pack("<I", zlib.crc32(out))


def _numbers(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}i", *values)


def _array(values: NDArray[Any], dtype: str) -> bytes:
    return np.ascontiguousarray(values, dtype).tobytes()


def _floats(values: NDArray[Any]) -> bytes:
    """How many bytes each has, and all of them."""
    whole = np.ascontiguousarray(values, "<f4")
    with np.errstate(over="ignore"):  # what becomes infinite is not the same
        half = whole.astype("<f2")
    return b"\x02" + half.tobytes() if (half == whole).all() else b"\x04" + whole.tobytes()


def _tables(tables: Tables) -> bytes:
    arrays = _array(tables.cumulative, "<i4") + _array(tables.offsets, "<i4") + _array(tables.first, "<i2")
    return _numbers(len(tables), len(tables.cumulative)) + arrays


def _scale_decoder(net: IntegerNet, levels: int) -> bytes:
    layers = _IntegerLayers()
    native_graph.add_integer_layers(net, layers)
    of_levels = [native_graph.integer_biases(net, level) for level in range(levels)]
    out = _numbers(len(layers.parts))
    for number, (part, layer) in enumerate(zip(layers.parts, net.layers, strict=True)):
        biases = np.stack([biases[number] for biases in of_levels[: len(layer.level_bias)]])  # (levels or 1, outputs)
        out += _numbers(part.weights.shape[0], part.weights.shape[1], len(biases), part.channels, part.top)
        out += bytes([part.around, part.shuffled])
        out += _array(part.weights, "i1") + _array(part.scales, "<f8") + _array(biases, "<i4")
    return out


def _network(name: str, graph: bytes) -> bytes:
    layers = _Layers()
    native_graph.add_layers(name, graph, layers)
    return _numbers(len(layers.parts)) + b"".join(layers.parts)


class _IntegerLayer(NamedTuple):
    weights: NDArray[np.int16]
    scales: NDArray[np.float64]
    top: int
    channels: int
    around: bool
    shuffled: bool


class _IntegerLayers(_engine.Integers):
    """The engine's network, which checks its layers, and keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[_IntegerLayer] = []

    def layer(
        self,
        weights: NDArray[np.int16],
        scales: NDArray[np.float64],
        top: int,
        channels: int,
        around: bool,
        shuffled: bool,
        /,
    ) -> None:
        super().layer(weights, scales, top, channels, around, shuffled)
        self.parts.append(_IntegerLayer(weights, scales, top, channels, around, shuffled))


class _Layers(_engine.Network):
    """Likewise, for the networks of floats: each layer as the bytes of the file."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[bytes] = []

    def _keep(self, kind: str, source: int, *fields: bytes) -> None:
        self.parts.append(bytes([KINDS.index(kind)]) + _numbers(source) + b"".join(fields))

    def input(self, channels: int, /) -> int:
        self._keep("input", channels)
        return super().input(channels)

    def pixels(self, offset: float, /) -> int:
        raise ValueError("a network of the decoder reads pixels")

    def dense(
        self,
        at: int,
        weights: Floats,
        biases: Floats,
        shape: _engine.Shape,
        channels: int,
        slope: float,
        /,
    ) -> int:
        sizes = _numbers(*weights.shape, channels) + struct.pack("<Bf", shape.value, slope)
        self._keep("dense", at, sizes, _floats(weights), _floats(biases))
        return super().dense(at, weights, biases, shape, channels, slope)

    def block(
        self,
        at: int,
        taps: Floats,
        tap_biases: Floats,
        expand: Floats,
        expand_biases: Floats,
        project: Floats,
        project_biases: Floats,
        slope: float,
        narrow: bool,
        /,
    ) -> int:
        arrays = (taps, tap_biases, expand, expand_biases, project, project_biases)
        sizes = _numbers(*project.shape) + struct.pack("<Bf", narrow, slope)
        self._keep("block", at, sizes, *map(_floats, arrays))
        return super().block(at, *arrays, slope, narrow)

    def add(self, a: int, b: int, /) -> int:
        self._keep("add", a, _numbers(b))
        return super().add(a, b)

    def scale(self, at: int, factor: float, /) -> int:
        self._keep("scale", at, struct.pack("<f", factor))
        return super().scale(at, factor)

    def concat(self, a: int, b: int, /) -> int:
        self._keep("concat", a, _numbers(b))
        return super().concat(a, b)

    def output(self, at: int, planes: bool = True) -> None:
        self._keep("output", at, bytes([planes]))
        super().output(at, planes)
