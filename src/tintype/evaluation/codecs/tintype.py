"""tintype as one codec among the others."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

import tintype
from tintype.api import Codec
from tintype.models import load
from tintype.models.pico import engine
from tintype.pixels import Pixels8
from tintype.weights import store
from tintype.weights.bundle import SUFFIX

SETTINGS = "weights "  # how our settings begin: the weights are all there is to set, but for the look
LOOK = "+natural"  # at the end of a name: files are decoded with the natural look
QUALITIES = (0, 6, 12, 19, 26, 33, 40, 47, 54, 61, 68, 75, 82, 88, 94, 99)


class Tintype:
    """Our encoder and decoder, with shipped weights or a bundle on disk.

    Parameters
    ----------
    name : of shipped weights, or path of a .tintmodel file; with `LOOK` at its end where that is meant
    label : name in tables; default: the model's name, or the file's without suffix, and the look
    """

    suffix = ".tint"
    qualities: Sequence[float] = QUALITIES
    quality_range = (0.0, 99.0)  # 100 is exact

    def __init__(self, name: str, label: str | None = None, threads: int = 1) -> None:
        self.model, look = parted(name)
        stem = Path(self.model).stem if self.model.endswith(SUFFIX) else self.model
        self.name = label or stem + LOOK * (look == "natural")
        self._codec = Codec(model=self.model, look=look, threads=threads)

    @cached_property
    def settings(self) -> str:
        """The weights by hash: a bundle may change under one name, and so may its natural look."""
        weights = f"{SETTINGS}{store.load(self.model).weights_hash().hex()}"
        natural = store.natural(self.model) if self._codec.look == "natural" else None
        return weights if natural is None else f"{weights}, natural look {natural.weights_hash().hex()}"

    @cached_property
    def versions(self) -> str:
        """Ours and the engine's."""
        return f"tintype {tintype.__version__}; {engine.versions()}"

    def prepare(self, quality: float) -> None:
        """One model has all qualities."""
        self._codec.load()
        if self._codec.look == "natural":
            load.natural(self.model)

    def encode(self, pixels: Pixels8, quality: float) -> bytes:
        """A whole file without metadata."""
        return self._codec.encode(pixels, quality)

    def decode(self, data: bytes) -> Pixels8:
        """8-bit pixels."""
        return np.asarray(self._codec.decode(data))


def is_ours(settings: str) -> bool:
    """Whether rows with these settings are ours."""
    return settings.startswith(SETTINGS)


def is_model(name: str) -> bool:
    """Whether this names weights of ours."""
    model, _ = parted(name)
    return model.endswith(SUFFIX) or model in store.manifest()


def parted(name: str) -> tuple[str, store.Look]:
    """The model that a name begins with, and the look."""
    model = name.removesuffix(LOOK)
    return model, "faithful" if model == name else "natural"


def shipped() -> tuple[str, ...]:
    """Names of the weights that come with the package."""
    return tuple(store.manifest())
