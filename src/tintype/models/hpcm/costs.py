"""Parameters and multiply-adds of every model beside the published figures: `python -m
tintype.models.hpcm.costs`.

The published multiply-adds are those of one `forward`, with the fusion after the last step, whose result
nobody uses; ours leaves it out. The table shows both.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from tintype.models.hpcm.config import CONFIGS, HPCMConfig
from tintype.models.hpcm.context import StageModel
from tintype.models.hpcm.network import HPCM
from tintype.models.hpcm.schedule import Y_STRIDE
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
    """What a model costs; multiply-adds in thousands per pixel.

    Parameters
    ----------
    parameters : int
        Trainable values, gain vectors included.
    gains : int
        Values in gain vectors.
    kmac : float
        One forward, as run.
    kmac_published : float
        One forward, counted as the published figures are.
    kmac_encoder, kmac_decoder : float
        As run: everything but the synthesis; everything but analysis and hyper-analysis.
    """

    parameters: int
    gains: int
    kmac: float
    kmac_published: float
    kmac_encoder: float
    kmac_decoder: float


@cache
def cost(config: HPCMConfig) -> Cost:
    """Cost of a model, counted without weights."""
    with torch.device("meta"):
        model = HPCM(config).eval()
    side = _SIDE // Y_STRIDE
    y = torch.empty(1, config.latents, side, side, device="meta")
    picture = torch.empty(1, 3, _SIDE, _SIDE, device="meta")
    kmac = kmac_per_pixel(model, _SIDE, _SIDE)
    analysis = _kmac(model.analysis, picture) + _kmac(model.hyper_analysis, y)
    gains = sum(parameters(stage.get_submodule("gains")) for stage in model.context.stages.values())
    return Cost(
        parameters=parameters(model),
        gains=gains,
        kmac=kmac,
        kmac_published=kmac + _unused_fusion(model),
        kmac_encoder=kmac - _kmac(model.synthesis, y),
        kmac_decoder=kmac - analysis,
    )


def _unused_fusion(model: HPCM) -> float:
    """Cost of the fusion after the last step."""
    stage = model.context.stages[model.config.steps.stages[-1].name]
    assert isinstance(stage, StageModel)
    if stage.fusion is None:
        return 0.0
    lattice = torch.empty(1, 2 * model.config.latents, _SIDE // Y_STRIDE, _SIDE // Y_STRIDE, device="meta")
    return _kmac(stage.fusion, lattice, lattice)


def _kmac(module: nn.Module, *inputs: torch.Tensor) -> float:
    """Thousands of multiply-adds per pixel of the picture."""
    return count_macs(module, *inputs) / (1000 * _SIDE**2)


def table() -> str:
    """All models, one line each."""
    lines = [
        f"{'model':<20}{'parameters':>14}{'published':>11}{'encoder':>9}{'decoder':>9}{'forward':>9}"
        f"{'as published':>14}{'published':>11}{'differs':>10}"
    ]
    for name, config in CONFIGS.items():
        its, published = cost(config), PUBLISHED.get(name, Published(None, None))
        size = f"{published.parameters_m:.2f} M" if published.parameters_m else ""
        kmac = f"{published.kmac:.2f}" if published.kmac else ""
        differs = f"{100 * (its.kmac_published / published.kmac - 1):+.3f} %" if published.kmac else ""
        line = (
            f"{name:<20}{its.parameters:>14,}{size:>11}{its.kmac_encoder:>9.2f}{its.kmac_decoder:>9.2f}"
            f"{its.kmac:>9.2f}{its.kmac_published:>14.2f}{kmac:>11}{differs:>10}  {published.note}"
        )
        lines.append(line.rstrip())
    gains = ", ".join(f"{cost(CONFIGS[name]).gains:,} in {name}" for name in ("hpcm-base", "hpcm-1b"))
    lines += [
        "Multiply-adds in thousands per pixel. Encoder, decoder and forward: as run. As published: with the fusion",
        "after the last step, whose result nobody uses.",
        f"Parameters include the gain vectors ({gains}), which published counts leave out.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
