"""pico: a hyperprior codec whose entropy decoder needs integers only (after Apple's PICO, arXiv 2605.05148).

One model for all qualities: 8 anchor levels, real levels 0..70 between them. The transforms see no level; it enters
through the quantisation widths (gains) and through integer biases of the scale decoder.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.codec.entropy.tables import CLASSES, SIGMA_MAX, SIGMA_MIN
from tintype.codec.steps import HIGH_RATE
from tintype.models.pico.layers import Activation, Block, Conv, blocks
from tintype.models.pico.schedule import LEVELS, UNIT, lambda_of

ANCHORS = 8  # trained levels; file level k lies at anchor k / 10
LOG_RATIO = math.log(SIGMA_MAX / SIGMA_MIN) / (CLASSES - 1)  # of neighbouring classes
Z_INDEX_MIN = math.log(0.25 / SIGMA_MIN) / LOG_RATIO  # hyper-latents never get sharper than sigma 0.25

Stage = tuple[int, int]  # channels, blocks


@dataclass(frozen=True, slots=True)
class PicoConfig:
    """Sizes; stages run from fine to coarse in the encoder, from coarse to fine in the decoder.

    Parameters
    ----------
    expansion : hidden channels of the decoder's blocks as multiples of its channels, by stage
    head : side of the decoder's last kernel, 3 or 1
    """

    name: str
    model_id: int
    encoder: tuple[Stage, Stage, Stage]  # at 1/4, 1/8, 1/16
    decoder: tuple[Stage, Stage, Stage]  # at 1/16, 1/8, 1/4
    hyper_encoder: Stage  # at 1/32
    context_decoder: tuple[int, int, int]  # channels at 1/64, 1/32, 1/16
    context_model: int  # channels at 1/16
    scale_decoder: tuple[int, int]  # channels at 1/32, 1/16
    latents: int = 320
    hyper_latents: int = 96
    expansion: tuple[int, int, int] = (2, 2, 2)
    head: int = 3


PICO_S = PicoConfig(
    "pico-s",
    1,
    encoder=((96, 3), (160, 5), (256, 6)),
    decoder=((192, 3), (128, 3), (64, 2)),
    hyper_encoder=(192, 1),
    context_decoder=(128, 128, 160),
    context_model=160,
    scale_decoder=(56, 64),
)
# the best decoder of half of the time: docs/search.md
PICO_XS = replace(PICO_S, name="pico-xs", model_id=4, decoder=((128, 3), (80, 1), (64, 2)), expansion=(1, 4, 2), head=1)
SIZES = {
    config.name: config
    for config in (
        PICO_S,
        PICO_XS,
        PicoConfig(
            "pico-m",
            2,
            encoder=((128, 4), (224, 6), (384, 8)),
            decoder=((384, 4), (224, 4), (112, 3)),
            hyper_encoder=(256, 2),
            context_decoder=(192, 192, 256),
            context_model=256,
            scale_decoder=(56, 96),
            hyper_latents=128,
        ),
    )
}


class Analysis(nn.Module):
    """(B, 3, H, W) in [0, 1] to latents (B, N, H/16, W/16) and hyper-latents (B, M, H/64, W/64), not rounded."""

    def __init__(self, config: PicoConfig) -> None:
        super().__init__()
        (c4, n4), (c8, n8), (c16, n16) = config.encoder
        hyper, n_hyper = config.hyper_encoder
        self.stem = Conv(3, c4, 3, "in")
        self.blocks4 = blocks(c4, n4)
        self.down8 = Conv(c4, c8, resampling="down")
        self.blocks8 = blocks(c8, n8)
        self.down16 = Conv(c8, c16, resampling="down")
        self.blocks16 = blocks(c16, n16)
        self.head = Conv(c16, config.latents)
        self.linear = Conv(c8, config.latents, resampling="down")  # around the non-linear 1/16 stage
        self.down32 = Conv(c16, hyper, resampling="down")
        self.blocks32 = blocks(hyper, n_hyper)
        self.down64 = Conv(hyper, config.hyper_latents, resampling="down")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h8 = self.blocks8(self.down8(self.blocks4(self.stem(x - 0.5))))  # (B, C8, H/8, W/8); mid-grey is 0
        h16 = self.blocks16(self.down16(h8))  # (B, C16, H/16, W/16)
        # the linear path alone is a block transform, where training starts; the blocks learn what it cannot do
        y = UNIT * (self.head(h16) + self.linear(h8))  # (B, N, H/16, W/16)
        z = self.down64(self.blocks32(self.down32(h16)))  # (B, M, H/64, W/64)
        return y, z


class Synthesis(nn.Module):
    """Latents (B, N, h, w) to pixels (B, 3, 16h, 16w), not clipped."""

    def __init__(self, config: PicoConfig) -> None:
        super().__init__()
        (c16, n16), (c8, n8), (c4, n4) = config.decoder
        e16, e8, e4 = config.expansion
        self.tail = Conv(config.latents, c16)
        self.blocks16 = blocks(c16, n16, e16)
        self.up8 = Conv(c16, c8, resampling="up")
        self.linear = Conv(config.latents, c8, resampling="up")  # around the non-linear 1/16 stage
        self.blocks8 = blocks(c8, n8, e8)
        self.up4 = Conv(c8, c4, resampling="up")
        self.blocks4 = blocks(c4, n4, e4)
        self.out = Conv(c4, 3, config.head, "out")

    def forward(self, y: Tensor) -> Tensor:
        y = y / UNIT  # the networks work in units of the picture's range
        h8 = self.up8(self.blocks16(self.tail(y))) + self.linear(y)  # (B, C8, 2h, 2w)
        x: Tensor = self.out(self.blocks4(self.up4(self.blocks8(h8)))) + 0.5
        return x


class ContextDecoder(nn.Module):
    """Hyper-latents (B, M, h/4, w/4) to the prior (B, 2N, h, w): means / UNIT, then log relative widths."""

    def __init__(self, config: PicoConfig) -> None:
        super().__init__()
        c64, c32, c16 = config.context_decoder
        self.net = nn.Sequential(
            Conv(config.hyper_latents, c64),
            Activation(),
            Conv(c64, c32, resampling="up"),
            Block(c32),
            Conv(c32, c16, resampling="up"),
            Block(c16),
            Conv(c16, 2 * config.latents),
        )

    def forward(self, z_hat: Tensor) -> Tensor:
        prior: Tensor = self.net(z_hat)
        return prior


class ContextModel(nn.Module):
    """Prior and the latents of the first group (zero elsewhere) to a refined prior."""

    def __init__(self, config: PicoConfig) -> None:
        super().__init__()
        c = config.context_model
        self.net = nn.Sequential(Conv(3 * config.latents, c), Activation(), Block(c), Conv(c, 2 * config.latents))

    def forward(self, prior: Tensor, y_bar: Tensor) -> Tensor:
        # a correction, so that zero weights leave the prior as it is
        refined: Tensor = prior + self.net(torch.cat((prior, y_bar / UNIT), 1))  # (B, 3N, h, w) to (B, 2N, h, w)
        return refined


class ScaleDecoder(nn.Module):
    """Hyper-latents to the real row index of every latent: the float original of the integer network.

    Export makes it integer (models/pico/integer_torch.py). Biases of the first and the last layer depend on the level.
    """

    def __init__(self, config: PicoConfig) -> None:
        super().__init__()
        c32, c16 = config.scale_decoder
        self.first = nn.Conv2d(config.hyper_latents, 4 * c32, 1)
        self.middle = nn.Conv2d(c32, c32, 3, padding=1)
        self.third = nn.Conv2d(c32, 4 * c16, 1)
        self.last = nn.Conv2d(c16, config.latents, 1, bias=False)
        self.first_bias = nn.Parameter(torch.zeros(ANCHORS, 4 * c32))
        self.last_bias = nn.Parameter(torch.zeros(ANCHORS, config.latents))
        nn.init.normal_(self.last.weight, std=0.1 * c16**-0.5)

    def forward(self, z_hat: Tensor, at: Tensor) -> Tensor:
        """`at`: (B, ANCHORS) interpolation weights of the level."""
        # plain layers and ReLU: the integer form needs clamping and rounding alone
        x = self.first(z_hat) + (at @ self.first_bias)[..., None, None]  # (B, 4 C32, h, w)
        x = F.relu(self.middle(F.pixel_shuffle(F.relu(x), 2)))  # (B, C32, 2h, 2w)
        x = F.pixel_shuffle(F.relu(self.third(x)), 2)  # (B, C16, 4h, 4w)
        index: Tensor = self.last(x) + (at @ self.last_bias)[..., None, None]  # (B, N, 4h, 4w)
        return index


class Pico(nn.Module):
    """All networks of one size; `models/pico/schedule.py` says in which order they run.

        x (B, 3, H, W) --analysis--> y (B, N, H/16, W/16), z (B, M, H/64, W/64)

        z_hat = round(z - z_mean) + z_mean, clipped to +-31; each channel has its own row (z_index)
        z_hat --scale decoder (integers), level--> row of every latent --> entropy coder
        z_hat --context decoder--> prior (B, 2N, H/16, W/16): mean, t

        pass 1, a quarter of the latents:  prior                                          --> mean, width
        pass 2, the rest:                  prior, y_hat of pass 1 --context model--> refined --> mean, width

        width = exp(log_gain of the level + t clipped to +-2.5)
        symbol = round((y - mean) / width), y_hat = symbol * width + mean
        y_hat --synthesis--> x_hat (B, 3, H, W)

    Rows come from z_hat alone, so that an entropy decoder need not wait for the float networks.
    """

    def __init__(self, config: PicoConfig) -> None:
        super().__init__()
        self.config = config
        self.analysis = Analysis(config)
        self.synthesis = Synthesis(config)
        self.context_decoder = ContextDecoder(config)
        self.context_model = ContextModel(config)
        self.scale_decoder = ScaleDecoder(config)
        self.log_gain = nn.Parameter(initial_log_gain().repeat(1, config.latents))  # (ANCHORS, N), latent units
        self.z_mean = nn.Parameter(torch.zeros(config.hyper_latents))  # (M,), made integers at export
        # (M,), real row indices; they begin at a sigma of one symbol
        self.z_index = nn.Parameter(torch.full((config.hyper_latents,), sigma_to_index(1.0)))


def initial_log_gain() -> Tensor:
    """(ANCHORS, 1): the width at which a uniform quantiser is optimal at high rate, width^2 = HIGH_RATE / lambda."""
    lambdas = lambda_of(torch.linspace(0, LEVELS - 1, ANCHORS))
    return 0.5 * torch.log(HIGH_RATE / lambdas)[:, None] - math.log(255 / UNIT)


def anchor_weights(level: Tensor) -> Tensor:
    """Linear interpolation between anchors: levels (B,) in [0, 70] to (B, ANCHORS)."""
    position = level[:, None] * ((ANCHORS - 1) / (LEVELS - 1))  # (B, 1) in [0, 7]
    # hat functions: at most two are positive, and they add up to 1
    return F.relu(1 - (position - torch.arange(ANCHORS, device=level.device)).abs())


def sigma_to_index(sigma: float) -> float:
    """Real row index of a Gaussian's sigma, in units of symbols."""
    return math.log(sigma / SIGMA_MIN) / LOG_RATIO
