"""Metadata that stays true: orientation is applied to the pixels, and then says so."""

import re
import struct
from collections.abc import Callable, Mapping

import numpy as np

from tintype.images.picture import Samples

ORIENTATION = 0x0112

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


def upright_exif(exif: bytes) -> bytes | None:
    """EXIF without its prefix and with orientation 1; None if it has no sound main directory."""
    while exif.startswith(EXIF_PREFIX):
        exif = exif[len(EXIF_PREFIX) :]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return None
    (directory,) = struct.unpack_from(f"{order}I", exif, 4)
    if directory + 2 > len(exif):
        return None
    (count,) = struct.unpack_from(f"{order}H", exif, directory)
    entries = range(directory + 2, directory + 2 + 12 * count, 12)
    if entries and entries[-1] + 12 > len(exif):
        return None
    patched = bytearray(exif)
    for entry in entries:
        (tag,) = struct.unpack_from(f"{order}H", exif, entry)
        if tag == ORIENTATION:
            short, values = 3, 1
            struct.pack_into(f"{order}HHIHH", patched, entry, ORIENTATION, short, values, 1, 0)
    return bytes(patched)


EXIF_PREFIX = b"Exif\0\0"


def upright_xmp(xmp: bytes) -> bytes | None:
    """XMP with orientation 1; None if it is not UTF-8."""
    try:
        xmp.decode()
    except UnicodeDecodeError:
        return None
    return re.sub(rb"(tiff:Orientation(?:\s*=\s*[\"']|>\s*))\d+", rb"\g<1>1", xmp) or None
