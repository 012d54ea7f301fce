"""ONNX graphs traced from a module's own forward: plain convolutions, nothing of training left in them."""

import operator
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import fx, nn

from tintype.errors import WeightsError
from tintype.models.pico.graph_check import IR_VERSION, OPSET
from tintype.models.pico.integer import IntegerNet
from tintype.models.pico.layers import SLOPE, Activation, Conv


class _Leaves(fx.Tracer):
    """Does not look into convolutions and activations: each becomes nodes of its own, from its folded kernel."""

    def is_leaf_module(self, module: nn.Module, qualified_name: str) -> bool:
        return isinstance(module, (Conv, Activation))


class GraphBuilder:
    """Nodes and initialisers of one graph. Weights are stored as float16 and cast when the graph is loaded."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append a node with one output; returns the output's name."""
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, array: NDArray[Any]) -> str:
        name = f"c_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def weight(self, array: NDArray[np.float32]) -> str:
        """A float32 constant stored in half the bytes."""
        if np.abs(array).max() > np.finfo(np.float16).max:
            raise WeightsError(f"a weight of {np.abs(array).max():.3g} does not fit float16; the model diverged")
        return self.add("Cast", self.constant(array.astype(np.float16)), to=TensorProto.FLOAT)

    def conv(self, conv: Conv, x: str) -> str:
        """What `Conv.forward` does, node by node, with the kernel that it folds."""
        folded, bias = (tensor.detach().numpy() for tensor in conv.folded())
        if conv.resampling == "in":  # pixel_unshuffle orders (channel, place), SpaceToDepth (place, channel)
            k, _, kernel, _ = folded.shape  # (K, C 16, y, x)
            folded = folded.reshape(k, -1, 16, kernel, kernel).swapaxes(1, 2).reshape(folded.shape)
            x = self.add("SpaceToDepth", x, blocksize=4)
        # 2x2 with stride 2 needs no padding; 3x3 a line of zeros, 1x1 none
        stride = 2 if conv.resampling == "down" else 1
        pad = 0 if conv.resampling == "down" else folded.shape[-1] // 2
        weight, constant = self.weight(folded), self.weight(bias)
        x = self.add("Conv", x, weight, constant, strides=[stride] * 2, pads=[pad] * 4, group=conv.groups)
        if conv.bands_out > 1:
            # CRD: channels are (channel, row, column), as in pixel_shuffle
            x = self.add("DepthToSpace", x, blocksize=2 if conv.resampling == "up" else 4, mode="CRD")
        return x

    def model(self, inputs: dict[str, list[str | int]], outputs: dict[str, str]) -> bytes:
        """The serialised model. `inputs`: shapes by name; `outputs`: node results by name."""
        # results get their public names from Identity nodes, which engines remove
        nodes = [*self.nodes, *(helper.make_node("Identity", [result], [name]) for name, result in outputs.items())]
        graph = helper.make_graph(
            nodes,
            "tintype",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, [f"{name}_{a}" for a in "bchw"])
                for name in outputs
            ],
            self.initializers,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        serialised: bytes = model.SerializeToString()
        return serialised


ARITHMETIC: dict[Any, str] = {
    operator.add: "Add",
    operator.sub: "Sub",
    operator.mul: "Mul",
    operator.truediv: "Div",
}


def trace(module: nn.Module, inputs: dict[str, int], outputs: tuple[str, ...]) -> bytes:
    """ONNX model of a module's forward.

    Parameters
    ----------
    inputs : channels of each input, in the order of forward's arguments
    outputs : names of forward's results

    Raises
    ------
    TypeError
        If forward uses an operation this small translator does not know.
    """
    builder = GraphBuilder()
    graph = _Leaves().trace(module)  # the calls of forward, in order
    modules = dict(module.named_modules())
    values: dict[fx.Node, str] = {}  # names in the ONNX graph of what the traced nodes give
    names = iter(inputs)

    def value(argument: Any) -> str:
        if isinstance(argument, fx.Node):
            return values[argument]
        # a number in forward, such as the 0.5 that centres pixels
        return builder.constant(np.asarray(argument, np.float32))

    results: tuple[Any, ...] = ()
    for node in graph.nodes:
        if node.op == "placeholder":
            values[node] = next(names)
        elif node.op == "call_module":
            layer = modules[node.target]
            (x,) = node.args
            if isinstance(layer, Conv):
                values[node] = builder.conv(layer, value(x))
            else:
                values[node] = builder.add("LeakyRelu", value(x), alpha=SLOPE)
        elif node.op == "call_function" and node.target in ARITHMETIC:
            values[node] = builder.add(ARITHMETIC[node.target], *(value(a) for a in node.args))
        elif node.op == "call_function" and node.target is torch.cat:
            values[node] = builder.add("Concat", *(value(a) for a in node.args[0]), axis=node.args[1])
        elif node.op == "output":
            results = node.args[0] if isinstance(node.args[0], tuple) else node.args
        else:
            raise TypeError(f"cannot export {node.op} {node.target}: add it to models/pico/onnx_graph.py")
    # channels are fixed; batch and sides are free, by name
    shapes: dict[str, list[str | int]] = {n: ["batch", c, f"{n}_h", f"{n}_w"] for n, c in inputs.items()}
    return builder.model(shapes, {name: value(r) for name, r in zip(outputs, results, strict=True)})


def trace_integer(net: IntegerNet) -> bytes:
    """The integer network as an ONNX model of float32 sums below 2^24 and float64 requantisation: exact.

    Inputs: z_hat (B, M, h, w), and level_bias_i (K) for the layers whose bias depends on the level.
    """
    builder = GraphBuilder()
    shapes: dict[str, list[str | int]] = {"z_hat": ["batch", net.layers[0].weight.shape[1], "h", "w"]}
    x = "z_hat"
    # per layer: sums below 2^24 in float32, scaled and rounded in float64, both exact (models/pico/integer.py)
    for i, layer in enumerate(net.layers):
        weight = builder.add("Cast", builder.constant(layer.weight), to=TensorProto.FLOAT)
        pad = layer.weight.shape[-1] // 2
        if len(layer.level_bias) > 1:  # given at run time: bias and level bias together, integers
            bias = f"level_bias_{i}"
            shapes[bias] = [len(layer.bias)]
        else:
            bias = builder.constant(layer.biases(0).astype(np.float32))
        x = builder.add("Conv", x, weight, bias, pads=[pad] * 4)
        x = builder.add("Cast", x, to=TensorProto.DOUBLE)
        # multiplier * 2^-shift; then floor(x + 1/2), since ONNX's Round sends halves to even
        scale = np.ldexp(layer.multiplier.astype(np.float64), -layer.shift)[None, :, None, None]
        x = builder.add("Mul", x, builder.constant(scale))
        x = builder.add("Floor", builder.add("Add", x, builder.constant(np.asarray(0.5))))
        x = builder.add("Clip", x, builder.constant(np.asarray(0.0)), builder.constant(np.asarray(float(layer.top))))
        x = builder.add("Cast", x, to=TensorProto.FLOAT)
        if layer.shuffle == 2:
            x = builder.add("DepthToSpace", x, blocksize=2, mode="CRD")
    return builder.model(shapes, {"rows": x})
