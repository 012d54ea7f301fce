"""The entropy coder in plain Python: the definition of the payload, and the oracle of the native one.

About a microsecond per coded symbol.  It runs where the extension cannot, and it is what the tests believe.
Rows and intervals are looked up with numpy; a lane's state, however, is a chain of dependent integers, for
which Python's own are as fast as numpy's vectors of a few lanes.
"""

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from tintype.codec.entropy.tables import ESCAPE_ORDER, PRECISION, TOTAL, Rows, Symbols, Tables, check_rows
from tintype.errors import CorruptError, TruncatedError

LOW = 1 << 24  # states live in [LOW, LOW << 8)
MAX_LANES = 32
SYMBOLS_PER_LANE = 1 << 15  # a lane's state costs 3.5 bytes on average
MOST_LANES = 8  # what the encoder chooses at most
_INT16 = np.iinfo(np.int16)

Interval = tuple[int, int]  # start and width in [0, 65536)


def lane_count(coded: int) -> int:
    """Lanes the encoder uses for a number of coded symbols: a power of two."""
    lanes = 1
    while lanes < MOST_LANES and coded >= 2 * lanes * SYMBOLS_PER_LANE:
        lanes *= 2
    return lanes


def escape_intervals(excess: int, below: bool) -> tuple[Interval, Interval, Interval]:
    """Side, Exp-Golomb prefix and suffix of an escaped symbol, in decoding order.

    `excess` >= 0 counts from the first symbol outside the row on that side.  The prefix 1...10 of `k`
    ones takes the interval [65536 - 2^(16-k), 65536 - 2^(15-k)); the suffix has `k + 3` uniform bits, at
    most 16.
    """
    # Exp-Golomb: value = excess + 8 has 4 + k bits; k is told in unary, then all bits but the leading one follow
    value = excess + (1 << ESCAPE_ORDER)
    bits = value.bit_length() - 1
    k = bits - ESCAPE_ORDER
    width = TOTAL >> bits
    return (
        (TOTAL >> 1 if below else 0, TOTAL >> 1),
        (TOTAL - (TOTAL >> k), TOTAL >> (k + 1)),
        ((value - (1 << bits)) * width, width),
    )


def encode(steps: Sequence[tuple[Rows, Symbols]], tables: Tables) -> bytes:
    """Payload of a tile's steps; skip rows leave no trace in it."""
    rows = np.concatenate([np.zeros(0, np.uint16), *(rows for rows, _ in steps)])
    symbols = np.concatenate([np.zeros(0, np.int16), *(symbols for _, symbols in steps)])
    start, width, escapes = tables.locate(rows, symbols)
    coded = np.flatnonzero(~tables.skips[rows])
    if not coded.size:
        return b""
    lanes = lane_count(coded.size)
    first = -coded.size % lanes  # so that the last symbol has the last lane
    states = [LOW] * lanes
    tail = bytearray()

    def push(lane: int, start: int, width: int) -> None:
        """Code one interval: the state takes log2(65536 / width) bits more, whole bytes of which leave it."""
        x = states[lane]
        # x < 2^16 width before gives x < 2^32 after: a state never leaves [LOW, LOW << 8)
        while x >= width << 16:
            tail.append(x & 0xFF)
            x >>= 8
        states[lane] = (x // width << PRECISION) + x % width + start

    intervals = zip(start[coded].tolist(), width[coded].tolist(), strict=True)
    # last in, first out: the last symbol is pushed first, and the code of an escape before its symbol
    for number, interval in reversed(list(enumerate(intervals))):
        lane = (first + number) % lanes
        place = coded[number]
        if escapes[place]:
            row = rows[place]
            above = int(symbols[place]) - int(tables.first[row]) - int(tables.counts[row])
            below = above < 0
            excess = int(tables.first[row]) - 1 - int(symbols[place]) if below else above
            for part in reversed(escape_intervals(excess, below)):
                push(lane, *part)
        push(lane, *interval)
    # bytes that left last are read first
    head = bytes([lanes.bit_length() - 1 | first << 3]) + np.array(states, "<u4").tobytes()
    return head + bytes(reversed(tail))


class Decoder:
    """Reads one payload, step by step."""

    def __init__(self, payload: bytes, tables: Tables) -> None:
        self._tables = tables
        self._skips = tables.skips
        self._cumulative: dict[int, list[int]] = {}
        self._states: list[int] = []
        self._payload = payload
        self._next = 0  # byte to be read
        self._lane = 0
        if payload:
            self._open(payload)

    def _open(self, payload: bytes) -> None:
        lanes, self._lane = 1 << (payload[0] & 7), payload[0] >> 3
        if lanes > MAX_LANES or self._lane >= lanes:
            raise CorruptError(f"payload: lane code {payload[0]} at byte 0 is not one of the format's")
        head = 1 + 4 * lanes
        if len(payload) < head:
            raise TruncatedError(f"payload: {len(payload)} bytes, but the {lanes} lanes' states end at {head}")
        self._next = head
        self._states = np.frombuffer(payload, "<u4", lanes, 1).tolist()
        if min(self._states) < LOW:
            raise CorruptError(f"payload: a lane's state is below {LOW}")

    def decode(self, rows: Rows) -> Symbols:
        """Symbols of the next step."""
        check_rows(rows, self._tables)
        symbols = np.zeros(rows.shape, np.int16)
        coded = np.flatnonzero(~self._skips[rows])
        if coded.size and not self._states:
            raise TruncatedError("payload: empty, but the step has symbols to decode")
        symbols[coded] = [self._symbol(row) for row in rows[coded].tolist()]
        return symbols

    def finish(self) -> None:
        """Check that the payload is used up and every lane is back where the encoder began."""
        if self._next < len(self._payload):
            raise CorruptError(f"payload: from {self._next} on, bytes are left after the last symbol")
        if self._lane or any(x != LOW for x in self._states):
            raise CorruptError("payload: a lane does not end where it began; the bytes or rows are wrong")

    def _symbol(self, row: int) -> int:
        cumulative = self._cumulative.get(row)
        if cumulative is None:
            begin, end = self._tables.offsets[row : row + 2].tolist()
            cumulative = self._cumulative[row] = self._tables.cumulative[begin:end].tolist()
        # the entry whose interval holds the state's lowest 16 bits
        entry = bisect_right(cumulative, self._states[self._lane] & 0xFFFF) - 1
        self._pop(cumulative[entry], cumulative[entry + 1] - cumulative[entry])
        symbol = int(self._tables.first[row]) + entry
        if entry == len(cumulative) - 2:
            symbol = self._escaped(int(self._tables.first[row]), symbol)
        self._lane = (self._lane + 1) % len(self._states)
        return symbol

    def _escaped(self, first: int, end: int) -> int:
        """An escaped symbol, which lies below `first` or at `end` and above."""
        below = self._field(1)
        # a prefix of k ones is an interval that begins with k ones in 16 bits: its slots tell k by themselves
        slot = self._states[self._lane] & 0xFFFF
        k = PRECISION - (TOTAL - 1 - slot).bit_length()  # leading ones
        if k + ESCAPE_ORDER > PRECISION:
            raise CorruptError("payload: an escape code is longer than any int16 needs")
        self._pop(TOTAL - (TOTAL >> k), TOTAL >> (k + 1))
        excess = (1 << (k + ESCAPE_ORDER)) - (1 << ESCAPE_ORDER) + self._field(k + ESCAPE_ORDER)
        symbol = first - 1 - excess if below else end + excess
        if not _INT16.min <= symbol <= _INT16.max:
            raise CorruptError(f"payload: an escape stands for {symbol}, which is no int16")
        return symbol

    def _field(self, bits: int) -> int:
        """Uniform bits, at most 16."""
        value = (self._states[self._lane] & 0xFFFF) >> (PRECISION - bits)
        width = TOTAL >> bits
        self._pop(value * width, width)
        return value

    def _pop(self, start: int, width: int) -> None:
        """Undo the push of this interval, then take in bytes until the state is in its range again."""
        x = self._states[self._lane]
        x = width * (x >> PRECISION) + (x & 0xFFFF) - start
        while x < LOW:
            if self._next == len(self._payload):
                raise TruncatedError("payload: ends before the last symbol")
            x = x << 8 | self._payload[self._next]
            self._next += 1
        self._states[self._lane] = x
