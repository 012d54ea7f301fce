"""The entropy coder in C++, behind the interface of `reference`.  Importing it needs the extension."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np

from tintype.codec.entropy.tables import Rows, Symbols, Tables
from tintype.native import _rans

_derived: WeakKeyDictionary[Tables, _rans.Tables] = WeakKeyDictionary()


def encode(steps: Sequence[tuple[Rows, Symbols]], tables: Tables) -> bytes:
    """Payload of a tile's steps; skip rows leave no trace in it."""
    return _rans.encode(steps, derive(tables))


class Decoder:
    """Reads one payload, step by step."""

    def __init__(self, payload: bytes, tables: Tables) -> None:
        self._decoder = _rans.Decoder(payload, derive(tables))

    def decode(self, rows: Rows) -> Symbols:
        """Symbols of the next step."""
        symbols = np.empty(rows.shape, np.int16)
        self._decoder.decode(rows, symbols)
        return symbols

    def finish(self) -> None:
        """Check that the payload is used up and every lane is back where the encoder began."""
        self._decoder.finish()


def derive(tables: Tables) -> _rans.Tables:
    """What the native coder looks up, made once for each tables."""
    derived = _derived.get(tables)
    if derived is None:
        # Two threads may both come here; they make the same, and one of them stays.
        derived = _derived[tables] = _rans.Tables(tables.cumulative, tables.offsets, tables.first)
    return derived
