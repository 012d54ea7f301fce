"""What codes a tile: the networks, the graphics layer, or both.

The cheapest wins, in bits and in bits that the error is worth at the file's level. Photographs are told by a cheap
test, and nothing else is tried for them.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from tintype.codec.agreement import StepRecord
from tintype.codec.graphics.avif import FAST, SPEED
from tintype.codec.graphics.detect import BLOCK, Blocks, classify, clustered
from tintype.codec.graphics.images import Coder, write_exact, write_near
from tintype.codec.graphics.layer import Layer, Mask, Painting, bounding_box, enlarged
from tintype.codec.hidden import fill_hidden
from tintype.pixels import IntPixels

Asked = Literal["auto", "photo", "screen"]
ASKED: tuple[Asked, ...] = get_args(Asked)
"""What callers may say of a picture's content."""
Content = Asked | Literal["exact"]

# AVIF quality at which a further bit saves as much error as at the given worth: studies/graphics_quality.py
WORTHS = (0.0004, 0.0009, 0.0017, 0.0034, 0.0093, 0.0207, 0.0416, 0.0785, 0.165, 0.2476, 0.4169)
QUALITIES = (5, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90)
QUALITY_STEP = 8  # by which the quality of small pictures rises until their error is small enough

# Drawn blocks in clusters: a tile with no more, or no larger share, is a photograph. Photographs have such blocks along
# edges before a white sky: up to 3 % of all, but at most 0.2 % in clusters
FEW_BLOCKS, FEW_SHARE = 3, 0.0075
# Shares of drawn blocks among the contrasted: from the first the layer may take a whole tile, from the second the
# networks are not tried
MIXED, MOSTLY = 0.25, 0.8
# Below this worth, that of quality 50, an exact layer may be so much larger than one with an error, whatever that error
# is worth: who asks for small files gets them
SMALL_FILES, EXACT_GROWTH = 0.0085, 1.03
SMALL = 300  # pixels, side up to which errors are bounded
# Pixels, the shorter side of a long core up to which AVIF codes all of it: for bits and error together networks, which
# pad it to 64, took 1.04 (32 rows) to 1.8 (1 row) times as much (docs/decisions/0029)
THIN = 32
MAX_ERROR = 0.32  # of small pictures: worth of their mean squared error, in bits per pixel; 34 dB at quality 60
BANDS, BAND = 2, 64  # rows whose bytes tell how small a lossless file could be
PLAIN = 0.8  # share of pixels that repeat, from which a lossless file is always tried
DEAR = 16  # bits per pixel over the square root of the worth, from which one is tried too: photographs have 8 to 11
OPTIMISM = 0.3  # a lossless file is never smaller than this share of what those bands promise


@dataclass(frozen=True, slots=True)
class Learned:
    """What the networks make of a tile.

    Parameters
    ----------
    payload : symbols
    steps : what decoders of float models need to know
    decode : computes the core as a decoder finds it
    """

    payload: bytes
    steps: tuple[StepRecord, ...]
    decode: Callable[[], IntPixels]


class Choice(NamedTuple):
    """What codes a tile. Without `learned` the layer replaces the whole core."""

    layer: Layer | None
    learned: Learned | None

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.symbols) + (0 if self.layer is None else len(self.layer.write()))

    @property
    def symbols(self) -> bytes:
        """Payload of the networks, empty without them."""
        return b"" if self.learned is None else self.learned.payload

    @property
    def steps(self) -> tuple[StepRecord, ...]:
        """What decoders of float models need to know."""
        return () if self.learned is None else self.learned.steps


def exact(core: IntPixels) -> Choice:
    """A layer that returns the core as it is."""
    return Choice(Layer(core.shape[0], core.shape[1], *write_exact(core)), None)


def choose(
    core: IntPixels,
    original: IntPixels,
    depth: int,
    worth: float,
    content: Content,
    alone: bool,
    code: Callable[[Mask | None], Learned],
    exactly: Callable[[IntPixels], Choice],
    check: Callable[[], None],
) -> Choice:
    """The best way to code a tile.

    Parameters
    ----------
    core : (H, W, 3) or (H, W), 0 to 2^depth - 1
    original : the same before colour was filled in where it is fully transparent; what is filled in is smooth, which
        suits the networks, and seldom repeats, which costs exact coders
    worth : bits per pixel that a mean squared error of one grey level of 255 is worth
    content : "photo": the networks alone; "exact": the layer alone, without loss; "screen": all ways are tried; "auto":
        as the pixels look
    alone : the tile is the whole picture, whose error is bounded if it is small
    code : codes the tile by the networks; where the mask (H, W) is set, pixels are free
    exactly : codes pixels that show the same without loss, as `exact`; always the same of a tile's
    check : called before each image is coded; may raise what ends the work
    """
    if content == "exact" or (content != "photo" and (core == core[0, 0]).all()):  # networks make corners uneven
        return exactly(core)
    if content == "photo":
        return Choice(None, code(None))
    blocks, small = classify(core, depth), alone and max(core.shape[:2]) <= SMALL
    plainest, repeats = core, blocks.repeats
    if original is not core and (found := classify(original, depth).repeats) > repeats:
        plainest, repeats = original, found
    ways = _Ways(core, plainest, depth, worth, code, exactly, check)
    thin = ways.thin() if min(core.shape[:2]) <= THIN and max(core.shape[:2]) > SMALL else None
    count = clustered(blocks.drawn).sum()
    if thin is not None:
        best = thin
    elif content == "auto" and (count <= FEW_BLOCKS or count <= FEW_SHARE * blocks.drawn.size):
        best = ways.best_small(blocks) if small and ways.plain.error > ways.most_error else ways.plain.choice
    else:
        best = ways.best_small(blocks) if small else ways.best(blocks, content == "screen")
    dear = DEAR * worth**0.5 * core.shape[0] * core.shape[1] / 8  # bytes
    if repeats < PLAIN and best.size < min(dear, least_exact_bytes(plainest)):  # far below any lossless file
        return best
    return min(best, ways.exact.choice, key=lambda choice: choice.size)


class _Way:
    """A choice, and what is wrong with it, which is found when it is asked for."""

    def __init__(self, choice: Choice, core: IntPixels, depth: int, worth: float) -> None:
        self.choice, self.core, self.depth, self.worth = choice, core, depth, worth
        self._error: float | None = None

    @property
    def error(self) -> float:
        """Mean squared error of the samples that show."""
        if self._error is None:
            self._error = self._measured()
        return self._error

    def _measured(self) -> float:
        layer, learned = self.choice
        if learned is None and layer is not None and layer.coder.exact:
            return 0.0
        decoded = np.empty_like(self.core) if learned is None else learned.decode()
        if layer is not None:
            Painting.shown(layer, self.core.ndim == 2, self.depth).paint(decoded)
        return float(np.mean(np.square(decoded.astype(np.float64) - self.core)))

    @property
    def cost(self) -> float:
        """Bits, and what the error is worth in bits."""
        height, width = self.core.shape[:2]
        return 8 * self.choice.size + self.worth * self.error * float(height * width)


class _Ways:
    """Ways to code one tile. `plainest` differs from the core only where nothing shows, and suits exact coders."""

    def __init__(
        self,
        core: IntPixels,
        plainest: IntPixels,
        depth: int,
        worth: float,
        code: Callable[[Mask | None], Learned],
        exactly: Callable[[IntPixels], Choice],
        check: Callable[[], None],
    ) -> None:
        self.core, self.plainest, self.depth = core, plainest, depth
        self.code, self.exactly, self.check = code, exactly, check
        self.height, self.width = core.shape[:2]
        self.worth = worth * (255 / (2**depth - 1)) ** 2  # of samples as they are
        self.quality = round(float(np.interp(np.log(worth), np.log(WORTHS), QUALITIES)))
        self.most_error = MAX_ERROR / self.worth
        # not cached_property: before Python 3.12 it has one lock for all instances, and threads would wait in turn
        self._plain_way: _Way | None = None
        self._exact_way: _Way | None = None

    @property
    def plain(self) -> _Way:
        """The networks alone."""
        if self._plain_way is None:
            self._plain_way = self._way(None, self.code(None))
        return self._plain_way

    @property
    def exact(self) -> _Way:
        """A layer that returns what shows as it is."""
        if self._exact_way is None:
            self.check()
            self._exact_way = self._way(*self.exactly(self.plainest))
        return self._exact_way

    def best(self, blocks: Blocks, every: bool) -> Choice:
        """The cheapest of those that suit a tile with these blocks, or of every way."""
        drawn, contrasted = blocks.drawn.sum(), blocks.contrasted.sum()
        ways = self._whole() if every or drawn >= MIXED * contrasted else []
        if every or drawn < MOSTLY * contrasted:
            ways += [self.plain, *self._parts(blocks.drawn)]
        return min(ways, key=lambda way: way.cost).choice

    def best_small(self, blocks: Blocks) -> Choice:
        """The cheapest of those whose error is small enough; one is exact."""
        while self.quality < 100 and (near := self._near(None, self.quality)) is not None:
            if self._way(near, None).error <= self.most_error:
                break
            self.quality = min(100, self.quality + QUALITY_STEP)
        ways = [self.exact, self.plain, *self._whole(), *self._parts(blocks.drawn)]
        return min((way for way in ways if way.error <= self.most_error), key=lambda way: way.cost).choice

    def thin(self) -> Choice | None:
        """A layer with a small error over the whole core, in little time; None where there is no coder for it."""
        near = self._near(None, self.quality, FAST)
        return None if near is None else Choice(near, None)

    def _whole(self) -> list[_Way]:
        """A layer over the whole core."""
        large, near = self.exact, self._near(None, self.quality)
        if near is None:
            return [large]
        small = self._way(near, None)
        if self.worth < SMALL_FILES and large.choice.size > EXACT_GROWTH * small.choice.size:
            return [small]
        return [large, small]

    def _parts(self, drawn: Mask) -> Iterator[_Way]:
        """A layer over what is drawn, and the networks for the rest."""
        # what is near text looks better without the blur of the networks; without loss every pixel costs
        for mask, layer_of in ((dilated(drawn), partial(self._near, quality=self.quality)), (drawn, self._exact)):
            if mask.any() and not mask.all() and (layer := layer_of(mask)) is not None:
                yield self._way(layer, self.code(enlarged(mask, BLOCK, self.height, self.width)))

    def _way(self, layer: Layer | None, learned: Learned | None) -> _Way:
        return _Way(Choice(layer, learned), self.core, self.depth, self.worth)

    def _near(self, mask: Mask | None, quality: int, speed: int = SPEED) -> Layer | None:
        """A layer with a small error; None where there is no coder for it."""
        if self.core.dtype != np.uint8:
            return None
        shown = self.core
        if mask is not None:
            box = bounding_box(mask, BLOCK, self.height, self.width).slices
            covered = enlarged(mask, BLOCK, self.height, self.width)
            shown = fill_hidden(self.core[box], covered[box].astype(np.uint8))
        self.check()
        data = write_near(shown, quality, speed)
        return None if data is None else Layer(self.height, self.width, Coder.AVIF, data, mask, BLOCK)

    def _exact(self, mask: Mask) -> Layer:
        """A layer without error."""
        box = bounding_box(mask, BLOCK, self.height, self.width).slices
        shown = self.core[box].copy()
        shown[~enlarged(mask, BLOCK, self.height, self.width)[box]] = 0
        self.check()
        return Layer(self.height, self.width, *write_exact(shown), mask, BLOCK)


def dilated(mask: Mask) -> Mask:
    """Blocks that are set, and their eight neighbours."""
    wide = np.pad(mask, 1)
    rows = wide[:-2] | wide[1:-1] | wide[2:]
    grown: Mask = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
    return grown


def least_exact_bytes(core: IntPixels) -> float:
    """No file of a photograph without loss is smaller."""
    return OPTIMISM * _promise(core)


def _promise(core: IntPixels) -> float:
    """About the bytes of a simple lossless file: differences of rows of a few bands, deflated fast."""
    height: int = core.shape[0]
    count = min(BANDS, -(-height // BAND))
    tops = np.linspace(0, max(0, height - BAND), count).astype(int)
    found = 0.0
    for top in tops:
        band = core[top : top + BAND]
        rows: tuple[NDArray[Any], ...] = band, np.diff(band, axis=1)
        found += min(len(zlib.compress(np.ascontiguousarray(row).tobytes(), 1)) for row in rows)
    return found * float(height / min(height, count * BAND))
