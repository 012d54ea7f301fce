"""Entropy coding of a tile: rANS over integer tables, in C++ where the extension is at hand.

rANS is last in, first out: `encode` takes all steps of a tile and codes them backwards; a `Decoder` runs
forwards and gives each step's symbols as soon as its rows are known.  `docs/payload.md` defines the bytes;
both coders write the same ones.

>>> import numpy as np
>>> from tintype.codec.entropy.tables import gaussian_tables
>>> tables = gaussian_tables()
>>> rows, symbols = np.array([40, 0, 63], np.uint16), np.array([-2, 0, 77], np.int16)
>>> decoder = Decoder(encode([(rows, symbols)], tables), tables)
>>> decoder.decode(rows).tolist()
[-2, 0, 77]
>>> decoder.finish()
"""

import warnings
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any, Literal

import numpy as np

from tintype.codec.entropy import reference
from tintype.codec.entropy.tables import Rows, Symbols, Tables
from tintype.errors import InputError

Coder = Literal["native", "reference"]


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
        For arrays of other types or shapes, a row the tables do not have, or a symbol other than 0 at a skip
        row.
    """
    checked = []
    for number, (rows, symbols) in enumerate(steps):
        pair = (
            _vector(f"step {number}: rows", rows, np.uint16),
            _vector(f"step {number}: symbols", symbols, np.int16),
        )
        if pair[0].shape != pair[1].shape:
            raise InputError(f"step {number}: {pair[0].size} rows, but {pair[1].size} symbols")
        checked.append(pair)
    payload: bytes = _module(coder).encode(checked, tables)
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
        Here and in both methods.  `finish` notices most damage that still read as symbols, but is no
        checksum; the container has one.
    """

    def __init__(self, payload: bytes, tables: Tables, *, coder: Coder | None = None) -> None:
        self._decoder = _module(coder).Decoder(bytes(payload), tables)

    def decode(self, rows: Rows) -> Symbols:
        """Symbols of the next step: int16, shape (n,), for uint16 rows of that shape."""
        symbols: Symbols = self._decoder.decode(_vector("rows", rows, np.uint16))
        return symbols

    def finish(self) -> None:
        """Check that every byte is used up and every lane is back in its initial state."""
        self._decoder.finish()


def _module(coder: Coder | None) -> ModuleType:
    """`native` or `reference`: each module has `encode(steps, tables)` and `Decoder(payload, tables)`."""
    if coder == "native":
        from tintype.codec.entropy import native

        return native
    return reference if coder == "reference" else _default()


@cache
def _default() -> ModuleType:
    try:
        return _module("native")
    except ImportError as error:
        warnings.warn(
            f"the native entropy coder is not installed ({error}); the one in Python writes the same bytes, "
            "but is a hundred times slower",
            RuntimeWarning,
            stacklevel=4,
        )
        return reference


def _vector(name: str, values: Any, dtype: type[np.integer[Any]]) -> Any:
    array = np.ascontiguousarray(values)
    if array.dtype != dtype or array.ndim != 1:
        raise InputError(f"{name} are {array.dtype} of shape {array.shape}; give {dtype.__name__} of shape (n,)")
    return array
