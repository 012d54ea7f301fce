"""Parameters and multiply-adds of every model beside the published figures: `python -m
tintype.models.hpcm.variants`.

The published multiply-adds are those of one `forward`, with the fusion after the last step, whose result
nobody uses; ours leaves it out. The table shows both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from tintype.models.hpcm.config import CONFIGS, HPCMConfig
from tintype.models.hpcm.context import Fusion
from tintype.models.hpcm.model import HPCM
from tintype.models.macs import count_macs, kmac_per_pixel, parameters

_SIDE = 512


@dataclass(frozen=True, slots=True)
class Published:
    """Figures of the paper, the poster (1B) or the ablation tables; None where there are none."""

    parameters_m: float | None
    kmac: float | None
    note: str = ""


PUBLISHED = {
    "hpcm-base": Published(68.50, 918.57),
    "hpcm-large": Published(89.71, 1261.29),
    "hpcm-phi": Published(None, 872.80),
    "hpcm-1b": Published(1002.00, 9625.24, "poster; another build than the released code, not reproducible"),
    "hpcm-base-2-3-3": Published(None, 663.90),
    "hpcm-base-2-3-12": Published(None, 1427.91),
    "hpcm-base-4-3-6": Published(None, 925.59),
    "hpcm-base-flat": Published(None, 1107.48, "plainest reading of the text; the rest is not explained there"),
    "hpcm-base-no-fusion": Published(None, 872.80),
    "hpcm-base-psi": Published(None, 872.80),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a model costs; thousands of multiply-adds per pixel as run and as published ones are counted."""

    parameters: int
    gains: int
    kmac: float
    kmac_published: float


@cache
def cost(config: HPCMConfig) -> Cost:
    """Cost of one forward of a model, counted without weights."""
    with torch.device("meta"):
        model = HPCM(config).eval()
    kmac = kmac_per_pixel(model, _SIDE, _SIDE)
    gains = sum(parameters(stage.get_submodule("gains")) for stage in model.context.stages.values())
    return Cost(parameters(model), gains, kmac, kmac + _unused_fusion(model))


def _unused_fusion(model: HPCM) -> float:
    """Thousands of multiply-adds per pixel of the fusion after the last step."""
    last = model.config.steps.stages[-1]
    fusion: nn.Module | None = model.context.stages[last.name].fusion  # type: ignore[assignment]
    if not isinstance(fusion, Fusion):
        return 0.0
    lattice = torch.empty(1, 2 * model.config.latents, _SIDE // 16, _SIDE // 16, device="meta")
    return count_macs(fusion, lattice, lattice) / (1000 * _SIDE**2)


def table() -> str:
    """All models, one line each."""
    lines = [
        f"{'model':<20} {'parameters':>13} {'published':>9} {'kMAC/px':>8} {'counted as published':>20}"
        f" {'published':>9} {'differs':>8}"
    ]
    for name, config in CONFIGS.items():
        its, published = cost(config), PUBLISHED.get(name, Published(None, None))
        size = f"{published.parameters_m:.2f} M" if published.parameters_m else ""
        kmac = f"{published.kmac:.2f}" if published.kmac else ""
        differs = f"{100 * (its.kmac_published / published.kmac - 1):+.3f} %" if published.kmac else ""
        line = (
            f"{name:<20} {its.parameters:>13,} {size:>9} {its.kmac:>8.2f} {its.kmac_published:>20.2f}"
            f" {kmac:>9} {differs:>8}  {published.note}"
        )
        lines.append(line.rstrip())
    lines.append(f"parameters include the gain vectors ({_gains()}), which the published counts leave out")
    return "\n".join(lines)


def _gains() -> str:
    """Gains of the published models."""
    return ", ".join(f"{cost(CONFIGS[name]).gains:,} in {name}" for name in ("hpcm-base", "hpcm-1b"))


if __name__ == "__main__":
    print(table())
