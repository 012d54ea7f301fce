"""Which engine runs pico: the native one, or ONNX Runtime. Files of one can be read by the other."""

import os
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

from tintype.errors import InputError, UnsupportedError
from tintype.models.onnx_runtime import runtime
from tintype.models.pico.natural import NaturalModel
from tintype.models.pico.tile_model import PicoModel
from tintype.native import _engine
from tintype.weights.bundle import Bundle

VARIABLE = "TINTYPE_ENGINE"
ENGINES: Mapping[str, str] = {
    "native": "tintype.models.pico.native_engine",
    "onnx": "tintype.models.pico.onnx_engine",
}


def load(bundle: Bundle) -> PicoModel:
    """A bundle as a `TileModel` on the engine that `chosen` names.

    Raises
    ------
    WeightsError
        The bundle is not what the export writes.
    UnsupportedError
        The engine's package is missing.
    InputError
        The environment names no engine.
    """
    model: PicoModel = import_module(ENGINES[chosen()]).load(bundle)
    return model


def load_natural(faithful: PicoModel, bundle: Bundle, natural: Bundle) -> NaturalModel:
    """The natural look of a model that `load` made of its bundle; errors as there."""
    model: NaturalModel = import_module(ENGINES[chosen()]).load_natural(faithful, bundle, natural)
    return model


def chosen() -> str:
    """Name of the engine: what the environment says, else the one that is faster here.

    On machines for which the native engine has no vector kernels, ONNX Runtime runs pico if it is installed.
    """
    name = os.environ.get(VARIABLE, "")
    installed = find_spec("onnxruntime") is not None
    if not name:
        return "onnx" if _engine.instruction_sets()[0] == "portable" and installed else "native"
    if name not in ENGINES:
        raise InputError(f"{VARIABLE}={name}: there are {', '.join(ENGINES)}; unset it for the default")
    if name == "onnx" and not installed:
        raise UnsupportedError(f'{VARIABLE}={name} needs ONNX Runtime; pip install "tintype[onnx]"')
    return name


def versions() -> str:
    """The engine as measurements name it, with what it runs on."""
    if chosen() == "native":
        return f"native {_engine.instruction_sets()[0]}"
    return f"onnxruntime {runtime().__version__}"
