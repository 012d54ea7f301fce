"""ONNX Runtime as all of tintype uses it: one thread, quiet, and without telemetry."""

import os
from typing import Any


def runtime() -> Any:
    """The package, imported when it is first needed.

    Versions from 1.30 on write a device id and a queue of events below the user's cache folder, and send them, unless
    they are told otherwise before the import. A value that the user has set stays.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def session(graph: bytes) -> Any:
    """An `InferenceSession` of a serialised ONNX model on one thread of the CPU, so that results never depend on it."""
    onnxruntime = runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # an arena keeps the largest tile's memory for ever
    options.log_severity_level = 3  # errors alone
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
