"""ONNX Runtime's errors are ours, and nothing of them reaches stderr."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tintype.errors import WeightsError
from tintype.models.onnx_runtime import Session
from tintype.weights import store

GRAPH = store.load(store.DEFAULT).graphs["analysis"]

FULL = """
import resource
import numpy as np
from tintype.models import load
model = load.model(None)
pixels = np.zeros((3, 2048, 2048), np.float32)
model.analyse(pixels[:, :64, :64])
size = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize"))
resource.setrlimit(resource.RLIMIT_AS, (1024 * size + 2**26, -1))
try:
    model.analyse(pixels)
except MemoryError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as Linux has them")
@pytest.mark.parametrize("engine, name", [("onnx", "ONNX Runtime"), ("native", "the native engine")])
def test_memory_that_runs_out_inside_is_a_memory_error(engine: str, name: str) -> None:
    environment = {**os.environ, "TINTYPE_ENGINE": engine}
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=True, env=environment)
    assert (done.stdout, done.stderr) == (f"{name} could not allocate what a tile needs\n", "")


def test_graphs_and_inputs_that_it_refuses_are_weights_errors(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WeightsError, match="ONNX Runtime cannot run these weights"):
        Session(GRAPH[:1000])
    session = Session(GRAPH)
    assert session.inputs == ("pixels",)
    for inputs in ({}, {"pixels": np.zeros((1, 3, 63, 64), np.float32)}, {"pixels": np.zeros((1, 2, 64, 64))}):
        with pytest.raises(WeightsError, match="ONNX Runtime cannot run these weights"):
            session.run(None, inputs)
    assert capfd.readouterr() == ("", "")
