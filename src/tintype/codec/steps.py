"""Drivers that walk a schedule on the host: one encodes, one decodes. (The one that trains is in training/.)"""

from collections.abc import Generator

import numpy as np

from tintype.codec.rans import Coded
from tintype.codec.seam import Array, Quantiser, Schedule, Step
from tintype.codec.tables import Rows, Symbols


def encode_steps(schedule: Schedule, quantise: Quantiser) -> list[Coded]:
    """Rows and symbols of every step of a numpy schedule, in coding order."""
    coded = []
    step = next(schedule)
    while True:
        symbols = quantise(step)
        assert symbols.ndim == 3
        flat = step.lattice.gather(symbols).astype(np.int16)
        coded.append(Coded(_rows(step, symbols.shape), flat))
        try:
            step = schedule.send(symbols)
        except StopIteration:
            return coded


def decode_steps(schedule: Schedule, shapes: list[tuple[int, ...]]) -> Generator[Rows, Symbols, Array]:
    """Yield each step's rows, be sent its symbols, return the latents.

    Parameters
    ----------
    shapes : (C, h, w) of the latents of each step
    """
    step = next(schedule)
    for shape in shapes:
        symbols = yield _rows(step, shape)
        try:
            step = schedule.send(step.lattice.scatter(symbols.astype(np.float32), shape))
        except StopIteration as stop:
            return stop.value
    raise AssertionError("a schedule has as many steps as shapes")


def _rows(step: Step, shape: tuple[int, ...]) -> Rows:
    return np.ascontiguousarray(step.lattice.gather(np.broadcast_to(step.density, shape)), np.uint16)
