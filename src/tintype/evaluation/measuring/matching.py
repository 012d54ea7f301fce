"""Files of equal size: the setting of each codec whose file comes closest to a number of bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log

from tintype.evaluation.codecs.names import Codec
from tintype.pixels import Pixels8

CLOSE = 0.01  # of the size: near enough to stop looking
UNEQUAL = 0.1  # of the size: too far to compare pictures


@dataclass(frozen=True, slots=True)
class Match:
    """The closest file that was found."""

    quality: float
    data: bytes
    probes: int  # files that were made to find it

    def off(self, target: int) -> float:
        """Difference of the size as a share of the target."""
        return len(self.data) / target - 1

    def equal(self, target: int) -> bool:
        """Whether the size is near enough to compare pictures; a codec's lowest setting may be larger."""
        return abs(self.off(target)) <= UNEQUAL


def match(
    codec: Codec,
    pixels: Pixels8,
    target: int,
    known: Mapping[float, int] | None = None,
    probed: Callable[[int], None] | None = None,
) -> Match:
    """The setting whose file comes closest to `target` bytes, in ratio; whole numbers are tried.

    Sizes are assumed to rise with the setting. The next probe is where a line between the two nearest known points
    (logarithm of the size over the setting) meets the target, or in the middle, when that moved the same end twice.

    Parameters
    ----------
    known : sizes that were measured before, by setting; they save probes
    probed : called with the number of files made so far
    """
    low, high = (round(end) for end in codec.quality_range)
    sizes = {round(q): size for q, size in (known or {}).items() if float(q).is_integer() and low <= q <= high}
    files: dict[int, bytes] = {}

    def probe(quality: int) -> int:
        if quality not in files:
            files[quality] = codec.encode(pixels, quality)
            sizes[quality] = len(files[quality])
            if probed is not None:
                probed(len(files))
        return sizes[quality]

    if not any(size <= target for size in sizes.values()):
        probe(low)
    if not any(size >= target for size in sizes.values()):
        probe(high)
    moved = 0  # how often the same end moved in succession: up counts positive, down negative
    while True:
        below = max((q for q, size in sizes.items() if size <= target), default=low)
        above = min((q for q, size in sizes.items() if size >= target and q >= below), default=high)
        if above - below < 2 or _off(sizes[below], target) <= CLOSE or _off(sizes[above], target) <= CLOSE:
            break
        middle = abs(moved) >= 2
        size = probe((below + above) // 2 if middle else _between(below, above, sizes[below], sizes[above], target))
        side = 1 if size < target else -1
        moved = 0 if middle else moved + side if moved * side >= 0 else side
    best = min((below, above), key=lambda q: _off(sizes[q], target))
    probe(best)
    return Match(best, files[best], len(files))


def _off(size: int, target: int) -> float:
    return abs(log(size / target))


def _between(below: int, above: int, low_size: int, high_size: int, target: int) -> int:
    share = log(target / low_size) / log(high_size / low_size) if high_size > low_size else 0.5
    return min(max(round(below + share * (above - below)), below + 1), above - 1)
