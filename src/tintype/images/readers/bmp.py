"""BMP: the colour that headers of versions 4 and 5 state."""

import struct

from tintype.images import colour
from tintype.images.colour import NOT_STATED, Colour
from tintype.images.raster import Raster
from tintype.images.readers import by_mode
from tintype.images.readers.opened import Opened

CALIBRATED, EMBEDDED, LINKED = 0, 0x4D424544, 0x4C494E4B  # values of the field for the colour space


def read(opened: Opened) -> Raster:
    raster = by_mode.read(opened)
    start = 14 if opened.data[:2] == b"BM" else 0
    stated = _colour(opened.data[start:], raster.samples.ndim == 2)
    return Raster(raster.samples, raster.bits, raster.alpha, stated, raster.notes)


def _colour(head: bytes, grey: bool) -> Colour:
    """Of the header, from the field for its size on."""
    if len(head) < 108 or struct.unpack_from("<I", head)[0] < 108:
        return NOT_STATED
    (space,) = struct.unpack_from("<I", head, 56)
    if space == CALIBRATED:
        return _calibrated(head, grey)
    if space in (EMBEDDED, LINKED) and struct.unpack_from("<I", head)[0] >= 124 and len(head) >= 124:
        at, size = struct.unpack_from("<II", head, 112)
        if space == LINKED:
            return Colour(notes=("Its colour profile is in another file and was left out.",))
        icc = head[at : at + size]
        if len(icc) < size:
            return Colour(notes=("Its colour profile is damaged and was left out.",))
        return Colour(icc=icc or None)
    return NOT_STATED


def _calibrated(head: bytes, grey: bool) -> Colour:
    """XYZ of red, green and blue, as 2.30 fixed point, and three gammas, as 16.16; zeros say nothing."""
    xyz = [value / 2**30 for value in struct.unpack_from("<9i", head, 60)]
    gammas = [value / 2**16 for value in struct.unpack_from("<3I", head, 96)]
    sums = [sum(xyz[at : at + 3]) for at in (0, 3, 6)]
    gamma = gammas[0] if gammas[0] > 0 else None
    if min(sums) <= 0:
        return colour.of_numbers(None, gamma, grey) if gamma else NOT_STATED
    red, green, blue = ((xyz[3 * n] / sums[n], xyz[3 * n + 1] / sums[n]) for n in range(3))
    total = sum(sums)
    white = colour.PRIMARIES[1][:2]
    if abs(total - 3) >= 0.01:  # else the field holds x, y and z of each primary, which leave white open
        white = sum(xyz[0::3]) / total, sum(xyz[1::3]) / total
    return colour.of_numbers((*white, *red, *green, *blue), gamma, grey)
