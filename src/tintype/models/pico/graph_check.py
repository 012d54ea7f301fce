"""Whether a serialised graph is one that our exporter could have written, and how much it computes.

A bundle may be a stranger's. Before an engine sees a graph, every node is followed here: its operator is one of those
that `onnx_graph` writes, it reads what earlier nodes gave, and shapes fit. So what the graph takes is known: there are
no loops, and each node gives a map of known size per pixel.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tintype.errors import WeightsError
from tintype.models import onnx_wire
from tintype.models.pico.schedule import Z_STRIDE

OPSET = 18
IR_VERSION = 9  # readable by ONNX Runtime 1.17 and later

MAX_NODES = 1024  # pico-m's analysis has 247
MAX_MACS = 2**19  # multiply-adds of one graph per pixel; pico-m's analysis has 63,342
MAX_VALUES = 1024  # that all nodes of one graph give per pixel; pico-m's analysis gives 484
NUMBERS: Mapping[int, str] = {1: "<f4", 3: "|i1", 10: "<f2", 11: "<f8"}
"""Types of constants by number: NumPy's names."""
_FLOATS = (1, 11)  # types of maps: float32, float64
_VALUES: Mapping[int, str] = {1: "float", 2: "integer", 3: "text", 7: "integers"}  # of attributes, by their type


class Map(NamedTuple):
    """Values (B, channels, height / stride, width / stride) of a tile of height x width pixels."""

    channels: int
    stride: int


class Constant(NamedTuple):
    """Values of a known shape: stored, or given with each run."""

    shape: tuple[int, ...]


Value = Map | Constant


@dataclass(frozen=True, slots=True)
class Signature:
    """What goes into a graph and comes out, by name."""

    inputs: Mapping[str, Value]
    outputs: Mapping[str, Map]


def check_graph(name: str, data: bytes, signature: Signature) -> None:
    """Refuse a graph that is not of our exporter's kind.

    Raises
    ------
    WeightsError
        Its bytes, operators or shapes are others, it lacks the signature, or it computes more than the limits allow.
    """
    try:
        model = onnx_wire.read(data)
        versions = model["ir_version"], [(each["domain"], each["version"]) for each in model["operators"]]
        if model["graph"] is None or versions != (IR_VERSION, [("", OPSET)]):
            raise WeightsError(f"its versions are {versions}, or it is empty")
        _Walk(signature).graph(model["graph"])
    except WeightsError as error:
        raise WeightsError(f"the graph {name!r} is not one that tintype exports: {error}") from error


@dataclass(slots=True)
class _Walk:
    """Follows the nodes of a graph; knows what each has given."""

    signature: Signature
    values: dict[str, Value] = field(default_factory=dict)
    macs: float = 0  # per pixel
    given: float = 0  # values per pixel

    def graph(self, graph: Mapping[str, Any]) -> None:
        if len(graph["nodes"]) > MAX_NODES:
            raise WeightsError(f"it has {len(graph['nodes'])} nodes, above the limit {MAX_NODES}")
        self._inputs(graph["inputs"])
        for constant in graph["constants"]:
            self._set(constant["name"], _constant(constant))
        for node in graph["nodes"]:
            self._node(node)
        self._outputs(graph["outputs"])

    def _inputs(self, inputs: Sequence[Mapping[str, Any]]) -> None:
        for each in inputs:
            name = each["name"]
            wanted = self.signature.inputs.get(name)
            sides = ("h", "w") if "level_bias_0" in self.signature.inputs else (f"{name}_h", f"{name}_w")
            shape = ("batch", wanted.channels, *sides) if isinstance(wanted, Map) else wanted and wanted.shape
            if wanted is None or _declared(each) != shape:
                raise WeightsError(f"its input {name!r} is unknown or of another shape")
            self._set(name, wanted)
        missing = self.signature.inputs.keys() - self.values.keys()
        if missing:
            raise WeightsError(f"it lacks the input {min(missing)!r}")

    def _outputs(self, outputs: Sequence[Mapping[str, Any]]) -> None:
        found = {each["name"]: self.values.get(each["name"]) for each in outputs}
        if len(found) < len(outputs) or found != self.signature.outputs:
            raise WeightsError(f"its outputs are {found}, not {self.signature.outputs}")
        for each in outputs:
            if _declared(each) != tuple(f"{each['name']}_{axis}" for axis in "bchw"):
                raise WeightsError(f"its output {each['name']!r} is of another shape")

    def _node(self, node: Mapping[str, Any]) -> None:
        kind = _OPERATORS.get(node["operator"])
        if kind is None:
            raise WeightsError(f"it has the operator {node['operator']!r}")
        label = f"{node['operator']} {node['outputs']}"
        unknown = [name for name in node["inputs"] if name not in self.values]
        if unknown or len(node["outputs"]) != 1:
            raise WeightsError(f"{label} reads what no earlier node gives, or has not one output")
        inputs = [self.values[name] for name in node["inputs"]]
        attributes = _attributes(node["attributes"])
        found = kind(inputs, attributes)
        if found is None:
            raise WeightsError(f"{label} of {inputs} with {attributes} does not fit")
        self._set(node["outputs"][0], found)
        if isinstance(found, Map):
            if found.stride > Z_STRIDE:
                raise WeightsError(f"{label} gives less than one value per {Z_STRIDE} x {Z_STRIDE} pixels")
            self._count(node["operator"], inputs, found)

    def _count(self, operator: str, inputs: Sequence[Value], found: Map) -> None:
        cells = found.stride**-2  # per pixel
        self.given += found.channels * cells
        if operator == "Conv":
            weight = inputs[1]
            assert isinstance(weight, Constant)
            self.macs += math.prod(weight.shape) * cells
        if self.given > MAX_VALUES or self.macs > MAX_MACS:
            raise WeightsError(f"it computes more than {MAX_MACS} multiply-adds or {MAX_VALUES} values per pixel")

    def _set(self, name: str | None, value: Value) -> None:
        if not name or name in self.values:
            raise WeightsError(f"the name {name!r} is empty or used twice")
        self.values[name] = value


def _declared(value: Mapping[str, Any]) -> tuple[int | str | None, ...] | None:
    """Shape that an input or output is declared with: sizes, and names of free ones. None if it is not of float32."""
    tensor = value["type"] and value["type"]["tensor"]
    if not tensor or tensor["type"] != 1 or not tensor["shape"]:
        return None
    return tuple(each["name"] if each["size"] is None else each["size"] for each in tensor["shape"]["dims"])


def _constant(tensor: Mapping[str, Any]) -> Constant:
    dtype = np.dtype(NUMBERS.get(tensor["type"], "V"))
    data, shape = tensor["data"] or b"", tuple(tensor["dims"])
    if len(shape) > 4 or dtype.kind == "V" or math.prod(shape) * dtype.itemsize != len(data):
        raise WeightsError(f"a constant of type {tensor['type']} and shape {shape} does not fit its {len(data)} bytes")
    if not np.isfinite(np.frombuffer(data, dtype)).all():
        raise WeightsError(f"the constant {tensor['name']!r} is not finite")
    return Constant(shape)


def _attributes(attributes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found = {}
    for each in attributes:
        kind = _VALUES.get(each["type"])
        given = [name for name in _VALUES.values() if each[name] not in (None, [])]
        if kind is None or given != [kind] or each["name"] in found:
            raise WeightsError(f"the attribute {each['name']!r} has not one value of its type, or is there twice")
        found[each["name"]] = each[kind]
    return found


# What a node gives, by what it gets; None if that does not fit. In the order in which `onnx_graph` names them.


def _cast(inputs: Sequence[Value], attributes: Mapping[str, Any]) -> Value | None:
    fits = len(inputs) == 1 and attributes.keys() == {"to"} and attributes["to"] in _FLOATS
    return inputs[0] if fits else None


def _conv(inputs: Sequence[Value], attributes: Mapping[str, Any]) -> Value | None:
    if not attributes.keys() <= {"strides", "pads", "group"} or "pads" not in attributes:
        return None
    group, strides = attributes.get("group", 1), attributes.get("strides", [1, 1])
    match inputs:
        case [Map(channels, stride), Constant((outputs, per_group, kernel, _) as shape), Constant(bias)]:
            same = (kernel, strides, attributes["pads"]) in (
                (1, [1, 1], [0] * 4),
                (3, [1, 1], [1] * 4),
                (2, [2, 2], [0] * 4),
            )
            divides = group >= 1 and outputs >= 1 and outputs % group == 0 and per_group * group == channels
            if same and divides and shape[2] == shape[3] and bias == (outputs,):
                return Map(outputs, stride * strides[0])
    return None


def _space_to_depth(inputs: Sequence[Value], attributes: Mapping[str, Any]) -> Value | None:
    match inputs:
        case [Map(channels, stride)] if attributes == {"blocksize": 4}:
            return Map(16 * channels, 4 * stride)
    return None


def _depth_to_space(inputs: Sequence[Value], attributes: Mapping[str, Any]) -> Value | None:
    block = attributes.get("blocksize")
    match inputs:
        case [Map(channels, stride)] if attributes == {"blocksize": block, "mode": "CRD"} and block in (2, 4):
            if channels % block**2 == 0 and stride % block == 0:
                return Map(channels // block**2, stride // block)
    return None


def _pointwise(inputs: Sequence[Value], attributes: Mapping[str, Any]) -> Value | None:
    """One map, and perhaps another of its shape, or numbers for all or for each of its channels."""
    maps = [each for each in inputs if isinstance(each, Map)]
    shapes = [each.shape for each in inputs if isinstance(each, Constant)]
    if attributes or len(inputs) != 2 or not maps or len(set(maps)) > 1:
        return None
    return maps[0] if all(shape in ((1,), (1, maps[0].channels, 1, 1)) for shape in shapes) else None


def _unary(inputs: Sequence[Value], attributes: Mapping[str, Any]) -> Value | None:
    match inputs:
        case [Map() as only] if not attributes:
            return only
    return None


def _leaky_relu(inputs: Sequence[Value], attributes: Mapping[str, Any]) -> Value | None:
    return _unary(inputs, {}) if attributes.keys() == {"alpha"} and math.isfinite(attributes["alpha"]) else None


def _clip(inputs: Sequence[Value], attributes: Mapping[str, Any]) -> Value | None:
    match inputs:
        case [Map() as only, Constant((1,)), Constant((1,))] if not attributes:
            return only
    return None


def _concat(inputs: Sequence[Value], attributes: Mapping[str, Any]) -> Value | None:
    match inputs:
        case [Map(one, stride), Map(other, same)] if attributes == {"axis": 1} and stride == same:
            return Map(one + other, stride)
    return None


_OPERATORS = {
    "Cast": _cast,
    "Conv": _conv,
    "SpaceToDepth": _space_to_depth,
    "DepthToSpace": _depth_to_space,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), _pointwise),
    "LeakyRelu": _leaky_relu,
    "Concat": _concat,
    "Identity": _unary,
    "Floor": _unary,
    "Clip": _clip,
}
"""All operators that `onnx_graph` writes."""
