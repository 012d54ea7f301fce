"""Quantisers: how an encoder chooses symbols. A decoder does not know which one was used."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tintype.codec.entropy.tables import Tables
from tintype.codec.steps import Step
from tintype.native import _loops

SYMBOL_MAX = 32767  # of int16; its negative is the lowest, so that a symbol and its negative are both codable

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """Round to the nearest integer; 0 where the row holds nothing else.

    Parameters
    ----------
    skips : bool, (R,), rows whose only symbol is 0 (`Tables.skips`)
    """

    skips: NDArray[np.bool_]

    def __call__(self, step: Step) -> Floats:
        return _rounded(_values(step), step, self.skips)


@dataclass(frozen=True, slots=True, eq=False)
class RateDistortion:
    """Round to the nearest integer, or to the next one towards zero where the bits saved are worth more than the error.

    Greedy, symbol by symbol: what a symbol changes in later steps is not weighed. Steps that do not say what an
    error is worth are rounded. Ortega and Ramchandran 1998, section on scalar quantisation.

    Parameters
    ----------
    saved_bits : float32, (R, M), what row r saves by coding |symbol| m instead of m + 1
    """

    skips: NDArray[np.bool_]
    saved_bits: Floats

    @classmethod
    def of(cls, tables: Tables) -> Self:
        """The quantiser for these tables; the cost of a symbol is the mean of its own and its negative's."""
        most = int(np.abs(tables.first.astype(np.int64)).max()) + 1
        rows = np.arange(len(tables), dtype=np.uint16)
        costs = np.zeros((len(tables), most + 1), np.float64)  # (R, M + 1), bits; skip rows stay at 0
        coded = rows[~tables.skips]
        for magnitude in range(most + 1):
            signs = (np.full(len(coded), sign * magnitude, np.int16) for sign in (1, -1))
            costs[~tables.skips, magnitude] = sum(tables.rate_bits(coded, symbols) for symbols in signs) / 2
        return cls(tables.skips, np.diff(costs, axis=1).astype(np.float32))

    def __call__(self, step: Step) -> Floats:
        if _native(step):
            arrays: list[Any] = [step.latents, step.mean, step.width, step.rows, step.worth]
            latents, mean, width, rows, worth = (np.ascontiguousarray(array) for array in arrays)
            symbols = np.empty_like(latents)
            _loops.symbols(latents, mean, width, rows, worth.reshape(-1), self.saved_bits, self.skips, symbols)
            return symbols
        return self.on_any_arrays(step)

    def on_any_arrays(self, step: Step) -> Floats:
        """The same for arrays that broadcast, and those of PyTorch; what the native code is compared with."""
        values = _values(step)  # (C, h, w), in units of the width
        symbols = _rounded(values, step, self.skips)
        if step.worth is None:
            return symbols
        where = np.flatnonzero(symbols)  # zeros cannot go further towards zero; mostly few remain, (n,)
        symbol = symbols.reshape(-1)[where]
        # from |symbol| to |symbol| - 1; larger symbols than the table has take its last column
        lower = np.minimum(np.abs(symbol).astype(np.intp) - 1, self.saved_bits.shape[1] - 1)
        rows = np.broadcast_to(step.rows, values.shape).reshape(-1)[where]
        # rows, worth and width may be given per channel; worth is per squared latent unit, values are in widths
        weight = np.broadcast_to(step.worth * np.square(step.width), values.shape).reshape(-1)[where]
        # (v - n + 1)^2 - (v - n)^2, for a value v that was rounded to n > 0
        added_error = 2 * (np.abs(values.reshape(-1)[where]) - np.abs(symbol)) + 1
        cheaper = weight * added_error < self.saved_bits[rows, lower]
        symbols.reshape(-1)[where] = symbol - cheaper * np.sign(symbol)
        return symbols


def _native(step: Step) -> bool:
    """Whether a step's arrays are those that native code takes: as pico gives them for its latents."""
    floats: list[Any] = [step.latents, step.mean, step.width, step.worth]
    if not all(isinstance(array, np.ndarray) and array.dtype == np.float32 for array in floats):
        return False
    shapes = [array.shape for array in (*floats, step.rows)]
    whole = shapes[0]
    per_channel = (*whole[:1], 1, 1)
    return shapes == [whole, whole, whole, per_channel, whole] and len(whole) == 3 and step.rows.dtype == np.uint16


def _values(step: Step) -> Floats:
    values: Floats = (step.latents - step.mean) / step.width
    return values


def _rounded(values: Floats, step: Step, skips: NDArray[np.bool_]) -> Floats:
    # methods that arrays of numpy and torch share: models without skip rows are quantised where they run
    symbols = values.round().clip(-SYMBOL_MAX, SYMBOL_MAX)
    if skips.any():
        symbols[np.broadcast_to(skips[step.rows], symbols.shape)] = 0
    rounded: Floats = symbols
    return rounded
