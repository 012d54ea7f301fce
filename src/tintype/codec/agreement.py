"""Do decoder and encoder agree on table rows? For models whose rows come from float networks.

Two machines compute scales that differ in their last bits. A scale beside a threshold may then take the next row on
one of them, and with one wrong row the rest of a tile is noise. So a file keeps, per tile and step, two things:

*The hash* of the rows: 16 bits of their CRC-32. A decoder that computes other rows knows it at once, and which step.

*The syndrome*, optional, with which it finds the encoder's rows again. Rows are off by one where they are off, so
their lowest bits tell which. The syndrome is a random linear code of those bits: the exclusive-or of a
pseudo-random L-bit word for each odd row. The exclusive-or of the encoder's and the decoder's syndromes is that of the
words of just those rows that differ. These are among the rows whose scales are nearest to a threshold, and for up to
L - 24 candidates that is a system of linear equations over one bit each with, practically always, a single solution;
24 equations are left over to check it (Gaussian elimination; codes for erasures work so). A list of doubtful
positions would take the logarithm of the step's length for each; this takes little more than one bit.

An encoder chooses L from the number of scales within a tolerance of a threshold. If scales drift by at most half of
that, all rows that differ are among the decoder's candidates.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tintype.codec.container.fields import FieldReader, varint
from tintype.codec.entropy.tables import Rows
from tintype.codec.tile_model import Coded, Margins, Numerics, StepRows
from tintype.errors import CorruptError, DesyncError

HASH_BYTES = 2
CHECK_BITS = 24  # equations beyond the candidates: a wrong solution passes with 2**-24
MAX_SYNDROME_BYTES = 512
DEFAULT_TOLERANCE = 4e-5
"""In scales: twice a drift of 2e-5, the largest that was seen between machines."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: splitmix64's increment


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What a file keeps of the rows of one step."""

    hash: bytes  # 2 bytes
    syndrome: bytes = b""  # empty: none


def record(step: Coded, tolerance: float) -> StepRecord:
    """What a file keeps of a step.

    Parameters
    ----------
    tolerance : of scales; 0 leaves the syndrome out. Drifts of half of it can be repaired.
    """
    if not tolerance or step.margins is None:
        return StepRecord(row_hash(step.rows))
    doubtful = int(np.count_nonzero(np.abs(step.margins) <= tolerance))
    return StepRecord(row_hash(step.rows), syndrome(step.rows, min(_bytes_for(doubtful), MAX_SYNDROME_BYTES)))


def row_hash(rows: Rows) -> bytes:
    """16 bits of the CRC-32 of rows (little-endian), lowest byte first."""
    return (zlib.crc32(rows.astype("<u2").tobytes()) & 0xFFFF).to_bytes(HASH_BYTES, "little")


def syndrome(rows: Rows, size: int) -> bytes:
    """Exclusive-or of the words of all odd rows; `size` bytes."""
    return _total(np.flatnonzero(rows & 1), size)


def _bytes_for(doubtful: int) -> int:
    return -(-(doubtful + CHECK_BITS) // 8)


def _words(positions: NDArray[np.intp], part: int) -> NDArray[np.uint64]:
    """64 pseudo-random bits of each position: splitmix64 of position and part."""
    with np.errstate(over="ignore"):  # arithmetic is modulo 2^64; the constants are splitmix64's (Steele et al. 2014)
        x = (positions.astype(np.uint64) + np.uint64((part + 1) << 32)) * _GOLDEN
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def _total(positions: NDArray[np.intp], size: int) -> bytes:
    parts = range(-(-size // 8))  # 64 bits of each word at a time
    words = np.array([np.bitwise_xor.reduce(_words(positions, part)) for part in parts], "<u8")
    return words.tobytes()[:size]


def repaired(rows: Rows, margins: Margins, stored: StepRecord) -> Rows | None:
    """The encoder's rows out of ours; None if they cannot be found."""
    size = len(stored.syndrome)
    count = min(8 * size - CHECK_BITS, len(rows))
    if count <= 0:
        return None
    # the scales nearest to a threshold, in any order: those that drift can have moved across
    candidates = np.argpartition(np.abs(margins), count - 1)[:count]
    differs = _solve(candidates, stored.syndrome, syndrome(rows, size))
    if differs is None:
        return None
    mended = rows.copy()
    # a margin above 0: the nearest threshold is where our row begins, so the encoder's is one lower; else one higher
    mended[differs] += np.where(margins[differs] > 0, -1, 1).astype(np.uint16)  # across the nearest threshold
    return mended if row_hash(mended) == stored.hash else None


def _solve(candidates: NDArray[np.intp], theirs: bytes, ours: bytes) -> NDArray[np.intp] | None:
    """The candidates whose words add up to the difference of two syndromes; None if no or several sets do."""
    size = len(theirs)
    wanted = int.from_bytes(theirs, "little") ^ int.from_bytes(ours, "little")
    parts = [_words(candidates, part) for part in range(-(-size // 8))]
    raw = np.stack(parts, axis=1).astype("<u8").tobytes()  # (candidates, parts) words, end to end
    stride = 8 * len(parts)
    basis: dict[int, tuple[int, int]] = {}  # highest bit: (reduced word, set of candidates that make it)
    # elimination over one bit: each candidate's word joins a basis with distinct highest bits
    for number in range(len(candidates)):
        word, members = int.from_bytes(raw[number * stride : number * stride + size], "little"), 1 << number
        word, members = _reduced(word, members, basis)
        if word == 0:  # the sum of other candidates' words: several sets would solve the system
            return None
        basis[word.bit_length()] = word, members
    rest, members = _reduced(wanted, 0, basis)
    if rest:  # no set of candidates gives the difference: some other row differs too
        return None
    return candidates[[bool(members >> number & 1) for number in range(len(candidates))]]


def _reduced(word: int, members: int, basis: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """A word without the highest bits that the basis has, and the set of candidates that makes the rest."""
    while word and word.bit_length() in basis:
        other, its = basis[word.bit_length()]
        word, members = word ^ other, members ^ its  # the highest bit goes, so the loop ends
    return word, members


@dataclass(frozen=True, slots=True)
class Records:
    """Chunk ROW_HASHES and, where there are syndromes, chunk ROW_REPAIRS: by tile, then step."""

    tiles: tuple[tuple[StepRecord, ...], ...]

    def hashes(self) -> bytes:
        """Chunk ROW_HASHES."""
        return b"".join(step.hash for tile in self.tiles for step in tile)

    def repairs(self) -> bytes:
        """Chunk ROW_REPAIRS; empty if there are no syndromes."""
        steps = [step for tile in self.tiles for step in tile]
        if not any(step.syndrome for step in steps):
            return b""
        return b"".join(varint(len(step.syndrome)) + step.syndrome for step in steps)

    @classmethod
    def parse(cls, tiles: int, hashes: bytes, repairs: bytes | None) -> Self:
        """Read both chunks of a file with so many tiles; raises CorruptError or TruncatedError."""
        count, odd = divmod(len(hashes), HASH_BYTES)
        if odd or count == 0 or count % tiles:
            raise CorruptError(f"{len(hashes)} bytes of row hashes do not divide among {tiles} tiles; damaged")
        reader = FieldReader(repairs or b"")
        steps = []
        for number in range(count):
            size = reader.varint("syndrome length") if repairs is not None else 0
            if size > MAX_SYNDROME_BYTES:
                raise CorruptError(f"a syndrome of {size} bytes is above the limit {MAX_SYNDROME_BYTES}; damaged")
            steps.append(StepRecord(hashes[HASH_BYTES * number :][:HASH_BYTES], reader.take(size, "syndrome")))
        if repairs is not None and reader.offset != len(repairs):
            raise CorruptError(f"{len(repairs) - reader.offset} bytes follow the last syndrome; the file is damaged")
        each = count // tiles
        return cls(tuple(tuple(steps[first : first + each]) for first in range(0, count, each)))


class Agreement:
    """Confirms the rows of one tile, step by step.

    Parameters
    ----------
    stored : what the file keeps of this tile; None: nothing, all rows are believed
    recorded, here : numerics of the file and of this decoder, for messages
    """

    def __init__(self, stored: Sequence[StepRecord] | None, recorded: Numerics | None, here: Numerics | None) -> None:
        self._stored, self._recorded, self._here, self._step = stored, recorded, here, 0

    def confirm(self, found: StepRows) -> Rows:
        """The encoder's rows of the next step.

        Raises
        ------
        CorruptError
            The file says less about this tile than it has steps.
        DesyncError
            The rows are not the encoder's, and cannot be mended.
        """
        if self._stored is None:
            return found.rows
        step, self._step = self._step, self._step + 1
        if step >= len(self._stored):
            raise CorruptError(f"row hashes of {len(self._stored)} steps, but there are more; the file is damaged")
        stored = self._stored[step]
        if row_hash(found.rows) == stored.hash:
            return found.rows
        rows = None
        if stored.syndrome and found.margins is not None:
            rows = repaired(found.rows, found.margins(), stored)
        if rows is None:
            raise DesyncError(self._message(step, len(stored.syndrome) > 0))
        return rows

    def _message(self, step: int, portable: bool) -> str:
        if portable:
            why = "and they differ by more than the file can mend"
            helps = "or encode the picture again with a larger tolerance (--tolerance)"
        else:
            why = "and the file holds nothing to mend them with"
            helps = "or encode the picture again with a tolerance above 0 (--tolerance)"
        return (
            f"step {step}: the table rows computed here are not those of the encoder, {why}. Float networks round "
            "differently on other hardware and library versions, and one wrong row makes noise of all that follows. "
            f"Written by: {self._recorded}. Here: {self._here}. Decode on such a machine, {helps}"
        )
