"""ICC profiles that say what colour code points say."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tintype.images.picture import CodePoints

D50 = (0.9642, 1.0, 0.8249)  # X, Y, Z of the white that profiles relate to, ICC.1 section 7.2.16
D65 = (0.3127, 0.3290)
C = (0.310, 0.316)

Xy = tuple[float, float]  # chromaticity

PRIMARIES: Mapping[int, tuple[Xy, Xy, Xy, Xy]] = {
    1: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), C),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}
"""ITU-T H.273, table 2: red, green, blue and white by their number."""

_BT709 = (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
CURVES: Mapping[int, tuple[float, ...]] = {
    **dict.fromkeys((1, 6, 14, 15), _BT709),
    4: (2.2,),
    5: (2.8,),
    7: (1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 0.0912),
    8: (1.0,),
    13: (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
}
"""ITU-T H.273, table 3, turned round: a gamma alone, or g, a, b, c, d of (a x + b)^g from d on and c x below it."""

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def of_code_points(code_points: CodePoints, grey: bool) -> bytes | None:
    """A profile for full-range RGB or grey samples; None where no profile of a curve and a matrix says the same.

    PQ and HLG are among these: they describe light itself, or a screen's, and not a share of white.
    """
    primaries, curve = PRIMARIES.get(code_points.primaries), CURVES.get(code_points.transfer)
    if primaries is None or curve is None:
        return None
    name = f"H.273 {code_points.primaries}/{code_points.transfer}"
    return profile(name, primaries, curve, grey)


def profile(name: str, primaries: tuple[Xy, Xy, Xy, Xy], curve: Sequence[float], grey: bool = False) -> bytes:
    """A display profile of version 4.

    Parameters
    ----------
    primaries : red, green, blue and white as x, y
    curve : a gamma, or five numbers as in `CURVES`
    grey : for grey samples, which need the white and the curve alone
    """
    *colours, white = (_xyz(at) for at in primaries)
    adaptation = _adaptation(white)
    shares = np.linalg.solve(np.stack(colours, axis=1), white)
    tags = {
        b"desc": _text(name),
        b"cprt": _text("No copyright, use freely"),
        b"wtpt": _xyz_tag(D50),
        b"chad": b"sf32" + bytes(4) + _fixed(*adaptation.flat),
    }
    if grey:
        tags[b"kTRC"] = _curve(curve)
    else:
        for letter, colour, share in zip((b"r", b"g", b"b"), colours, shares, strict=True):
            tags[letter + b"XYZ"] = _xyz_tag(adaptation @ colour * share)
            tags[letter + b"TRC"] = _curve(curve)
    return _file(tags, b"GRAY" if grey else b"RGB ")


def _xyz(at: Xy) -> NDArray[np.float64]:
    """X, Y, Z of a chromaticity, Y being 1."""
    x, y = at
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _adaptation(white: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Bradford matrix from a white to D50."""
    gains = (_BRADFORD @ np.array(D50)) / (_BRADFORD @ white)
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(gains) @ _BRADFORD)


def _fixed(*values: float) -> bytes:
    """Numbers in sixteen bits before and after the point."""
    return struct.pack(f">{len(values)}i", *(round(value * 2**16) for value in values))


def _xyz_tag(xyz: Sequence[float] | NDArray[np.float64]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(*xyz)


def _curve(curve: Sequence[float]) -> bytes:
    return b"para" + bytes(4) + struct.pack(">HH", 0 if len(curve) == 1 else 3, 0) + _fixed(*curve)


def _text(text: str) -> bytes:
    coded = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(coded), 28) + coded


def _file(tags: Mapping[bytes, bytes], space: bytes) -> bytes:
    """Header, table and data, ICC.1 section 7; equal data are written once."""
    table, data, places = b"", b"", dict[bytes, int]()
    start = 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        if content not in places:
            places[content] = start + len(data)
            data += content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", tag, places[content], len(content))
    header = struct.pack(
        ">I4s4s4s4s4s12s4s4sII4sQI",
        start + len(data), b"", b"\x04\x30\0\0", b"mntr", space, b"XYZ ", bytes(12), b"acsp", b"", 0, 0, b"", 0, 0,
    ) + _fixed(*D50)  # fmt: skip
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data
