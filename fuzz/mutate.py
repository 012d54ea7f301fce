"""Changes of bytes that know no format."""

import random
from collections.abc import Callable

EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
"""Numbers at which fields overflow."""

MAX_SPAN = 64  # bytes that one edit moves or repeats


def edited(data: bytes, rng: random.Random, begin: int = 0, end: int | None = None) -> bytes:
    """One to four random edits of the bytes from `begin` to `end`."""
    out = bytearray(data[begin:end])
    for _ in range(rng.choice((1, 1, 2, 4))):
        rng.choice(_EDITS)(out, rng)
    return data[:begin] + bytes(out) + (b"" if end is None else data[end:])


def _flip(out: bytearray, rng: random.Random) -> None:
    if out:
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)


def _set(out: bytearray, rng: random.Random) -> None:
    if out:
        out[rng.randrange(len(out))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _number(out: bytearray, rng: random.Random) -> None:
    """Overwrite a field of 2, 4 or 8 bytes with a number at an edge."""
    size = rng.choice((2, 4, 8))
    at = rng.randrange(len(out) + 1)
    value = rng.choice(EDGES) + rng.choice((0, 0, -1, 1))
    out[at : at + size] = (value % 2 ** (8 * size)).to_bytes(size, rng.choice(("little", "big")))


def _remove(out: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(out) + 1)
    del out[at : at + rng.randint(1, MAX_SPAN)]


def _insert(out: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(out) + 1)
    out[at:at] = rng.randbytes(rng.randint(1, MAX_SPAN)) if rng.random() < 0.5 else bytes(rng.randint(1, MAX_SPAN))


def _repeat(out: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(out) + 1)
    out[at:at] = out[at : at + rng.randint(1, MAX_SPAN)] * rng.choice((1, 1, 1, 20))


def _move(out: bytearray, rng: random.Random) -> None:
    """Copy a span over another place."""
    source, place = rng.randrange(len(out) + 1), rng.randrange(len(out) + 1)
    span = out[source : source + rng.randint(1, MAX_SPAN)]
    out[place : place + len(span)] = span


def _truncate(out: bytearray, rng: random.Random) -> None:
    del out[rng.randrange(len(out) + 1) :]


_EDITS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _flip,
    _set,
    _set,
    _number,
    _number,
    _remove,
    _insert,
    _repeat,
    _move,
    _truncate,
)
