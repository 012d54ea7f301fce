"""One large picture out of small ones, for sizes that few available photos have."""

from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np

from tintype.errors import InputError
from tintype.pixels import Pixels8


def mosaic(pictures: Sequence[Pixels8], width: int, height: int) -> Pixels8:
    """Rows of pictures side by side at their own resolution, repeated until they fill the size.

    Each row is as high as the lowest picture, to which the others are cut, and begins with the next picture, so that
    no picture is below itself. Resolution and noise stay those of the originals, which enlarging would not keep;
    there are hard edges where pictures meet.

    Parameters
    ----------
    pictures : uint8, (H, W, 3) each
    width, height : pixels of the result
    """
    if not pictures:
        raise InputError("a mosaic needs at least one picture")
    row_height = min(picture.shape[0] for picture in pictures)
    rows = []
    for number in range(-(-height // row_height)):
        rows.append(_row(pictures, number, row_height, width))
    return np.ascontiguousarray(np.concatenate(rows)[:height])


def _row(pictures: Sequence[Pixels8], first: int, height: int, width: int) -> Pixels8:
    parts: list[Pixels8] = []
    for picture in islice(cycle(pictures), first % len(pictures), None):
        parts.append(picture[:height])
        if sum(part.shape[1] for part in parts) >= width:
            return np.concatenate(parts, axis=1)[:, :width]
    raise AssertionError("a cycle of pictures does not end")
