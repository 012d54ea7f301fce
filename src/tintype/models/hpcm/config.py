"""Sizes and variants of the family, as data."""

from dataclasses import dataclass, replace
from typing import Literal

from tintype.models.hpcm.schedule import SCHEDULES, UNITS, Y_STRIDE, Schedule


@dataclass(frozen=True, slots=True)
class NetDepths:
    """Blocks of a context network: before the gain, after it, and after the head."""

    before: int
    after: int
    tail: int = 0


@dataclass(frozen=True, slots=True)
class HPCMConfig:
    """Everything that tells one HPCM model from another; the defaults are HPCM-Base without its oddity.

    Parameters
    ----------
    latents, hyper_latents : int
        Channels of y and z (M and N in the papers); `latents` is a multiple of 16.
    widths : (int, int, int)
        Channels of the transforms at stride 2, 4 and 8.
    analysis_depths : (int, int, int, int)
        Residual blocks of the analysis at stride 2, 4, 8 and 16.
    synthesis_depths : (int, int, int, int)
        Residual blocks of the synthesis at stride 16, 8, 4 and 2, in running order.
    image_kernel : 2 or 4
        Kernel of the first and last convolution.
    partial, expansion : int
        Of the residual blocks of all transforms (`layers.PartialBlock`).
    hyper_width : int
        Channels of the hyper transforms at stride 32.
    hyper_analysis_depths, hyper_synthesis_depths : (int, int)
        Residual blocks, in running order: stride 16 and 32; 32 and 16.
    coarse, fine : NetDepths
        Context network of the stages S1 and S2; of S3.
    adaptor_depths : (int, int, int)
        Blocks of each adaptor at S1, S2 and S3; 0: one 1x1 convolution.
    context : {"fused", "psi", "hyper"}
        What a step hands on as context: its output fused with the old context by windowed attention; its
        output as it is; nothing, so that each step sees hyper-parameters and decoded latents only.
    heads : int
        Attention heads of the fusion.
    schedule : str
        A key of `tintype.models.hpcm.schedule.SCHEDULES`.
    misplaced_hyper : bool
        Whether S2 gets its hyper-parameters in the wrong places, as the official weights need.
    fine_entropy : bool
        Whether likelihoods are exact in the tails and files are coded with the better tables and the nearest
        row (`entropy`, `tables`). Official weights keep what the authors' code does.
    """

    name: str
    latents: int = 320
    hyper_latents: int = 256
    widths: tuple[int, int, int] = (96, 192, 384)
    analysis_depths: tuple[int, int, int, int] = (2, 2, 4, 0)
    synthesis_depths: tuple[int, int, int, int] = (0, 4, 2, 2)
    image_kernel: Literal[2, 4] = 4
    partial: int = 4
    expansion: int = 4
    hyper_width: int = 256
    hyper_analysis_depths: tuple[int, int] = (1, 3)
    hyper_synthesis_depths: tuple[int, int] = (3, 1)
    coarse: NetDepths = NetDepths(2, 1)
    fine: NetDepths = NetDepths(3, 2)
    adaptor_depths: tuple[int, int, int] = (0, 0, 0)
    context: Literal["fused", "psi", "hyper"] = "fused"
    heads: int = 32
    schedule: str = "2-3-6"
    misplaced_hyper: bool = False
    fine_entropy: bool = True

    def __post_init__(self) -> None:
        assert self.latents % UNITS == 0 and 2 * self.latents % self.heads == 0
        assert self.schedule in SCHEDULES

    @property
    def steps(self) -> Schedule:
        """The coding steps."""
        return SCHEDULES[self.schedule]

    @property
    def multiple(self) -> int:
        """What height and width of a picture must be multiples of."""
        lattice = self.steps.multiple
        if self.context == "fused":
            lattice = max(lattice, *(stage.window * stage.stride for stage in self.steps.stages))
        return Y_STRIDE * lattice


_BASE = HPCMConfig("hpcm-base", misplaced_hyper=True, fine_entropy=False)

OFFICIAL: dict[str, HPCMConfig] = {
    config.name: config
    for config in (
        _BASE,
        replace(
            _BASE,
            name="hpcm-large",
            analysis_depths=(2, 2, 8, 0),
            synthesis_depths=(0, 8, 2, 2),
            coarse=NetDepths(2, 2),
            fine=NetDepths(4, 3),
        ),
        replace(_BASE, name="hpcm-phi", context="psi"),
        replace(
            _BASE,
            name="hpcm-1b",
            latents=512,
            widths=(192, 384, 768),
            analysis_depths=(3, 9, 3, 3),
            synthesis_depths=(3, 9, 3, 3),
            image_kernel=2,
            partial=2,
            hyper_width=512,
            hyper_analysis_depths=(4, 9),
            hyper_synthesis_depths=(9, 4),
            coarse=NetDepths(5, 3, 2),
            fine=NetDepths(6, 4, 2),
            adaptor_depths=(5, 5, 7),
            context="psi",
        ),
    )
}
"""The published models; weights of the authors fit them."""

SMALL: dict[str, HPCMConfig] = {
    config.name: config
    for config in (
        HPCMConfig(
            "hpcm-nano",
            latents=64,
            hyper_latents=64,
            widths=(24, 48, 96),
            analysis_depths=(1, 2, 3, 0),
            synthesis_depths=(0, 3, 2, 1),
            hyper_width=64,
            hyper_analysis_depths=(0, 1),
            hyper_synthesis_depths=(1, 0),
            coarse=NetDepths(1, 1),
            fine=NetDepths(2, 1),
            heads=8,
        ),
        HPCMConfig(
            "hpcm-tiny",
            latents=96,
            hyper_latents=64,
            widths=(40, 80, 160),
            hyper_width=96,
            hyper_analysis_depths=(1, 2),
            hyper_synthesis_depths=(2, 1),
            coarse=NetDepths(1, 1),
            fine=NetDepths(2, 1),
            heads=12,
        ),
        HPCMConfig(
            "hpcm-small",
            latents=160,
            hyper_latents=160,
            widths=(64, 128, 256),
            hyper_width=160,
            heads=16,
        ),
    )
}
"""Sizes for study and training, without the oddity of the official weights."""

VARIANTS: dict[str, HPCMConfig] = {
    config.name: config
    for config in (
        HPCMConfig("hpcm-base-2-3-3", schedule="2-3-3"),
        HPCMConfig("hpcm-base-2-3-12", schedule="2-3-12"),
        HPCMConfig("hpcm-base-4-3-6", schedule="4-3-6"),
        HPCMConfig("hpcm-base-flat", schedule="2-3-6-flat"),
        HPCMConfig("hpcm-base-no-fusion", context="hyper"),
        HPCMConfig("hpcm-base-psi", context="psi"),
    )
}
"""The ablations of the paper, for training: nobody published weights of them."""

CONFIGS: dict[str, HPCMConfig] = {**OFFICIAL, **SMALL, **VARIANTS}
"""Every model of the family by name."""
