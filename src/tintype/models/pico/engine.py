"""Which engine runs pico: the native one, or ONNX Runtime. Files of one can be read by the other."""

import os
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

from tintype.errors import InputError, UnsupportedError
from tintype.models.pico.tile_model import PicoModel
from tintype.native import _engine
from tintype.weights.bundle import Bundle

VARIABLE = "TINTYPE_ENGINE"
ENGINES: Mapping[str, str] = {
    "native": "tintype.models.pico.native_engine",
    "onnx": "tintype.models.pico.onnx_engine",
}


def load(bundle: Bundle) -> PicoModel:
    """A bundle as a `TileModel` on the engine that the environment names, or that is fastest here.

    Raises
    ------
    WeightsError
        The bundle is not what the export writes.
    UnsupportedError
        The engine cannot run these weights, or its package is missing.
    InputError
        The environment names no engine.
    """
    name = chosen()
    try:
        model: PicoModel = import_module(ENGINES[name]).load(bundle)
    except ModuleNotFoundError as error:
        raise UnsupportedError(f"{VARIABLE}={name} needs a package ({error}); install tintype[onnx]") from error
    return model


def chosen() -> str:
    """Name of the engine: of `ENGINES`.

    Without vector kernels for this machine, the native engine is the slower one; then ONNX Runtime runs pico if it is
    installed.
    """
    name = os.environ.get(VARIABLE, "")
    if name and name not in ENGINES:
        raise InputError(f"{VARIABLE}={name}: there are {', '.join(ENGINES)}; unset it for the default")
    if name:
        return name
    slow = _engine.instruction_sets()[0] == "portable"
    return "onnx" if slow and find_spec("onnxruntime") else "native"
