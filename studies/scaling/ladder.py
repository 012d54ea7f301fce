"""Sizes of both families, each by one rule of widths and depths.

HPCM's rule has one number, the latents M: widths are proportional to M, depths to its square root. At M = 320 it gives
HPCM-Base, but for the heads of its attention, which cost nothing. Large is deeper than the rule; 1B is deeper, too, and
its blocks cost more. pico's rule scales the widths of pico-s and keeps its depths.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal
from unittest.mock import patch

from tintype.models.hpcm import CONFIGS
from tintype.models.hpcm.config import HPCMConfig, NetDepths
from tintype.models.pico.network import SIZES, PicoConfig
from tintype.training.config import HPCMRun, PicoRun, RunConfig
from tintype.training.report.needs import needs

Family = Literal["hpcm", "pico"]

BASE, HEAD_CHANNELS = CONFIGS["hpcm-base"], 16
PICO_S, PICO_PARTS = SIZES["pico-s"], 8
SIDE = 256  # of the picture that is counted; the count for each pixel does not depend on it


@dataclass(frozen=True, slots=True)
class Size:
    """Trainable values, and multiply-adds of one forward pass (encoder and decoder) for each pixel."""

    parameters: int
    macs_per_pixel: float


def _up_to_8(numerator: int, denominator: int) -> int:
    """numerator / denominator, rounded up to a multiple of 8."""
    return 8 * -(-numerator // (8 * denominator))


def hpcm(latents: int) -> HPCMConfig:
    """HPCM with M latents, a multiple of 16."""

    def depth(blocks: int) -> int:
        return max(1, round(blocks * (latents / BASE.latents) ** 0.5)) if blocks else 0

    def width(channels: int) -> int:
        return _up_to_8(channels * latents, BASE.latents)

    stride2, stride4, stride8 = map(width, BASE.widths)
    a2, a4, a8, a16 = map(depth, BASE.analysis_depths)
    s16, s8, s4, s2 = map(depth, BASE.synthesis_depths)
    h16, h32 = map(depth, BASE.hyper_analysis_depths)
    return HPCMConfig(
        f"hpcm-m{latents}",
        latents=latents,
        hyper_latents=width(BASE.hyper_latents),
        widths=(stride2, stride4, stride8),
        analysis_depths=(a2, a4, a8, a16),
        synthesis_depths=(s16, s8, s4, s2),
        hyper_width=width(BASE.hyper_width),
        hyper_analysis_depths=(h16, h32),
        hyper_synthesis_depths=(h32, h16),
        coarse=NetDepths(depth(BASE.coarse.before), depth(BASE.coarse.after)),
        fine=NetDepths(depth(BASE.fine.before), depth(BASE.fine.after)),
        heads=2 * latents // HEAD_CHANNELS,
    )


def pico(parts: int) -> PicoConfig:
    """pico with widths of `parts` eighths of those of pico-s; latents follow up to those of pico-s."""

    def width(channels: int) -> int:
        return _up_to_8(channels * parts, PICO_PARTS)

    (e4, n4), (e8, n8), (e16, n16) = PICO_S.encoder
    (d16, m16), (d8, m8), (d4, m4) = PICO_S.decoder
    hyper, hyper_blocks = PICO_S.hyper_encoder
    c64, c32, c16 = map(width, PICO_S.context_decoder)
    s32, s16 = map(width, PICO_S.scale_decoder)
    return replace(
        PICO_S,
        name=f"pico-w{parts}",
        # the structured start keeps all values of 4x4 pixels
        encoder=((max(48, width(e4)), n4), (width(e8), n8), (width(e16), n16)),
        decoder=((width(d16), m16), (width(d8), m8), (max(48, width(d4)), m4)),
        hyper_encoder=(width(hyper), hyper_blocks),
        context_decoder=(c64, c32, c16),
        context_model=width(PICO_S.context_model),
        scale_decoder=(s32, s16),
        latents=min(width(PICO_S.latents), PICO_S.latents),
        hyper_latents=min(width(PICO_S.hyper_latents), PICO_S.hyper_latents),
    )


LADDERS: dict[Family, dict[str, HPCMConfig | PicoConfig]] = {
    "hpcm": {config.name: config for config in map(hpcm, (16, 32, 48, 64, 80, 112, 144))},
    "pico": {config.name: config for config in map(pico, (1, 2, 3, 4, 6, 8, 12))},
}
"""Rungs of the studies by name, smallest first."""


def relative_rate(config: HPCMConfig | PicoConfig) -> float:
    """Learning rate of a rung, relative to that of hpcm-m64 or pico-s.

    Adam's best rate falls inversely to the width where weights start alike (Yang et al. 2022, muP). Of 5e-4 to 4e-3,
    hpcm-m16 learned most in 300 steps at 4e-3; the rule gives it four times the rate of hpcm-m64.
    """
    if isinstance(config, HPCMConfig):
        return 64 / config.latents
    return PICO_S.encoder[-1][0] / config.encoder[-1][0]


@contextmanager
def trainable() -> Iterator[None]:
    """Let training find the rungs by name: they are no models of the package."""
    with patch.dict(CONFIGS, LADDERS["hpcm"]), patch.dict(SIZES, LADDERS["pico"]):
        yield


@cache
def size(config: HPCMConfig | PicoConfig) -> Size:
    """Size of any model of a family, counted without weights."""
    run: RunConfig
    if isinstance(config, HPCMConfig):
        run = HPCMRun(model=config.name, crop=SIDE)
    else:
        run = PicoRun(model=config.name, crop=SIDE)
    with patch.dict(CONFIGS, {config.name: config}), patch.dict(SIZES, {config.name: config}):
        counted = needs(run)
    return Size(counted.parameters, counted.macs / SIDE**2)
