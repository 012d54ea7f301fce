"""Which latents HPCM codes when: its coding steps as data, without torch.

HPCM codes the latents y of shape (B, C, H, W) in stages of growing lattices: S1 holds 1/16 of the elements,
S2 another 3/16, S3 the rest. A lattice takes its elements from different places of y in different channels,
so that a small array sees all of the picture. Within a stage, steps follow each other; the elements of one
step are coded together, given everything before.

Where elements sit is told by strided slices alone (`Slab`). A `Placement` says where the elements of a small
array live in a large one; sub-lattices and steps are both placements, and the same few lines copy in either
direction for numpy and torch. Channels are counted in sixteenths (`UNITS`): one schedule serves every width.

The order of symbols in a stream is: steps in order; within a step the small array in C order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from types import EllipsisType
from typing import Any, Literal

UNITS = 16
"""Parts into which channels are divided; the number of channels of y must be a multiple of it."""

Y_STRIDE, Z_STRIDE = 16, 64
"""Pixels per latent and per hyper-latent, in rows and in columns."""

Index = tuple[EllipsisType, slice, slice, slice]
Offset = tuple[int, int]  # (row, column)


@dataclass(frozen=True, slots=True)
class Slab:
    """A part of an array: channels [start, stop) in sixteenths of y's, rows and columns by a stride."""

    start: int
    stop: int
    row: int = 0
    column: int = 0
    stride: int = 1

    def index(self, channels: int) -> Index:
        """Index of the slab in an array (..., channels, rows, columns); `channels` are those of y."""
        unit = channels // UNITS
        return (
            ...,
            slice(self.start * unit, self.stop * unit),
            slice(self.row, None, self.stride),
            slice(self.column, None, self.stride),
        )


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the elements of a small array sit in a large one.

    Parameters
    ----------
    channels : int
        Channels of the small array, in sixteenths of y's.
    stride : int
        Rows (columns) of the large array per row (column) of the small one.
    pairs : tuple of (Slab, Slab)
        Equal elements: slab of the small array, slab of the large one. The first of all pairs tile the small
        array.
    """

    channels: int
    stride: int
    pairs: tuple[tuple[Slab, Slab], ...]

    def small_shape(self, large: Sequence[int], channels: int) -> tuple[int, ...]:
        """Shape of the small array for a large one of shape `large`; `channels` are those of y."""
        *batch, _, height, width = large
        return (*batch, channels // UNITS * self.channels, height // self.stride, width // self.stride)

    def within(self, outer: "Placement") -> "Placement":
        """This placement seen from the array that holds its large array by the sub-lattice `outer`."""
        pairs = []
        for (small, middle), (inner, large) in product(self.pairs, outer.pairs):
            start, stop = max(middle.start, inner.start), min(middle.stop, inner.stop)
            if start < stop:
                size = stop - start
                skip_small, skip_large = start - middle.start, start - inner.start
                first = Slab(
                    small.start + skip_small,
                    small.start + skip_small + size,
                    small.row,
                    small.column,
                    small.stride,
                )
                second = Slab(
                    large.start + skip_large,
                    large.start + skip_large + size,
                    large.row + large.stride * middle.row,
                    large.column + large.stride * middle.column,
                    large.stride * middle.stride,
                )
                pairs.append((first, second))
        return Placement(self.channels, self.stride * outer.stride, tuple(pairs))


@cache
def indices(placement: Placement, channels: int) -> tuple[tuple[Index, Index], ...]:
    """Index pairs (small, large) of a placement for y with `channels` channels."""
    return tuple((small.index(channels), large.index(channels)) for small, large in placement.pairs)


def fill_small(small: Any, large: Any, pairs: Iterable[tuple[Index, Index]]) -> None:
    """Copy elements of the large array to the small one, in place (numpy or torch)."""
    for to, source in pairs:
        small[to] = large[source]


def fill_large(large: Any, small: Any, pairs: Iterable[tuple[Index, Index]]) -> None:
    """Copy the small array to its places in the large one, in place (numpy or torch)."""
    for source, to in pairs:
        large[to] = small[source]


@dataclass(frozen=True, slots=True)
class CodingStep:
    """Symbols coded together.

    Parameters
    ----------
    number : int
        1 for the first step of y; the hyper-latents are step 0.
    symbols : Placement
        Their places in the lattice of the stage.
    latents : Placement
        The same places seen from y.
    network : int or None
        Number of the step among those of its stage that run the networks (each has an adaptor and a gain of
        its own); None: the density is that of the hyper-parameters as they are.
    """

    number: int
    symbols: Placement
    latents: Placement
    network: int | None


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps on one lattice.

    Parameters
    ----------
    name : str
        "s1", "s2" or "s3".
    lattice : Placement or None
        The lattice as a part of y; None: all of y.
    previous : Placement or None
        The lattice of the previous stage as a part of this one; None: the same lattice, or no previous stage.
    net : {"coarse", "fine"}
        The context network that its steps share.
    window : int
        Side of the attention windows of the fusion, in elements of the lattice.
    steps : tuple of CodingStep
    """

    name: str
    lattice: Placement | None
    previous: Placement | None
    net: Literal["coarse", "fine"]
    window: int
    steps: tuple[CodingStep, ...]

    @property
    def networked(self) -> tuple[CodingStep, ...]:
        """The steps that run the networks."""
        return tuple(step for step in self.steps if step.network is not None)

    @property
    def stride(self) -> int:
        """Rows of y per row of the lattice."""
        return self.lattice.stride if self.lattice else 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """All steps of y, in coding order."""

    name: str
    stages: tuple[Stage, ...]

    @property
    def steps(self) -> tuple[CodingStep, ...]:
        """Steps of all stages."""
        return tuple(step for stage in self.stages for step in stage.steps)

    @property
    def multiple(self) -> int:
        """What rows and columns of y must be multiples of, attention windows left aside."""
        return max(large.stride for step in self.steps for _, large in step.latents.pairs)


# A pattern lists, per channel group, the positions (modulo the period) that a step codes. At every position
# exactly as many groups are active as the small array has groups of channels.

Pattern = tuple[tuple[Offset, ...], ...]

_QUAD: tuple[Offset, ...] = ((0, 0), (0, 1), (1, 0), (1, 1))
_S2_OFFSETS: tuple[Offset, ...] = ((0, 0), (1, 1), (0, 1), (1, 0)) * 2  # of S2 in y, by channel eighth


def _half_lattice(offsets: Sequence[Offset]) -> Placement:
    """A lattice of half the rows and columns, shifted by an offset per channel group."""
    units = UNITS // len(offsets)
    groups = ((g * units, (g + 1) * units, r, c) for g, (r, c) in enumerate(offsets))
    return Placement(UNITS, 2, tuple((Slab(a, b), Slab(a, b, r, c, 2)) for a, b, r, c in groups))


S2_IN_Y = _half_lattice(_S2_OFFSETS)
S1_IN_S2 = _half_lattice(_QUAD)
S1_IN_Y = S1_IN_S2.within(S2_IN_Y)


def _placement(pattern: Pattern, period: int) -> Placement:
    """Placement of a step's symbols: at each position the active groups, in order, fill the small array."""
    units = UNITS // len(pattern)
    filled: dict[Offset, int] = {}
    pairs = []
    for group, positions in enumerate(pattern):
        for row, column in positions:
            start = filled.get((row, column), 0)
            filled[row, column] = start + units
            small = Slab(start, start + units, row, column, period)
            pairs.append((small, Slab(group * units, (group + 1) * units, row, column, period)))
    assert set(filled) == set(product(range(period), repeat=2)), "a position without symbols"
    (channels,) = set(filled.values())
    return Placement(channels, 1, tuple(pairs))


def _moved(offsets: Sequence[Offset], row: int, column: int) -> Pattern:
    """One position per group, exclusive-or'd with (row, column); moves of one lattice never meet."""
    return tuple(((r ^ row, c ^ column),) for r, c in offsets)


_CHECKERBOARD: tuple[Pattern, ...] = (
    (((0, 0), (1, 1)), ((0, 1), (1, 0))),
    (((0, 1), (1, 0)), ((0, 0), (1, 1))),
)
_REST: tuple[Offset, ...] = (
    (1, 1),
    (1, 0),
    (0, 1),
)  # moves to what a 2x2 lattice leaves open, diagonal first
_S1_FOUR = tuple(_moved(_QUAD, *move) for move in ((0, 0), *_REST))
_S2_THREE = tuple(_moved(_QUAD, *move) for move in _REST)
_S3_THREE = tuple(_moved(_S2_OFFSETS, *move) for move in _REST)

# The eight pairs of positions of the published S3 steps, and which pair each channel eighth takes in each
# step.
_PAIRS: tuple[tuple[Offset, ...], ...] = (
    ((0, 0), (2, 2)),
    ((0, 2), (2, 0)),
    ((1, 1), (3, 3)),
    ((1, 3), (3, 1)),
    ((0, 1), (2, 3)),
    ((0, 3), (2, 1)),
    ((1, 0), (3, 2)),
    ((1, 2), (3, 0)),
)
_S3_SIX = tuple(
    tuple(_PAIRS[int(pair)] for pair in step)
    for step in ("24603571", "35712460", "46025713", "57134602", "60247135", "71356024")
)

# Twelve steps: channel sixteenth t has the S2 offset of its eighth in the low bits of its position and a high
# part that tells the four sixteenths of equal offset apart, so every position has one sixteenth in every
# step.
_SIXTEENTHS = tuple((_S2_OFFSETS[t // 2][0] + 2 * (t // 8), _S2_OFFSETS[t // 2][1] + 2 * (t % 2)) for t in range(16))
_S3_TWELVE = tuple(
    _moved(_SIXTEENTHS, low[0] + high[0], low[1] + high[1])
    for low in _REST
    for high in ((0, 0), (2, 2), (0, 2), (2, 0))
)


def _schedule(
    name: str,
    s1: Sequence[Pattern],
    s2: Sequence[Pattern],
    s3: Sequence[Pattern],
    s3_period: int,
    flat: bool = False,
) -> Schedule:
    """A schedule from the patterns of its stages; `flat`: the same elements, but all networks see all of
    y."""
    plans = (("s1", S1_IN_Y, s1, 2, 4), ("s2", S2_IN_Y, s2, 2, 8), ("s3", None, s3, s3_period, 8))
    nested = {"s2": S1_IN_S2, "s3": S2_IN_Y}
    stages = []
    number = 0
    for stage, lattice, patterns, period, window in plans:
        steps: list[CodingStep] = []
        for pattern in patterns:
            symbols = _placement(pattern, period)
            latents = symbols.within(lattice) if lattice else symbols
            number += 1
            network = None if number == 1 else len(steps) - (stage == "s1")
            steps.append(CodingStep(number, latents if flat else symbols, latents, network))
        stages.append(
            Stage(
                name=stage,
                lattice=None if flat else lattice,
                previous=None if flat else nested.get(stage),
                net="fine" if stage == "s3" else "coarse",
                window=8 if flat else window,
                steps=tuple(steps),
            )
        )
    return Schedule(name, tuple(stages))


SCHEDULES: dict[str, Schedule] = {
    schedule.name: schedule
    for schedule in (
        _schedule("2-3-6", _CHECKERBOARD, _S2_THREE, _S3_SIX, 4),
        _schedule("2-3-3", _CHECKERBOARD, _S2_THREE, _S3_THREE, 2),
        _schedule("2-3-12", _CHECKERBOARD, _S2_THREE, _S3_TWELVE, 4),
        _schedule("4-3-6", _S1_FOUR, _S2_THREE, _S3_SIX, 4),
        _schedule("2-3-6-flat", _CHECKERBOARD, _S2_THREE, _S3_SIX, 4, flat=True),
    )
}
"""Schedules by name: steps of S1, S2 and S3. Only "2-3-6" is published; the patterns of the others are
ours."""


@cache
def misplaced_indices(channels: int, width: int) -> tuple[tuple[Index, Index], ...]:
    """Index pairs (to, source) of the misplaced hyper-parameters at S2 that official weights were trained
    with.

    The authors pick the hyper-parameters of S2 with a wrong idea of where S1 sits, list them in raster order
    and write them in raster order to the places that are not S1. In channel eighths 2 to 7 values therefore
    land elsewhere than they belong, in 4 to 7 up to half the width away. Places that no pair names (those of
    S1) are zero.

    Parameters
    ----------
    channels : int
        Channels of y.
    width : int
        Columns of the S2 lattice; even.
    """
    eighth, half = channels // 8, width // 2
    even, odd, everything = slice(0, None, 2), slice(1, None, 2), slice(None)
    first, second = slice(0, half), slice(half, None)
    shifted = (
        ((even, first), (even, even)),
        ((even, second), (odd, first)),
    )  # two short rows make a long one
    moves = (  # per channel quarter: ((rows, columns) to, (rows, columns) source)
        (((even, odd), (even, odd)), ((odd, everything), (odd, everything))),
        (((even, even), (even, odd)), ((odd, everything), (odd, everything))),
        (*shifted, ((odd, odd), (odd, second))),
        (*shifted, ((odd, even), (odd, second))),
    )
    pairs = []
    for quarter, its in enumerate(moves):
        group = slice(2 * quarter * eighth, 2 * (quarter + 1) * eighth)
        pairs += [((..., group, *to), (..., group, *source)) for to, source in its]
    return tuple(pairs)
