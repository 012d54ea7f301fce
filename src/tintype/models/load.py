"""Engines by family, imported when first used."""

import os
import threading
from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from tintype.codec.container.header import MODEL_NAMES, Header
from tintype.codec.tile_model import Numerics, Precision, TileModel
from tintype.errors import UnsupportedError
from tintype.weights import store
from tintype.weights.bundle import Bundle

ENGINES = {"pico": "tintype.models.pico.onnx_engine"}  # family: module whose `load` takes a Bundle
FLOAT_ENGINES = {"hpcm": "tintype.models.hpcm.engine"}  # family: module whose `load` takes a weights file


def model(name: str) -> TileModel:
    """A model by the name of shipped weights, or by the path of a bundle; sessions stay warm between calls.

    Raises
    ------
    WeightsError
        If there are no such weights, or they are damaged.
    UnsupportedError
        If this version has no engine for their family.
    """
    # a forked child makes its own: sessions and locks were copied in whatever state other threads had them,
    # so the parent's are neither used nor torn down there
    with _LOCKS[os.getpid()]:  # or threads that come first together would each make a model
        return _model(name, os.getpid())


_LOCKS: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)  # by process: a fork copies locks as they are


@lru_cache(maxsize=8)
def _model(name: str, process: int) -> TileModel:
    bundle = store.load(name)
    return _engine(bundle)(bundle)


def float_model(
    weights: Path | str,
    name: str | None,
    threads: int,
    precision: Precision = "float32",
    device: str = "cpu",
    compiled: bool = False,
) -> TileModel:
    """A model of a float family from its weights file, to compute under these numerics.

    Parameters
    ----------
    name : the model that is expected; None: whichever the file holds

    Raises
    ------
    WeightsError
        The file is missing, damaged, or of another model.
    UnsupportedError
        PyTorch is not installed, or there is no such device.
    """
    with _LOCKS[os.getpid()]:
        try:
            engine = import_module(FLOAT_ENGINES["hpcm"])
        except ModuleNotFoundError as error:
            raise UnsupportedError(f"hpcm models run on PyTorch ({error}); install tintype[train]") from error
        found: TileModel = engine.load(weights, name, threads, precision, device, compiled)
        return found


def is_float(name: str) -> bool:
    """Whether a model's rows come from float networks, so that it needs a weights file and records its numerics."""
    return name.partition("-")[0] in FLOAT_ENGINES


def float_model_for(header: Header, numerics: Numerics, weights: Path | str | None, device: str = "cpu") -> TileModel:
    """The float model that a file names by its weights' hash, under the file's numerics.

    Raises
    ------
    UnsupportedError
        No weights are given, or others; the message names the model and the hash.
    """
    needed = f"{header.model_name} weights {header.weights_hash.hex()}"
    if weights is None:
        raise UnsupportedError(
            f"the file was made with {needed}, which do not ship with tintype; give their file (--weights FILE)"
        )
    found = float_model(weights, None, numerics.threads, numerics.precision, device, numerics.compiled)
    if found.identity.weights_hash != header.weights_hash:
        raise UnsupportedError(
            f"the file was made with {needed}, but {weights} holds {found.identity.name} weights "
            f"{found.identity.weights_hash.hex()}; give the file with the weights it was made with"
        )
    return found


def model_for(header: Header, candidates: tuple[str, ...] = ()) -> TileModel:
    """The model that a file names by its weights' hash, among `candidates` and the shipped ones.

    Raises
    ------
    UnsupportedError
        If it is none of them; the message names the model and the hash.
    """
    for name in candidates:
        found = model(name)
        if found.identity.weights_hash == header.weights_hash:
            return found
    shipped = store.name_of(header.weights_hash)
    if shipped is None:
        raise UnsupportedError(
            f"the file was made with {header.model_name} weights {header.weights_hash.hex()}, which do not ship with "
            "this version of tintype; install the version that wrote it, or pass the weights' file as the model"
        )
    return model(shipped)


def _engine(bundle: Bundle) -> Callable[[Bundle], TileModel]:
    number = int(bundle.card.get("model_id", 0))
    family = MODEL_NAMES.get(number, f"number {number}").partition("-")[0]
    if family not in ENGINES:
        raise UnsupportedError(f"no engine runs {family} models in this version; there is one for {', '.join(ENGINES)}")
    engine: Callable[[Bundle], TileModel] = import_module(ENGINES[family]).load
    return engine
