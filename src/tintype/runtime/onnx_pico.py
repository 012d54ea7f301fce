"""pico on ONNX Runtime, CPU. One thread per session: parallelism is over tiles, so no thread count changes a result."""

import threading
from collections.abc import Generator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tintype.codec.integer import IntegerNet
from tintype.codec.rans import Coded
from tintype.codec.seam import Identity, Pixels, Quantiser
from tintype.codec.steps import decode_steps, encode_steps
from tintype.codec.tables import Rows, Symbols, Tables
from tintype.errors import WeightsError
from tintype.schedules.pico import T_LIMIT, UNIT, Y_STRIDE, Z_LIMIT, Z_STRIDE, schedule
from tintype.weights.bundle import Bundle

Floats = NDArray[np.float32]


class Latents(NamedTuple):
    """What the analysis finds: y (N, H/16, W/16), z (M, H/64, W/64)."""

    y: Floats
    z: Floats


class OnnxPico:
    """A pico bundle as a `TileModel`. Immutable; sessions are made at first use and shared between threads."""

    def __init__(self, bundle: Bundle) -> None:
        self.card = bundle.card
        self._graphs = bundle.graphs
        self._sessions: dict[str, Any] = {}
        self._lock = threading.Lock()
        try:
            levels = bundle.arrays["levels"]
            self._gains: Floats = np.asarray(levels["gain"], np.float32)  # (levels, N)
            self._z_rows = np.asarray(levels["z_rows"], np.uint16)  # (M,)
            self._z_mean = np.asarray(levels["z_mean"], np.float32)  # (M,), integers
            self.tables = Tables.from_arrays(bundle.arrays["tables"])
            self.scale_decoder = IntegerNet.from_arrays(dict(bundle.arrays["scale_decoder"]))
            self.identity = Identity(
                self.card["name"], self.card["model_id"], bundle.weights_hash(), Z_STRIDE, len(self._gains)
            )
        except KeyError as error:
            raise WeightsError(f"weights file lacks {error}; it was made by another version of tintype") from error

    @cached_property
    def _options(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # an arena keeps the largest tile's memory for ever
        options.log_severity_level = 3
        return options

    def run(self, graph: str, **inputs: Floats) -> list[Floats]:
        """Results of one graph, (C, h, w) each, for inputs (C, h, w) or vectors."""
        session = self._sessions.get(graph)
        if session is None:
            with self._lock:
                session = self._sessions.get(graph)
                if session is None:
                    import onnxruntime

                    session = onnxruntime.InferenceSession(
                        self._graphs[graph], self._options, providers=["CPUExecutionProvider"]
                    )
                    self._sessions[graph] = session
        batched = {name: array[None] if array.ndim == 3 else array for name, array in inputs.items()}
        return [result[0] for result in session.run(None, batched)]

    def analyse(self, pixels: Pixels) -> Latents:
        y, z = self.run("analysis", pixels=pixels)
        return Latents(y, z.clip(-Z_LIMIT, Z_LIMIT))

    def encode(self, analysis: Latents, level: int, quantise: Quantiser) -> list[Coded]:
        y, z = analysis
        stages = _Stages(self, level, z.shape)
        return encode_steps(schedule(stages, z.shape, y.shape, z, y), quantise)

    def decode(self, height: int, width: int, level: int) -> Generator[Rows, Symbols, Floats]:
        z_shape = (len(self._z_rows), height // Z_STRIDE, width // Z_STRIDE)
        y_shape = (self._gains.shape[1], height // Y_STRIDE, width // Y_STRIDE)
        steps = schedule(_Stages(self, level, z_shape), z_shape, y_shape)
        return decode_steps(steps, [z_shape, y_shape, y_shape])

    def synthesise(self, latents: Floats, level: int) -> Pixels:
        return self.run("synthesis", y=latents)[0]


class _Stages:
    """schedules.pico.Stages on numpy arrays without batch axis."""

    def __init__(self, model: OnnxPico, level: int, z_shape: tuple[int, ...]) -> None:
        self.model, self.level = model, level
        self.gain = model._gains[level][:, None, None]
        layers = model.scale_decoder.layers
        self.biases = {
            f"level_bias_{i}": layer.biases(level).astype(np.float32)
            for i, layer in enumerate(layers)
            if len(layer.level_bias) > 1
        }
        self.z_shape = z_shape

    def hyper_density(self) -> tuple[NDArray[np.uint16], Floats]:
        column = (slice(None), None, None)
        return self.model._z_rows[column], self.model._z_mean[column]

    def scale_decoder(self, z_hat: Floats) -> NDArray[np.uint16]:
        rows = self.model.run("scale_decoder", z_hat=z_hat.astype(np.float32), **self.biases)[0]
        return rows.astype(np.uint16)

    def context_decoder(self, z_hat: Floats) -> Floats:
        return self.model.run("context_decoder", z_hat=z_hat.astype(np.float32))[0]

    def context_model(self, prior: Floats, y_bar: Floats) -> Floats:
        return self.model.run("context_model", prior=prior, y_bar=y_bar)[0]

    def mean_width(self, prior: Floats) -> tuple[Floats, Floats]:
        mean, t = np.split(prior, 2)
        return UNIT * mean, np.exp(t.clip(-T_LIMIT, T_LIMIT)) * self.gain

    def constant(self, array: NDArray[Any]) -> NDArray[Any]:
        return array
