"""HPCM: hierarchical progressive context modelling, every size and ablation as data.

>>> from tintype.models import hpcm
>>> model = hpcm.create("hpcm-nano")

`create` builds a model or loads one, `convert` turns official checkpoints into weights files, `load_official`
loads a state dict that is at hand already.
"""

from __future__ import annotations

from pathlib import Path

from tintype.errors import InputError
from tintype.models.hpcm.config import CONFIGS, OFFICIAL, SMALL, VARIANTS, HPCMConfig
from tintype.models.hpcm.model import HPCM, Noise
from tintype.models.hpcm.official import load_official
from tintype.models.hpcm.weights import convert, empty, load, save

__all__ = [
    "CONFIGS",
    "HPCM",
    "OFFICIAL",
    "SMALL",
    "VARIANTS",
    "HPCMConfig",
    "Noise",
    "convert",
    "create",
    "empty",
    "load",
    "load_official",
    "save",
]


def create(name: str, weights: Path | str | None = None) -> HPCM:
    """A model by name.

    Parameters
    ----------
    name : str
        A key of `CONFIGS`: "hpcm-base", "hpcm-large", "hpcm-phi", "hpcm-1b", "hpcm-nano", ...
    weights : path, optional
        A weights file of this model. Without it the weights are random and the model is in training mode.

    Raises
    ------
    InputError
        No such model.
    WeightsError
        The file does not hold weights of this model.
    """
    if name not in CONFIGS:
        raise InputError(f"there is no model {name!r}; there are {', '.join(CONFIGS)}")
    return HPCM(CONFIGS[name]) if weights is None else load(weights, name)
