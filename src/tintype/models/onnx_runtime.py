"""ONNX Runtime as all of tintype uses it: one thread, quiet, without telemetry, its errors as ours."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from tintype.errors import WeightsError

_NO_MEMORY = ("bad_alloc", "failed to allocate", "out of memory")
"""In messages of ONNX Runtime, which has no type of its own for this."""


def runtime() -> Any:
    """The package, imported when it is first needed.

    Versions from 1.30 on write a device id and a queue of events below the user's cache folder, and send them, unless
    they are told otherwise before the import. A value that the user has set stays.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


class Session:
    """A serialised ONNX model on one thread of the CPU, so that results never depend on how many there are.

    Threads may share it.

    Raises
    ------
    WeightsError
        ONNX Runtime cannot load the model.
    """

    def __init__(self, graph: bytes) -> None:
        onnxruntime = runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # an arena keeps the largest tile's memory for ever
        options.log_severity_level = 4  # no lines on stderr: errors come as exceptions too
        with _our_errors():
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.inputs: tuple[str, ...] = tuple(each.name for each in self._session.get_inputs())

    def run(self, outputs: Sequence[str] | None, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Results by name, or all for None.

        Raises
        ------
        MemoryError
            There is not enough memory.
        WeightsError
            ONNX Runtime cannot run the model.
        """
        with _our_errors():
            found: list[NDArray[Any]] = self._session.run(outputs, inputs)
        return found


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # ONNX Runtime has a dozen types without a common base
        text = str(error)
        if any(words in text.lower() for words in _NO_MEMORY):
            raise MemoryError("ONNX Runtime could not allocate what a tile needs") from error
        raise WeightsError(f"ONNX Runtime cannot run these weights ({text.splitlines()[0]})") from error
