"""ICC profiles of version 4 for colours that a file states in numbers: primaries and a curve."""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]  # (3, 3)
Chromaticities = tuple[float, ...]  # x and y of white, red, green, blue

MAX_TABLE = 4096
D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def gamma_curve(gamma: float) -> bytes:
    """Light = sample to the power of gamma."""
    return b"para\0\0\0\0" + struct.pack(">HH", 0, 0) + _fixed(gamma)


def two_part_curve(power: float, offset: float, slope: float, end: float) -> bytes:
    """Light of a sample x: x / slope below the end, and from there on ((x + offset) / (1 + offset)) ^ power."""
    numbers = power, 1 / (1 + offset), offset / (1 + offset), 1 / slope, end
    return b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + _fixed(*numbers)


def srgb_curve() -> bytes:
    """The curve of sRGB."""
    return two_part_curve(2.4, 0.055, 12.92, 0.04045)


def table_curve(light: Sequence[int]) -> bytes:
    """Light, 0 to 65535, of each sample; long tables are thinned out, for readers of profiles refuse them."""
    if len(light) > MAX_TABLE:
        places = np.linspace(0, len(light) - 1, MAX_TABLE)
        light = np.interp(places, np.arange(len(light)), light).round().astype(int).tolist()
    return b"curv\0\0\0\0" + struct.pack(f">I{len(light)}H", len(light), *light)


def rgb_profile(name: str, chromaticities: Chromaticities, curves: Sequence[bytes]) -> bytes | None:
    """Profile of RGB samples with three curves; None if the primaries span no colours."""
    matrix, adaptation = _to_d50(chromaticities)
    if matrix is None:
        return None
    tags = {b"wtpt": _xyz(D50), b"chad": b"sf32\0\0\0\0" + _fixed(*adaptation.ravel())}
    for number, channel in enumerate((b"r", b"g", b"b")):
        tags[channel + b"XYZ"] = _xyz(matrix[:, number])
        tags[channel + b"TRC"] = curves[number]
    return _profile(b"RGB ", name, tags)


def grey_profile(name: str, curve: bytes) -> bytes:
    """Profile of grey samples."""
    return _profile(b"GRAY", name, {b"wtpt": _xyz(D50), b"kTRC": curve})


def _to_d50(chromaticities: Chromaticities) -> tuple[Matrix | None, Matrix]:
    """From linear RGB to XYZ under D50, and the adaptation of white in it (Bradford, ICC.1:2022 annex E)."""
    x, y = np.array(chromaticities[::2]), np.array(chromaticities[1::2])
    if not (np.isfinite(x).all() and np.isfinite(y).all() and (y > 0).all()):
        return None, np.eye(3)
    xyz = np.stack([x / y, np.ones(4), (1 - x - y) / y])  # (3, 4): white, red, green, blue
    white, primaries = xyz[:, 0], xyz[:, 1:]
    if abs(np.linalg.det(primaries)) < 1e-6:
        return None, np.eye(3)
    scales = np.linalg.solve(primaries, white)
    cones = (BRADFORD @ D50) / (BRADFORD @ white)
    adaptation = np.linalg.inv(BRADFORD) @ np.diag(cones) @ BRADFORD
    matrix = adaptation @ (primaries * scales)
    sound = np.isfinite(matrix).all() and np.abs(matrix).max() < 100 and np.abs(adaptation).max() < 100
    return (matrix if sound else None), adaptation


def _profile(space: bytes, name: str, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": _text(name), b"cprt": _text("No copyright, use freely"), **tags}
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"", 0x04400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(*D50)
    head += bytes(128 - len(head))
    return head + struct.pack(">I", len(tags)) + table + body


def _fixed(*values: float) -> bytes:
    """s15Fixed16 numbers."""
    return struct.pack(f">{len(values)}i", *(round(float(value) * 65536) for value in values))


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _text(text: str) -> bytes:
    data = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(data), 28) + data
