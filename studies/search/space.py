"""The space of decoders: every synthesis transform that pico's file format and the native engine allow, as data."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tintype.models.pico.network import SIZES, PicoConfig

BASE = SIZES["pico-s"]  # encoder and entropy model are its own
STRIDES = (16, 8, 4)  # pixels per place of the stages, from coarse to fine
CHANNELS = ((64, 96, 128, 160, 192, 256), (32, 48, 64, 80, 96, 128), (16, 32, 48, 64))
BLOCKS = (range(7), range(5), range(4))
EXPANSIONS = (1, 2, 3, 4)
HEADS = (1, 3)
KMAC_SHARES = (0.15, 1.25)  # of today's decoder's kMAC/px: others are not looked at
PIXELS = 48  # outputs of the head: squares of 4x4 pixels, three colours

Shapes = NDArray[np.int64]
"""(n, 10): channels, blocks and expansion of the stages at 1/16, 1/8 and 1/4, then the head's side."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One decoder. Stages run from coarse to fine; a stage without blocks has expansion 1, so that names are unique."""

    channels: tuple[int, int, int]
    blocks: tuple[int, int, int]
    expansion: tuple[int, int, int]
    head: int

    @classmethod
    def of(cls, row: Shapes) -> "Shape":
        stages = [tuple(int(value) for value in row[first:9:3]) for first in range(3)]
        return cls(stages[0], stages[1], stages[2], int(row[9]))  # type: ignore[arg-type]

    @classmethod
    def named(cls, name: str) -> "Shape":
        """The inverse of `name`."""
        *stages, head = name.split("-")
        return cls.of(np.array([int(part) for stage in stages for part in stage.split("x")] + [int(head)]))

    @property
    def row(self) -> Shapes:
        stages = zip(self.channels, self.blocks, self.expansion, strict=True)
        return np.array([value for stage in stages for value in stage] + [self.head])

    @property
    def name(self) -> str:
        """Such as 192x3x2-128x3x2-64x2x2-3: channels x blocks x expansion of each stage, and the head."""
        row = [str(value) for value in self.row]
        return "-".join(["x".join(row[first : first + 3]) for first in (0, 3, 6)] + row[9:])

    @property
    def config(self) -> PicoConfig:
        """pico-s with this decoder."""
        decoder = tuple(zip(self.channels, self.blocks, strict=True))
        return replace(BASE, name=self.name, decoder=decoder, expansion=self.expansion, head=self.head)


TODAY = Shape(
    tuple(channels for channels, _ in BASE.decoder),  # type: ignore[arg-type]
    tuple(blocks for _, blocks in BASE.decoder),  # type: ignore[arg-type]
    BASE.expansion,
    BASE.head,
)


def everything() -> Shapes:
    """All decoders whose stages get narrower towards the pixels, where a channel costs four times as much."""
    stages = []
    for channels, blocks in zip(CHANNELS, BLOCKS, strict=True):
        wanted = [(c, n, e) for c, n, e in product(channels, blocks, EXPANSIONS) if n or e == EXPANSIONS[0]]
        stages.append(np.array(wanted))
    grids = np.meshgrid(*(np.arange(len(stage)) for stage in stages), np.array(HEADS), indexing="ij")
    chosen = [stage[grid.reshape(-1)] for stage, grid in zip(stages, grids[:3], strict=True)]
    rows = np.concatenate([*chosen, grids[3].reshape(-1, 1)], axis=1)
    falling = (rows[:, 0] > rows[:, 3]) & (rows[:, 3] > rows[:, 6])
    found: Shapes = rows[falling]
    return found


def kmac_per_pixel(shapes: Shapes) -> NDArray[np.float64]:
    """Thousands of multiply-adds per pixel of the synthesis, (n,)."""
    c16, c8, c4 = shapes[:, 0], shapes[:, 3], shapes[:, 6]
    between = (
        BASE.latents * c16 + 4 * (c16 + BASE.latents) * c8,  # the linear path beside the 1/16 stage is the last term
        4 * c8 * c4,
        PIXELS * c4 * shapes[:, 9] ** 2,
    )
    total = np.zeros(len(shapes))
    for stage, stride in enumerate(STRIDES):
        channels, blocks, expansion = shapes[:, 3 * stage : 3 * stage + 3].T
        total += (blocks * (9 + 2 * expansion * channels) * channels + between[stage]) / stride**2
    return total / 1000


def within_filter() -> Shapes:
    """What is left of `everything` by `KMAC_SHARES`."""
    shapes = everything()
    shares = kmac_per_pixel(shapes) / kmac_per_pixel(TODAY.row[None])
    found: Shapes = shapes[(shares >= KMAC_SHARES[0]) & (shares <= KMAC_SHARES[1])]
    return found
