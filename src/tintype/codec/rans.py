"""Entropy coding of a tile: rANS over integer tables, in C++ where the extension is at hand.

rANS is last in, first out: `encode` takes all steps of a tile and codes them backwards; a `Decoder` runs forwards and
gives each step's symbols as soon as its rows are known.  `docs/payload.md` defines the bytes; both coders write the
same ones.

>>> import numpy as np
>>> from tintype.codec.tables import gaussian_tables
>>> tables = gaussian_tables()
>>> step = Coded(np.array([40, 0, 63], np.uint16), np.array([-2, 0, 77], np.int16))
>>> decoder = Decoder(encode([step], tables), tables)
>>> decoder.decode(step.rows).tolist()
[-2, 0, 77]
>>> decoder.finish()
"""

import warnings
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any, Literal, NamedTuple, Protocol
from weakref import WeakKeyDictionary

import numpy as np

from tintype.codec import rans_reference
from tintype.codec.tables import Rows, Symbols, Tables, check_rows
from tintype.errors import InputError

Coder = Literal["native", "reference"]


class Coded(NamedTuple):
    """One step in coding order."""

    rows: Rows  # (n,)
    symbols: Symbols  # (n,)


def encode(steps: Sequence[tuple[Rows, Symbols]], tables: Tables, *, coder: Coder | None = None) -> bytes:
    """Payload of a tile.

    Parameters
    ----------
    steps : pairs of rows (uint16) and symbols (int16), both of shape (n,), in decoding order
        Any int16 is coded, at a cost where its row does not hold it; a skip row takes 0 only.
    tables : Tables
    coder : "native" or "reference", optional
        Default: native if the extension is installed, else the reference with one warning.

    Returns
    -------
    bytes
        Empty if every row is a skip row.

    Raises
    ------
    InputError
        For arrays of other types or shapes, a row the tables do not have, or a symbol other than 0 at a skip row.
    """
    checked = [_step(number, *step) for number, step in enumerate(steps)]
    native = _native(coder)
    if native is None:
        return rans_reference.encode(*rans_reference.join(checked), tables)
    payload: bytes = native.encode(checked, _derived(tables, native))
    return payload


class Decoder:
    """Reads one payload, step by step; for one thread.

    Parameters
    ----------
    payload : bytes
        Taken from a file, so nothing about it is believed.
    tables : Tables
        Those the encoder used.
    coder : "native" or "reference", optional

    Raises
    ------
    CorruptError, TruncatedError
        Here and in both methods.  Damage that still reads as symbols shows in `finish`, most of the time.
    """

    def __init__(self, payload: bytes, tables: Tables, *, coder: Coder | None = None) -> None:
        native = _native(coder)
        self._tables = tables
        self._reader: _Reader
        if native is None:
            self._reader = rans_reference.Decoder(payload, tables)
        else:
            self._reader = _NativeReader(native.Decoder(bytes(payload), _derived(tables, native)))

    def decode(self, rows: Rows) -> Symbols:
        """Symbols of the next step: int16, shape (n,), for uint16 rows of that shape."""
        rows = np.ascontiguousarray(rows)
        if rows.ndim != 1:
            raise InputError(f"rows have shape {rows.shape}; one axis is needed")
        check_rows(rows, self._tables)
        return self._reader.decode(rows)

    def finish(self) -> None:
        """Check that every byte is used up and every lane is back in its initial state."""
        self._reader.finish()


class _Reader(Protocol):
    def decode(self, rows: Rows) -> Symbols: ...

    def finish(self) -> None: ...


class _NativeReader:
    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self.finish = decoder.finish

    def decode(self, rows: Rows) -> Symbols:
        symbols = np.empty(rows.shape, np.int16)
        self._decoder.decode(rows, symbols)
        return symbols


_tables_of_native: WeakKeyDictionary[Tables, Any] = WeakKeyDictionary()


def _derived(tables: Tables, native: ModuleType) -> Any:
    """What the native coder derives from tables, made once for each."""
    derived = _tables_of_native.get(tables)
    if derived is None:
        derived = native.Tables(tables.cumulative, tables.offsets, tables.first)
        _tables_of_native[tables] = derived
    return derived


def _native(coder: Coder | None) -> ModuleType | None:
    """The extension, or None for the reference."""
    if coder == "reference":
        return None
    if coder == "native":
        from tintype.native import _rans

        return _rans
    return _default()


@cache
def _default() -> ModuleType | None:
    try:
        from tintype.native import _rans
    except ImportError as error:
        warnings.warn(
            f"the native entropy coder is not installed ({error}); the Python one writes the same bytes, "
            "but is a hundred times slower",
            RuntimeWarning,
            stacklevel=4,
        )
        return None
    return _rans


def _step(number: int, rows: Rows, symbols: Symbols) -> tuple[Rows, Symbols]:
    rows, symbols = np.ascontiguousarray(rows), np.ascontiguousarray(symbols)
    if rows.dtype != np.uint16 or symbols.dtype != np.int16:
        raise InputError(f"step {number}: rows {rows.dtype}, symbols {symbols.dtype}; needed are uint16 and int16")
    if rows.ndim != 1 or rows.shape != symbols.shape:
        raise InputError(f"step {number}: rows {rows.shape} and symbols {symbols.shape} must be of one shape (n,)")
    return rows, symbols
