"""Networks on PyTorch. Importing this package loads none of it: the names below bring torch along when called.

>>> from tintype.models import create_model
>>> model = create_model("hpcm-nano")
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tintype.models.hpcm.network import HPCM

__all__ = ["create_model", "load_official"]


def create_model(name: str, weights: Path | str | None = None) -> "HPCM":
    """A model of the HPCM family by name: `tintype.models.hpcm.create`."""
    from tintype.models import hpcm

    return hpcm.create(name, weights)


def load_official(model: "HPCM", checkpoint: object) -> None:
    """Load the authors' state dict into a model: `tintype.models.hpcm.official.load_official`."""
    from tintype.models.hpcm import official

    official.load_official(model, checkpoint)
