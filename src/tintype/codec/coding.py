"""A schedule on numpy arrays, driven: latents to rows and symbols of every step, and back.

The drivers know no files and no streams. Families on other arrays have their own (`models/hpcm/coding.py`).
"""

from collections.abc import Generator

import numpy as np

from tintype.codec.entropy.tables import Rows, Symbols
from tintype.codec.steps import Array, Quantiser, Schedule, Step, relay, walk
from tintype.codec.tile_model import Coded, StepRows

Shape = tuple[int, ...]  # (C, h, w)


def encode_steps(schedule: Schedule, quantise: Quantiser) -> list[Coded]:
    """Rows and symbols of every step, in coding order."""
    coded: list[Coded] = []

    def answer(step: Step) -> Array:
        symbols = quantise(step)
        assert symbols.ndim == 3
        # kept in coding order for the coder; the schedule goes on with the full shape
        coded.append(Coded(_rows(step, symbols.shape), step.lattice.gather(symbols).astype(np.int16)))
        return symbols

    walk(schedule, answer)
    return coded


def decode_steps(schedule: Schedule, shapes: list[Shape]) -> Generator[StepRows, Symbols, Array]:
    """Yield each step's rows, be sent its symbols, return the latents.

    Parameters
    ----------
    shapes : (C, h, w) of the latents of each step
    """
    remaining = iter(shapes)

    def exchange(step: Step) -> Generator[StepRows, Symbols, Array]:
        shape = next(remaining)
        symbols = yield StepRows(_rows(step, shape))
        return step.lattice.scatter(symbols.astype(np.float32), shape)

    return relay(schedule, exchange)


def _rows(step: Step, shape: Shape) -> Rows:
    """Rows of a step in coding order; they may be given per channel: broadcast (C, 1, 1) to (C, h, w)."""
    return np.ascontiguousarray(step.lattice.gather(np.broadcast_to(step.rows, shape)), np.uint16)
