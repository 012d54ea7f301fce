"""HPCM: hierarchical progressive context modelling, every size and ablation as data.

>>> from tintype.models import hpcm
>>> model = hpcm.create("hpcm-nano")

`Options` say how files are coded: `tintype.Codec("hpcm-base", options=hpcm.Options("hpcm-base.safetensors"))`.

Importing this package loads no PyTorch; `create` does. `hpcm.weights` reads and writes weights files and converts
official checkpoints, `hpcm.official` loads a state dict that is in memory already.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.errors import InputError
from tintype.models.hpcm.options import Options

if TYPE_CHECKING:
    from tintype.models.hpcm.config import CONFIGS, OFFICIAL, SMALL, VARIANTS, HPCMConfig
    from tintype.models.hpcm.network import HPCM

__all__ = ["CONFIGS", "OFFICIAL", "SMALL", "VARIANTS", "HPCMConfig", "Options", "create"]


def __getattr__(name: str) -> Any:
    # schedules of all sizes take a while to make, and pico needs `Options` alone
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tintype.models.hpcm import config

    globals()[name] = value = getattr(config, name)
    return value


def create(name: str, weights: Path | str | None = None) -> "HPCM":
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
    from tintype.models.hpcm.config import CONFIGS
    from tintype.models.hpcm.network import HPCM
    from tintype.models.hpcm.weights import load

    if name not in CONFIGS:
        raise InputError(f"there is no model {name!r}; there are {', '.join(CONFIGS)}")
    return HPCM(CONFIGS[name]) if weights is None else load(weights, name)
