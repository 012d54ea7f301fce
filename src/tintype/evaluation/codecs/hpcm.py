"""HPCM as one codec among the others: a weights file has one rate, so several of one model make a curve.

The first file is quality 1, the second quality 2, and so on, from low to high rate. The settings of
every row contain all hashes, so rows of other weights, or of the same in another order, are never taken for these.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

import tintype
from tintype.api import Codec
from tintype.errors import InputError, WeightsError
from tintype.evaluation.codecs.tintype import SETTINGS
from tintype.models.hpcm.options import Options
from tintype.pixels import Pixels8

_NAME = re.compile(r"(?P<model>hpcm-[^:/]+):(?P<files>.+)")
_JOINT = re.compile(r"(?<=\.safetensors)\+")  # a plus elsewhere belongs to a path


class Hpcm:
    """Encoder and decoder of an HPCM model, with one weights file per quality.

    Parameters
    ----------
    name : `MODEL:FILE.safetensors+FILE.safetensors...`, from low to high rate
    label : name in tables; default: the model's
    threads : compute threads, which the last bits of the files depend on

    Raises
    ------
    InputError
        A file is named twice.
    """

    suffix = ".tint"

    def __init__(self, name: str, label: str | None = None, threads: int = 1) -> None:
        found = _NAME.fullmatch(name)
        assert found is not None, f"{name}: ask is_hpcm first"
        self.model, self.threads = found["model"], threads
        self.files = _JOINT.split(found["files"])
        if len(set(self.files)) < len(self.files):
            raise InputError(f"{name}: a weights file is named twice")
        self.name = label or self.model
        self.qualities: Sequence[float] = range(1, len(self.files) + 1)
        self.quality_range = (1.0, float(len(self.files)))
        # no model's name: encoding and decoding then share one network in memory
        self._codecs = [Codec(threads=threads, options=Options(file)) for file in self.files]

    @cached_property
    def settings(self) -> str:
        """The weights by hash, and what else the last bits of a float model depend on."""
        count = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{SETTINGS}{' '.join(code.hex() for code in self._hashes)}; float32, {count}"

    @cached_property
    def versions(self) -> str:
        """Ours and the engine's."""
        import torch

        return f"tintype {tintype.__version__}; torch {torch.__version__}"

    def prepare(self, quality: float) -> None:
        """Load the weights: memory keeps few."""
        self._load(self._codec(quality))

    def encode(self, pixels: Pixels8, quality: float) -> bytes:
        """A whole file without metadata."""
        return self._codec(quality).encode(pixels)

    def decode(self, data: bytes) -> Pixels8:
        """8-bit pixels, by the weights that the file names."""
        code = bytes.fromhex(tintype.info(data).weights_hash)
        if code not in self._hashes:
            raise InputError(f"{self.name}: the file was made with other weights, {code.hex()}")
        return np.asarray(self._codecs[self._hashes.index(code)].decode(data))

    @cached_property
    def _hashes(self) -> list[bytes]:
        found = [self._load(codec) for codec in self._codecs]
        if len(set(found)) < len(found):
            raise InputError(f"{self.name}: {', '.join(self.files)}: two files hold the same weights")
        return found

    def _codec(self, quality: float) -> Codec:
        if quality not in self.qualities:
            raise InputError(f"{self.name}: quality {quality:g}: 1 to {len(self.files)} are possible, one per weights")
        return self._codecs[int(quality) - 1]

    def _load(self, codec: Codec) -> bytes:
        """Hash of the weights; they are in memory afterwards."""
        identity = codec.load().identity
        if identity.name != self.model:
            raise WeightsError(
                f"{self.files[self._codecs.index(codec)]}: holds {identity.name} weights, not those of {self.model}"
            )
        return identity.weights_hash


def is_hpcm(name: str) -> bool:
    """Whether this names an HPCM model with weights files."""
    return _NAME.fullmatch(name) is not None


def absolute(name: str) -> str:
    """The same weights, named from any folder."""
    model, _, files = name.partition(":")
    return f"{model}:{'+'.join(str(Path(file).resolve()) for file in _JOINT.split(files))}"
