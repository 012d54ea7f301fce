"""Networks of a bundle as layers of the native engine.

The engine has one kernel where a graph has several nodes: a residual block, a convolution with its activation, a
convolution with its pixel shuffle. Nodes that such a kernel covers are found first; then layers are made in the order
of the nodes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tintype.errors import UnsupportedError
from tintype.models import onnx_wire
from tintype.models.pico.graph_check import NUMBERS
from tintype.models.pico.integer import IntegerNet
from tintype.native import _engine

Floats = NDArray[np.float32]
Places = NDArray[np.intp]  # where channels stand among padded ones

_KERNELS = {  # by the side of a convolution's kernel
    1: _engine.Shape.PLAIN,
    2: _engine.Shape.DOWN,
    3: _engine.Shape.AROUND,
}
NARROW: Mapping[str, frozenset[int]] = {"analysis": frozenset({96, 160, 256}), "synthesis": frozenset({192})}
"""Channels of the blocks that compute with 8 bits, by graph: those of pico-s that lose nothing by it.

The decision record 0026 has the figures, and those of other blocks.
"""

PRIORS = frozenset({"context_decoder", "context_model"})
"""Graphs whose results keep the channels of a pixel side by side: what reads them works pixel by pixel."""

_SQUARE = 4  # side in pixels of what one place of the finest map covers


class _Map(NamedTuple):
    """A map of the engine."""

    number: int
    places: Places  # of its channels
    width: int  # channels with the padding


class _Node(NamedTuple):
    operator: str
    inputs: Sequence[str]
    output: str
    attributes: Mapping[str, Any]


def network(
    name: str, graph: bytes, instruction_set: str = "", narrow: frozenset[int] | None = None
) -> _engine.Network:
    """A graph that `graph_check` let pass, as a network. Inputs and results are (C, h, w), in the graph's order.

    Parameters
    ----------
    narrow : channels of the blocks that compute with 8 bits; None: those of `NARROW`

    Raises
    ------
    UnsupportedError
        The graph has nodes in an order that the engine has no kernels for, or layers that are too large for them.
    """
    made = _engine.Network(instruction_set)
    try:
        add_layers(name, graph, made, narrow)
    except (KeyError, ValueError) as error:
        raise UnsupportedError(
            f"the native engine cannot run the graph {name!r} of these weights ({error}); "
            "TINTYPE_ENGINE=onnx chooses ONNX Runtime, of tintype[onnx]"
        ) from error
    return made


def add_layers(name: str, graph: bytes, made: _engine.Network, narrow: frozenset[int] | None = None) -> None:
    """Add the layers of a graph to a network; raises KeyError or ValueError where the engine has none for a node."""
    narrow = NARROW.get(name, frozenset()) if narrow is None else narrow
    _Translation(onnx_wire.read(graph)["graph"], made, narrow).run(planes=name not in PRIORS)


class _Translation:
    """Makes one network."""

    def __init__(self, graph: Mapping[str, Any], made: _engine.Network, narrow: frozenset[int]) -> None:
        self.made, self.narrow, self.outputs = made, narrow, [each["name"] for each in graph["outputs"]]
        self.constants = {each["name"]: _constant(each) for each in graph["constants"]}
        self.nodes: dict[str, _Node] = {}  # by what they give, in order, without casts of constants
        for node in graph["nodes"]:
            (output,) = node["outputs"]
            if node["operator"] == "Cast" and node["inputs"][0] in self.constants:
                self.constants[output] = self.constants[node["inputs"][0]]
            else:
                self.nodes[output] = _Node(node["operator"], node["inputs"], output, _attributes(node))
        self.readers = Counter(name for node in self.nodes.values() for name in node.inputs)
        self.maps: dict[str, _Map] = {}
        for each in graph["inputs"]:
            channels = each["type"]["tensor"]["shape"]["dims"][1]["size"]
            if channels != 3:  # pixels are read by the node that makes squares of them
                self.maps[each["name"]] = _Map(made.input(channels), np.arange(channels), _padded(channels))

    def run(self, planes: bool) -> None:
        """All layers, and what of them are results, as planes or not."""
        blocks = {name: block for name in self.nodes if (block := self._block(name))}
        covered = {node.output for block in blocks.values() for node in block[:-1]}
        covered |= {name for node in self.nodes.values() for name in self._covered(node)}
        for name, node in self.nodes.items():
            if name in blocks:
                self.maps[name] = self._make_block(*blocks[name])
            elif name not in covered:
                self.maps[name] = self._make(node)
        for name in self.outputs:
            self.made.output(self.maps[name].number, planes)

    def _single(self, name: str, operator: str) -> _Node | None:
        """The node that gives a value, if it is of this operator and one other node reads it."""
        node = self.nodes.get(name)
        return node if node and node.operator == operator and self.readers[name] == 1 else None

    def _block(self, name: str) -> tuple[_Node, ...] | None:
        """Nodes of a residual block that ends here: depthwise, expand, activation, project, sum."""
        last = self.nodes[name]
        chain = [last]
        at = last.inputs[1] if last.operator == "Add" else ""
        for operator in ("Conv", "LeakyRelu", "Conv", "Conv"):
            node = self._single(at, operator)
            if node is None:
                return None
            chain.append(node)
            at = node.inputs[0]
        depthwise = chain[-1]
        grouped = depthwise.attributes.get("group", 1) > 1 and self.constants[depthwise.inputs[1]].shape[1] == 1
        return tuple(reversed(chain)) if grouped and at == last.inputs[0] else None

    def _covered(self, node: _Node) -> Sequence[str]:
        """Inputs of a node that its own kernel makes."""
        if node.operator in ("LeakyRelu", "DepthToSpace") and self._single(node.inputs[0], "Conv"):
            return [node.inputs[0]]
        if node.operator == "SpaceToDepth" and self._single(node.inputs[0], "Sub"):
            return [node.inputs[0]]
        picture = self._picture(node)
        return [picture.output, picture.inputs[0]] if picture else []

    def _picture(self, node: _Node) -> _Node | None:
        """The pixel shuffle to full resolution, if a node adds a constant to it."""
        shuffle = self._single(node.inputs[0], "DepthToSpace") if node.operator == "Add" else None
        return shuffle if shuffle and shuffle.attributes["blocksize"] == _SQUARE else None

    def _make(self, node: _Node) -> _Map:
        match node.operator:
            case "Identity":
                return self.maps[node.inputs[0]]
            case "Conv":
                return self._make_dense(node)
            case "LeakyRelu":
                return self._make_dense(self.nodes[node.inputs[0]], slope=node.attributes["alpha"])
            case "DepthToSpace":
                return self._make_dense(self.nodes[node.inputs[0]], shuffle=node.attributes["blocksize"])
            case "SpaceToDepth":
                return self._make_squares(self.nodes[node.inputs[0]])
            case "Concat":
                a, b = (self.maps[name] for name in node.inputs)
                return _Map(
                    self.made.concat(a.number, b.number), np.append(a.places, a.width + b.places), a.width + b.width
                )
        if picture := self._picture(node):
            return self._make_dense(self.nodes[picture.inputs[0]], shuffle=_SQUARE, offset=self._number(node.inputs[1]))
        return self._make_pointwise(node)

    def _make_pointwise(self, node: _Node) -> _Map:
        a, b = node.inputs
        if node.operator == "Add":
            one, other = self.maps[a], self.maps[b]
            return one._replace(number=self.made.add(one.number, other.number))
        if node.operator == "Mul" and a in self.constants:
            a, b = b, a
        power = {"Mul": 1, "Div": -1}[node.operator]
        one, factor = self.maps[a], self._number(b)
        if factor == 0:
            raise ValueError("a map is multiplied or divided by zero")
        return one._replace(number=self.made.scale(one.number, factor**power))

    def _make_squares(self, node: _Node) -> _Map:
        """Squares of pixels as channels, less a constant."""
        number = self.made.pixels(-self._number(node.inputs[1]))
        places = np.arange(3 * _SQUARE**2).reshape(3, -1)  # (colour, place) here, (place, colour) in the graph
        return _Map(number, places.T.reshape(-1), places.size)

    def _make_dense(self, node: _Node, slope: float = 1, shuffle: int = 1, offset: float = 0) -> _Map:
        weight, bias = (self.constants[name] for name in node.inputs[1:])  # (K, C, y, x), (K,)
        shape = {1: _KERNELS[weight.shape[2]], 2: _engine.Shape.UP, _SQUARE: _engine.Shape.PICTURE}[shuffle]
        source = self.maps[node.inputs[0]]
        if node.attributes.get("group", 1) > 1 or (shape == _engine.Shape.UP) > (weight.shape[2] == 1):
            raise ValueError("a convolution in groups or before a pixel shuffle stands where none is expected")
        channels = len(weight) // shuffle**2
        rows = np.arange(len(weight)) if shape == _engine.Shape.PICTURE else shuffled(channels, shuffle)
        outputs = len(weight) if shape == _engine.Shape.PICTURE else shuffle**2 * _padded(channels)
        matrix = spread(weight, rows, outputs, source.places, source.width)
        biases = _at(bias + np.float32(offset), rows, outputs)
        number = self.made.dense(source.number, matrix, biases, shape, channels, slope)
        return _Map(number, np.arange(channels), _padded(channels))

    def _make_block(self, depthwise: _Node, expand: _Node, act: _Node, project: _Node, last: _Node) -> _Map:
        source = self.maps[last.inputs[0]]
        taps, tap_bias, wide, wide_bias, narrow, narrow_bias = (
            self.constants[name] for node in (depthwise, expand, project) for name in node.inputs[1:]
        )
        hidden, places, width = np.arange(len(wide)), source.places, source.width
        number = self.made.block(
            source.number,
            _at(taps.reshape(len(taps), -1).T, places, width, axis=1).reshape(-1),
            _at(tap_bias, places, width),
            spread(wide, hidden, _padded(len(wide)), places, width),
            _at(wide_bias, hidden, _padded(len(wide))),
            spread(narrow, places, width, hidden, _padded(len(wide))),
            _at(narrow_bias, places, width),
            act.attributes["alpha"],
            len(places) in self.narrow,
        )
        return source._replace(number=number)

    def _number(self, name: str) -> float:
        return float(self.constants[name].reshape(()))


def integers(net: IntegerNet, instruction_set: str = "") -> _engine.Integers:
    """The exact part as the engine runs it.

    Raises
    ------
    UnsupportedError
        Its integers, or its layers, are too large for the engine's kernels.
    """
    made = _engine.Integers(instruction_set)
    try:
        add_integer_layers(net, made)
    except ValueError as error:
        raise UnsupportedError(
            f"the native engine cannot run the scale decoder of these weights ({error}); "
            "TINTYPE_ENGINE=onnx chooses ONNX Runtime, of tintype[onnx]"
        ) from error
    return made


def add_integer_layers(net: IntegerNet, made: _engine.Integers) -> None:
    """Add the layers of an integer network; raises ValueError where the engine has no kernels for one."""
    inputs = net.inputs
    for layer in net.layers:
        if layer.input_top >= 2**15:
            raise ValueError(f"integers up to {layer.input_top}")
        rows, outputs = shuffled(layer.outputs, layer.shuffle), layer.shuffle**2 * _padded(layer.outputs)
        made.layer(
            spread(layer.weight.astype(np.int16), rows, outputs, np.arange(inputs), _padded(inputs)),
            _at(np.ldexp(layer.multiplier.astype(np.float64), -layer.shift), rows, outputs),
            layer.top,
            layer.outputs,
            layer.weight.shape[-1] == 3,
            layer.shuffle == 2,
        )
        inputs = layer.outputs


def integer_biases(net: IntegerNet, level: int) -> list[NDArray[np.int32]]:
    """Biases of a level as `Integers.run` takes them."""
    return [
        _at(layer.biases(level), shuffled(layer.outputs, layer.shuffle), layer.shuffle**2 * _padded(layer.outputs))
        for layer in net.layers
    ]


def shuffled(channels: int, side: int) -> Places:
    """Where outputs (channel, row, column) of a layer before a pixel shuffle stand as (row, column, padded channel)."""
    square = np.arange(side**2) * _padded(channels)
    return np.add.outer(np.arange(channels), square).reshape(-1)


def spread(weight: NDArray[Any], rows: Places, outputs: int, places: Places, width: int) -> NDArray[Any]:
    """A kernel (K, C, y, x) as (outputs, y x width): output i stands at rows[i], channel c at places[c]."""
    taps = weight.transpose(0, 2, 3, 1).reshape(len(weight), -1, weight.shape[1])  # (K, y x, C)
    matrix = np.zeros((outputs, taps.shape[1], width), weight.dtype)
    matrix[rows[:, None, None], np.arange(taps.shape[1])[:, None], places] = taps
    return matrix.reshape(outputs, -1)


def _at(values: NDArray[Any], places: Places, width: int, axis: int = 0) -> NDArray[Any]:
    """Values along an axis at their places, zeros elsewhere."""
    shape = [*values.shape]
    shape[axis] = width
    out = np.zeros(shape, values.dtype)
    np.moveaxis(out, axis, 0)[places] = np.moveaxis(values, axis, 0)
    return out


def _padded(channels: int) -> int:
    return -(-channels // _engine.LANE) * _engine.LANE


def _constant(tensor: Mapping[str, Any]) -> Floats:
    """A constant of any type as float32: what a graph casts it to before it is used."""
    return np.frombuffer(tensor["data"] or b"", NUMBERS[tensor["type"]]).reshape(tensor["dims"]).astype(np.float32)


def _attributes(node: Mapping[str, Any]) -> dict[str, Any]:
    kinds = ("float", "integer", "text", "integers")
    return {
        each["name"]: next(each[kind] for kind in kinds if each[kind] not in (None, [])) for each in node["attributes"]
    }
