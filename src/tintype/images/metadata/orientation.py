"""Turns of pixels, and of places in them, that undo an EXIF orientation."""

from collections.abc import Callable, Mapping

import numpy as np

from tintype.images.picture import Samples

ORIENTATION = 0x0112
TRANSPOSED = range(5, 9)  # orientations whose turn exchanges the sides

UPRIGHT: Mapping[int, Callable[[Samples], Samples]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}
"""EXIF orientation to the turn that undoes it."""


def upright_point(orientation: int, x: float, y: float, right: float, bottom: float) -> tuple[float, float]:
    """Where a point is after the turn.

    Parameters
    ----------
    right, bottom : the largest x and y before the turn: the last pixel's, or 1 where places are shares of the sides
    """
    if orientation in (2, 3, 7, 8):
        x = right - x
    if orientation in (3, 4, 6, 7):
        y = bottom - y
    return (y, x) if orientation in TRANSPOSED else (x, y)
