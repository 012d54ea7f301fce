"""Weights of strangers: only what our exporter could have written reaches an engine."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import tintype
from tests.pictures import picture
from tintype.errors import WeightsError
from tintype.models.pico import graph_check, onnx_engine
from tintype.models.pico.check import check
from tintype.models.pico.graph_check import IR_VERSION, OPSET, Map, Signature, check_graph
from tintype.weights import store
from tintype.weights.bundle import SUFFIX, Bundle

IN, OUT = Map(4, 16), Map(8, 8)
SIGNATURE = Signature({"x": IN}, {"y": OUT})


def model() -> onnx.ModelProto:
    """A convolution from 4 to 32 channels and a shuffle to 8, as the exporter writes them."""
    weight = numpy_helper.from_array(np.ones((32, 4, 3, 3), np.float16), "weight")
    bias = numpy_helper.from_array(np.ones(32, np.float32), "bias")
    nodes = [
        helper.make_node("Cast", ["weight"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["x", "wide", "bias"], ["conv"], strides=[1, 1], pads=[1] * 4, group=1),
        helper.make_node("LeakyRelu", ["conv"], ["relu"], alpha=0.1),
        helper.make_node("DepthToSpace", ["relu"], ["up"], blocksize=2, mode="CRD"),
        helper.make_node("Identity", ["up"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tintype",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4, "x_h", "x_w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [f"y_{axis}" for axis in "bchw"])],
        [weight, bias],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def refused(change: Callable[[onnx.ModelProto], Any]) -> str:
    """Why a changed model is refused."""
    changed = model()
    change(changed)
    with pytest.raises(WeightsError, match="the graph 'a' is not one that tintype exports: ") as caught:
        check_graph("a", changed.SerializeToString(), SIGNATURE)
    return str(caught.value).partition("exports: ")[2]


def test_what_ships_is_accepted_and_so_is_the_model_that_is_changed_below() -> None:
    for name in store.manifest():
        as_a_stranger = Bundle.read(store.FOLDER / f"{name}{SUFFIX}")
        assert store.load(name).shipped and not as_a_stranger.shipped
        assert store.load(name).weights_hash() == as_a_stranger.weights_hash()  # one is the manifest's
        check(as_a_stranger)
    check_graph("a", model().SerializeToString(), SIGNATURE)


def external(changed: onnx.ModelProto, path: str = "/etc/passwd") -> None:
    tensor = changed.graph.initializer[1]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=path)


def loop(changed: onnx.ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    changed.graph.node.insert(0, helper.make_node("Loop", [], ["endless"], body=body))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (external, "field 13 "),
        (loop, "field 6 "),  # the attribute's subgraph
        (lambda m: m.functions.add(name="f", domain="d"), "field 25 "),
        (lambda m: m.metadata_props.add(key="a", value="b"), "field 14 "),
        (lambda m: m.training_info.add(), "field 20 "),
        (lambda m: m.graph.sparse_initializer.add(), "field 15 "),
        (lambda m: m.graph.node[1].__setattr__("domain", "evil"), "field 7 "),
        (lambda m: m.opset_import.add(domain="evil", version=1), "its versions are"),
        (lambda m: m.opset_import[0].__setattr__("version", 17), "its versions are"),
        (lambda m: m.ClearField("graph"), "its versions are"),
        (lambda m: m.graph.node[1].__setattr__("op_type", "ConvTranspose"), "it has the operator 'ConvTranspose'"),
        (lambda m: m.graph.node[1].attribute[0].__setattr__("i", 2), "does not fit"),
        (lambda m: m.graph.node[1].attribute[1].ints.append(1), "does not fit"),
        (lambda m: m.graph.node[1].attribute.add(name="dilations", type=7, ints=[2**40]), "does not fit"),
        (lambda m: m.graph.node[2].attribute[0].__setattr__("type", 2), "has not one value of its type"),
        (lambda m: m.graph.node[2].attribute[0].__setattr__("f", float("inf")), "does not fit"),
        (lambda m: m.graph.node[3].attribute[0].__setattr__("i", 3), "does not fit"),
        (lambda m: m.graph.node[1].input.__setitem__(0, "y"), "reads what no earlier node gives"),
        (lambda m: m.graph.node[2].output.__setitem__(0, "conv"), "'conv' is empty or used twice"),
        (lambda m: m.graph.node.pop(), "its outputs are"),
        (lambda m: m.graph.output[0].type.tensor_type.__setattr__("elem_type", 11), "its output 'y'"),
        (lambda m: m.graph.input[0].type.tensor_type.shape.dim[3].__setattr__("dim_param", "x_h"), "its input 'x'"),
        (lambda m: m.graph.input[0].type.tensor_type.shape.dim[1].__setattr__("dim_value", 5), "its input 'x'"),
        (lambda m: m.graph.input.pop(), "it lacks the input 'x'"),
        (lambda m: m.graph.initializer[0].dims.__setitem__(0, 2**40), "does not fit its 2304 bytes"),
        (lambda m: m.graph.initializer[0].__setattr__("data_type", 7), "of type 7"),
        (lambda m: m.graph.initializer[0].__setattr__("raw_data", b"\0\x7c" * 1152), "is not finite"),
        (lambda m: m.graph.node.extend([m.graph.node[0]] * 2000), "2005 nodes, above the limit"),
        (lambda m: m.graph.__setattr__("name", "n" * 300), "not ASCII text"),
    ],
)
def test_a_graph_of_another_kind_is_refused(change: Callable[[onnx.ModelProto], Any], why: str) -> None:
    assert why in refused(change)


def test_a_graph_that_doubles_its_channels_is_refused() -> None:
    def double(changed: onnx.ModelProto) -> None:
        del changed.graph.node[:]
        for number in range(40):
            name = f"d{number - 1}" if number else "x"
            changed.graph.node.append(helper.make_node("Concat", [name, name], [f"d{number}"], axis=1))

    assert refused(double) == "it computes more than 524288 multiply-adds or 1024 values per pixel"


def test_a_graph_of_too_many_operations_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    macs = 32 * 4 * 9 / 16**2  # per pixel
    monkeypatch.setattr(graph_check, "MAX_MACS", macs)
    check_graph("a", model().SerializeToString(), SIGNATURE)
    monkeypatch.setattr(graph_check, "MAX_MACS", macs - 1)
    assert "it computes more than" in refused(lambda _: None)


def test_a_field_that_is_there_twice_is_refused_since_others_would_join_them() -> None:
    data = model().SerializeToString()
    with pytest.raises(WeightsError, match="is there twice"):
        check_graph("a", data + data, SIGNATURE)


def test_no_changed_or_cut_byte_of_a_graph_gives_another_error() -> None:
    data, rng = model().SerializeToString(), np.random.default_rng(1)
    for _ in range(20_000):
        changed = bytearray(data[: rng.integers(len(data)) if rng.random() < 0.1 else len(data)])
        for at in rng.integers(0, max(1, len(changed)), rng.integers(1, 4)):
            changed[at : at + 1] = bytes([rng.integers(256)])
        try:
            check_graph("a", bytes(changed), SIGNATURE)
        except WeightsError:
            continue


def with_arrays(group: str, **changes: Any) -> Bundle:
    """The shipped bundle with other arrays in a group; None leaves one out."""
    shipped = store.load(store.DEFAULT)
    arrays = {name: array for name, array in {**shipped.arrays.get(group, {}), **changes}.items() if array is not None}
    return Bundle(shipped.card, shipped.graphs, {**shipped.arrays, group: arrays})


def _layer(number: int, **changes: Any) -> Bundle:
    return with_arrays("scale_decoder", **{f"{number}.{name}": value for name, value in changes.items()})


LEVELS = store.load(store.DEFAULT).arrays["levels"]


@pytest.mark.parametrize(
    ("bundle", "why"),
    [
        (lambda: with_arrays("levels", gain=None), "lacks gain"),
        (lambda: with_arrays("levels", more=np.zeros(3)), "has the unknown more"),
        (lambda: with_arrays("more"), "has the unknown more"),
        (lambda: with_arrays("levels", gain=LEVELS["gain"][0]), "gain is <f4"),
        (lambda: with_arrays("levels", gain=LEVELS["gain"].astype(np.float64)), "gain is <f8"),
        (lambda: with_arrays("levels", worth=LEVELS["worth"][:-1]), "worth is <f4"),
        (lambda: with_arrays("levels", gain=LEVELS["gain"] * np.float32("nan")), "gain holds values outside"),
        (lambda: with_arrays("levels", gain=-LEVELS["gain"]), "gain holds values outside"),
        (lambda: with_arrays("levels", z_rows=LEVELS["z_rows"] + np.uint16(1)), "out of range"),
        (lambda: with_arrays("levels", z_mean=LEVELS["z_mean"] + np.int8(90)), "out of range"),
        (lambda: with_arrays("tables", first=np.zeros(3, np.int16)), "tables: 3 rows with 161 offsets"),
        (lambda: with_arrays("tables", more=np.zeros(3)), "has the unknown more"),
        (lambda: _layer(0, weight=None), "it has no layers"),
        (lambda: _layer(0, bias=None), "integer layer 0: .* missing: bias"),
        (lambda: _layer(0, limits=np.zeros(2, np.int32)), "integer layer 0: its arrays are damaged"),
        (lambda: _layer(0, limits=np.array([255, 30, 2], np.int32)), "does not fit the hyper-latents"),
        (lambda: _layer(0, limits=np.array([255, 31, 3], np.int32)), "unknown types or shapes"),
        (lambda: _layer(0, bias=np.zeros(224)), "unknown types or shapes"),
        (lambda: _layer(0, weight=np.zeros((224, 96, 2, 2), np.int8)), "unknown types or shapes"),
        (lambda: _layer(0, level_bias=np.zeros((0, 224), np.int32)), "unknown types or shapes"),
        (lambda: _layer(0, level_bias=np.zeros((70, 224), np.int32)), "biases of 70 levels"),
        (lambda: _layer(1, weight=np.zeros((56, 55, 3, 3), np.int8)), "its layers do not fit each other"),
        (lambda: _layer(3, limits=np.array([160, 255, 1], np.int32)), "does not fit the hyper-latents or the tables"),
    ],
)
def test_arrays_of_other_names_types_or_shapes_are_refused(bundle: Callable[[], Bundle], why: str) -> None:
    with pytest.raises(WeightsError, match=why):
        onnx_engine.load(bundle())


def test_a_bundle_lacks_no_graph_and_has_no_other() -> None:
    shipped = store.load(store.DEFAULT)
    without = {name: graph for name, graph in shipped.graphs.items() if name != "synthesis"}
    for graphs, why in ((without, "lacks synthesis"), ({**shipped.graphs, "b": b""}, "has the unknown b")):
        with pytest.raises(WeightsError, match=why):
            onnx_engine.load(Bundle(shipped.card, graphs, shipped.arrays))
    swapped = {**shipped.graphs, "context_decoder": shipped.graphs["context_model"]}
    with pytest.raises(WeightsError, match="the graph 'context_decoder' is not one that tintype exports"):
        onnx_engine.load(Bundle(shipped.card, swapped, shipped.arrays))


def with_constants(graph: str, change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> Bundle:
    """The shipped bundle with other numbers in a graph."""
    shipped = store.load(store.DEFAULT)
    changed = onnx.load_from_string(shipped.graphs[graph])
    for tensor in changed.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor)), tensor.name))
    return Bundle(shipped.card, {**shipped.graphs, graph: changed.SerializeToString()}, shipped.arrays)


def test_weights_that_give_no_numbers_or_no_rows_are_weights_errors() -> None:
    pixels, z_hat = np.full((3, 64, 64), 0.3, np.float32), np.ones((96, 1, 1), np.float32)
    huge = with_constants("analysis", lambda array: array if array.ndim < 4 else np.full_like(array, 6e4))
    with pytest.raises(WeightsError, match="graph 'analysis' gives values that are not finite"):
        onnx_engine.load(huge).analyse(pixels)
    other = with_constants("scale_decoder", lambda array: np.full_like(array, 1e3) if array.shape == (1,) else array)
    with pytest.raises(WeightsError, match="rows that its tables do not have"):
        onnx_engine.load(other).networks.scale_decoder(z_hat, 30)


def test_a_strangers_file_that_names_a_file_of_the_disk_is_refused_by_the_library(tmp_path: Path) -> None:
    shipped = store.load(store.DEFAULT)
    changed = onnx.load_from_string(shipped.graphs["analysis"])
    secret = tmp_path / "secret"
    secret.write_bytes(changed.graph.initializer[1].raw_data)
    external(changed, str(secret))
    Bundle(shipped.card, {**shipped.graphs, "analysis": changed.SerializeToString()}, shipped.arrays).write(
        tmp_path / "a.tintmodel"
    )
    with pytest.raises(WeightsError, match="the graph 'analysis' is not one that tintype exports: field 13"):
        tintype.Codec(str(tmp_path / "a.tintmodel")).encode(picture(8, 8))
