"""Integer frequency tables: what the entropy coder believes about each symbol.

A table row is a probability mass function in integers that add up to 65536.  Files never build tables; these
constructors serve training and export, and their result ships with the weights.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tintype.errors import InputError, WeightsError

PRECISION = 16
TOTAL = 1 << PRECISION  # every row's frequencies add up to this
MAX_ROWS = 1 << 16  # rows are uint16
MAX_ENTRIES = 1 << 24  # of all rows together; bounds what the coder derives from them
ESCAPE_ORDER = 3  # of the Exp-Golomb code behind an escape symbol

SIGMA_MIN, SIGMA_MAX, CLASSES = 0.11, 64.0, 64  # of Gaussian rows, latent units; lower end and number as CompressAI has
SKIP_BELOW = 0.16  # sigma; such symbols are 0 in 99.8 % of cases, and are not coded
REACH = 5.0  # sigmas that a Gaussian row holds; what lies beyond escapes

Rows = NDArray[np.uint16]  # (n,), table row of each symbol
Symbols = NDArray[np.int16]  # (n,)
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Tables:
    """Cumulative frequencies of R rows, ragged and stored end to end.  Immutable; compared by identity.

    Arrays of a weights file go in (`from_arrays`); out come, for rows and symbols, the intervals that the entropy coder
    codes (`locate`) and what they cost in bits (`rate_bits`).

    Row r owns `cumulative[offsets[r]:offsets[r + 1]]`, which rises strictly from 0 to 65536: one interval,
    called an entry, per pair of neighbours.  The entries are the symbols `first[r]`, `first[r] + 1`, ...
    and, last, the escape, behind which any other int16 is coded.  A row with a single entry is a *skip row*:
    it holds the symbol 0 alone, has no escape and costs nothing.

    Parameters
    ----------
    cumulative : int32, shape (total,)
    offsets : int32, shape (R + 1,), 1 <= R <= 65536
    first : int16, shape (R,)

    Raises
    ------
    WeightsError
        If the arrays do not describe such rows.
    """

    cumulative: NDArray[np.int32]
    offsets: NDArray[np.int32]
    first: NDArray[np.int16]
    counts: NDArray[np.int32] = field(init=False, repr=False)  # (R,), symbols of a row without its escape

    def __post_init__(self) -> None:
        # Copies, so that nobody else can change them.
        object.__setattr__(self, "cumulative", _exact("cumulative", self.cumulative, np.int32))
        object.__setattr__(self, "offsets", _exact("offsets", self.offsets, np.int32))
        object.__setattr__(self, "first", _exact("first", self.first, np.int16))
        _check(self.cumulative, self.offsets, self.first)
        entries = np.diff(self.offsets) - 1
        object.__setattr__(self, "counts", np.where(entries == 1, 1, entries - 1).astype(np.int32))
        for name in (*_ARRAYS, "counts"):
            getattr(self, name).flags.writeable = False

    @classmethod
    def from_rows(cls, rows: Sequence[ArrayLike], first: ArrayLike) -> Self:
        """Take over finished cumulative rows, each 0 ... 65536 with the escape last."""
        if not rows:
            raise WeightsError("tables: no rows given; at least one is needed")
        parts = [np.asarray(row) for row in rows]
        offsets = np.cumsum([0, *(part.size for part in parts)])
        return cls(np.concatenate(parts), offsets, np.asarray(first))

    @classmethod
    def from_pmfs(cls, pmfs: Sequence[ArrayLike], first: ArrayLike) -> Self:
        """Quantise probabilities; see `integer_frequencies` for how.

        Parameters
        ----------
        pmfs : R arrays of float, each summing to at most 1
            Probabilities of the symbols `first[r]`, `first[r] + 1`, ...; what is missing to 1 is the
            escape's.  `[1.0]` at `first[r] == 0` makes a skip row.
        first : int, shape (R,)
        """
        rows = []
        for pmf, lowest in zip(pmfs, np.asarray(first).tolist(), strict=True):
            mass = np.asarray(pmf, np.float64)
            if lowest == 0 and mass.size == 1 and mass[0] == 1.0:
                rows.append(np.array([0, TOTAL]))
            else:
                mass = np.append(mass, max(0.0, 1.0 - mass.sum()))
                rows.append(np.append(0, np.cumsum(integer_frequencies(mass))))
        return cls.from_rows(rows, first)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ArrayLike]) -> Self:
        """Read back what `to_arrays` gave; keys that are not the tables' are ignored."""
        missing = [name for name in _ARRAYS if name not in arrays]
        if missing:
            raise WeightsError(f"tables: the arrays {', '.join(missing)} are missing from the weights")
        return cls(**{name: np.asarray(arrays[name]) for name in _ARRAYS})

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """The three arrays that define the tables, by name, for an npz or safetensors file."""
        return {name: getattr(self, name) for name in _ARRAYS}

    def __len__(self) -> int:
        return len(self.first)

    @property
    def skips(self) -> NDArray[np.bool_]:
        """Which rows hold the single symbol 0, shape (R,)."""
        return np.equal(np.diff(self.offsets), 2)

    def locate(self, rows: Rows, symbols: Symbols) -> tuple[Integers, Integers, NDArray[np.bool_]]:
        """Start and width of each symbol's interval, and whether it is its row's escape; shapes (n,).

        Raises
        ------
        InputError
            For a row the tables do not have, or a symbol other than 0 at a skip row.
        """
        rows, symbols = np.asarray(rows), np.asarray(symbols)  # (n,) both
        if rows.ndim != 1 or rows.shape != symbols.shape:
            raise InputError(f"rows {rows.shape} and symbols {symbols.shape} must be of one shape (n,)")
        check_rows(rows, self)
        count = self.counts[rows].astype(np.int64)
        entry = symbols.astype(np.int64) - self.first[rows]  # int64: the difference of two int16 may need 17 bits
        escapes = (entry < 0) | (entry >= count)
        wrong = escapes & self.skips[rows]
        if wrong.any():
            n = int(wrong.argmax())
            raise InputError(
                f"symbol {symbols[n]} at position {n} has row {rows[n]}, which holds the symbol 0 alone; "
                "quantise to 0 there"
            )
        # the escape is the entry after a row's last symbol
        place = self.offsets[rows] + np.where(escapes, count, entry)
        start = self.cumulative[place].astype(np.int64)
        return start, self.cumulative[place + 1] - start, escapes

    def rate_bits(self, rows: Rows, symbols: Symbols) -> Floats:
        """Bits of each symbol in an ideal coder with these integers, escape codes included, shape (n,)."""
        _, width, escapes = self.locate(rows, symbols)
        bits = PRECISION - np.log2(width)
        where = np.flatnonzero(escapes)
        row = np.asarray(rows)[where]
        # as `entropy.reference.escape_intervals`: how far outside the row, then bits of an Exp-Golomb code of order 3
        below = self.first[row].astype(np.int64) - np.asarray(symbols)[where]
        excess = np.where(below > 0, below - 1, -below - self.counts[row])
        prefix = np.floor(np.log2(excess + (1 << ESCAPE_ORDER))) - ESCAPE_ORDER
        bits[where] += 1 + (prefix + 1) + (prefix + ESCAPE_ORDER)  # side, unary prefix, suffix
        return bits

    def entropy_bits(self) -> Floats:
        """Entropy of each row's integers in bits per symbol, the escape counted as one symbol, shape (R,)."""
        width = np.diff(self.cumulative)
        inner = width > 0  # the others lie between two rows
        probability = width[inner] / TOTAL
        terms = np.zeros(width.shape)
        terms[inner] = -probability * np.log2(probability)
        return np.add.reduceat(terms, self.offsets[:-1])


_ARRAYS = ("cumulative", "offsets", "first")  # what defines tables, in files too


def check_rows(rows: Rows, tables: Tables) -> None:
    """Refuse rows that the tables do not have."""
    if rows.dtype != np.uint16:
        raise InputError(f"rows are {rows.dtype}; the coder takes uint16")
    if rows.size and int(rows.max()) >= len(tables):
        n = int(rows.argmax())
        raise InputError(f"row {rows[n]} at position {n} is not in the tables, which have {len(tables)} rows")


def integer_frequencies(mass: Floats) -> Integers:
    """Positive integers summing to 65536 that code a distribution in the fewest bits.

    Parameters
    ----------
    mass : float64, shape (n,), 2 <= n <= 65536, non-negative, sum 1 within 1e-6

    Returns
    -------
    int64, shape (n,), each >= 1, minimising `-sum(mass * log2(f))`

    Notes
    -----
    The cost is a sum of convex functions, one per frequency, so a choice is optimal as soon as no single
    count gains by moving from one frequency to another; that is where the loop ends.
    """
    if mass.ndim != 1 or not 2 <= mass.size <= TOTAL:
        raise WeightsError(f"a row has {mass.size} entries, escape included; 2 to {TOTAL} are possible")
    if not (np.isfinite(mass).all() and mass.min() >= 0 and abs(mass.sum() - 1) <= 1e-6):
        raise WeightsError("a row's probabilities must be finite, non-negative and sum to at most 1")
    # near the answer: only the entries that are lifted to 1, and fractions, move counts in the loop
    frequency = np.maximum(1, np.floor(mass * TOTAL)).astype(np.int64)
    while True:
        # in nats: what one more count saves each entry, and what one count less costs it
        gain = mass * np.log1p(1 / frequency)
        loss = np.where(frequency > 1, mass * np.log1p(1 / np.maximum(frequency - 1, 1)), np.inf)
        to, origin = int(gain.argmax()), int(loss.argmin())
        missing = TOTAL - int(frequency.sum())
        if missing > 0:
            frequency[to] += 1
        elif missing < 0:
            frequency[origin] -= 1
        elif gain[to] > loss[origin]:
            frequency[to] += 1
            frequency[origin] -= 1
        else:
            return frequency


def gaussian_scales() -> Floats:
    """Standard deviations of the scale classes, a geometric series with both ends, shape (CLASSES,)."""
    return np.asarray(SIGMA_MIN * (SIGMA_MAX / SIGMA_MIN) ** (np.arange(CLASSES) / (CLASSES - 1)), np.float64)


def gaussian_tables(scales: ArrayLike | None = None) -> Tables:
    """One row per standard deviation: a zero-mean Gaussian integrated over unit bins.

    Parameters
    ----------
    scales : float, shape (R,), latent units; default `gaussian_scales()`
        Symbols up to `ceil(REACH * scale)` are in the table, others escape. Scales below `SKIP_BELOW` become skip
        rows.
    """
    pmfs, first = [], []
    for scale in np.asarray(gaussian_scales() if scales is None else scales, np.float64).tolist():
        reach = 0 if scale < SKIP_BELOW else math.ceil(REACH * scale)
        pmfs.append(gaussian_pmf(scale, reach) if reach else np.ones(1))
        first.append(-reach)
    return Tables.from_pmfs(pmfs, first)


def gaussian_pmf(scale: float, reach: int) -> Floats:
    """Probabilities of the integers -reach ... reach, shape (2 * reach + 1,)."""
    edges = (np.arange(reach + 2) - 0.5) / (scale * math.sqrt(2))
    # Differences of the upper tail, not of the distribution function: 1 - tiny would lose the tiny's digits.
    tail = np.array([0.5 * math.erfc(edge) for edge in edges.tolist()])
    upper = tail[:-1] - tail[1:]  # of 0 ... reach
    return np.concatenate([upper[:0:-1], upper])


def _exact(name: str, values: ArrayLike, dtype: type[np.signedinteger]) -> NDArray[np.signedinteger]:
    """A copy in the wanted type; refuses values that do not fit."""
    array = np.asarray(values)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise WeightsError(f"tables: {name} is {array.dtype} {array.shape}; one axis of integers is needed")
    limits = np.iinfo(dtype)
    if array.size and not (limits.min <= int(array.min()) and int(array.max()) <= limits.max):
        raise WeightsError(f"tables: {name} has values outside {limits.min} ... {limits.max}")
    return array.astype(dtype)


def _check(cumulative: NDArray[np.int32], offsets: NDArray[np.int32], first: NDArray[np.int16]) -> None:
    if not 1 <= first.size <= MAX_ROWS or offsets.size != first.size + 1:
        raise WeightsError(
            f"tables: {first.size} rows with {offsets.size} offsets; "
            f"1 to {MAX_ROWS} rows are possible and need one offset more"
        )
    if cumulative.size > MAX_ENTRIES:
        raise WeightsError(f"tables: {cumulative.size} cumulative frequencies, above the limit {MAX_ENTRIES}")
    lengths = np.diff(offsets.astype(np.int64))
    if offsets[0] != 0 or offsets[-1] != cumulative.size or lengths.min() < 2:
        raise WeightsError("tables: offsets must rise from 0 to the end of cumulative, by 2 or more per row")
    ends = offsets[1:] - 1
    if (cumulative[offsets[:-1]] != 0).any() or (cumulative[ends] != TOTAL).any():
        raise WeightsError(f"tables: every row must run from 0 to {TOTAL}")
    rises = np.diff(cumulative.astype(np.int64)) > 0
    rises[ends[:-1]] = True  # from a row's last value to the next row's first
    if not rises.all():
        row = int(np.searchsorted(offsets, int((~rises).argmax()), side="right")) - 1
        raise WeightsError(f"tables: row {row} does not rise strictly; every frequency must be at least 1")
    alone = lengths == 2
    if (first[alone] != 0).any():
        row = int((alone & (first != 0)).argmax())
        raise WeightsError(f"tables: row {row} has a single entry, which must be the symbol 0, not {first[row]}")
    last = first + np.where(alone, 0, lengths - 3)
    if int(last.max()) > np.iinfo(np.int16).max:
        raise WeightsError(f"tables: row {int(last.argmax())} holds symbols above {np.iinfo(np.int16).max}")
