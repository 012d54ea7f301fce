"""The quality scale: 0 to 100, whatever levels a model has."""

from typing import TYPE_CHECKING

import numpy as np

from tintype.arguments import number
from tintype.errors import InputError

if TYPE_CHECKING:
    from tintype.codec.tile_model import TileModel

DEFAULT_QUALITY = 75
QUALITY_MAX = 100  # without loss
# Quality to share of the levels, linear between. From 25 to 90 about as good as JPEG at that quality, halfway between
# equal PSNR and equal MS-SSIM on validation crops: studies/quality_scale.py.
QUALITY_KNOTS = ((0.0, 0.0), (25.0, 0.23), (50.0, 0.43), (75.0, 0.6), (90.0, 0.85), (100.0, 1.0))


def require_levels(model: "TileModel") -> None:
    """Refuse a target for a model with a single rate."""
    if model.identity.levels == 1:
        raise InputError(
            f"{model.identity.name} weights have a single rate, so no size or quality can be met; use another weights "
            "file for another rate"
        )


def level_of(quality: float | None, model: "TileModel") -> int:
    """Level of a quality; 0 for a model with a single rate, which refuses qualities."""
    levels = model.identity.levels
    if levels > 1:
        return quality_to_level(DEFAULT_QUALITY if quality is None else quality, levels)
    if quality is not None:
        raise InputError(
            f"{model.identity.name} weights have a single rate, so there is no quality to choose (-q); use another "
            "weights file for another quality"
        )
    return 0


def quality_to_level(quality: float, levels: int) -> int:
    """Level of a quality from 0 to 100, monotonic."""
    if not 0 <= (quality := number("quality", quality)) <= QUALITY_MAX:
        raise InputError(f"quality {quality}: 0 to {QUALITY_MAX} are possible")
    qualities, shares = zip(*QUALITY_KNOTS, strict=True)
    return round(float(np.interp(quality, qualities, shares)) * (levels - 1))
