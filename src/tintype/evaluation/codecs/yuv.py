"""Video's pictures: Y'CbCr 4:2:0 of 10 bits, for codecs that take nothing else.

BT.601 weights and full range, as JPEG and WebP have them; a chroma sample is the mean of its 2 x 2 pixels, and lies in
their middle. 10 bits, so that the change of colour space costs 8-bit pixels little; halving chroma costs what it costs.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tintype.errors import InputError
from tintype.pixels import Pixels8

Plane = NDArray[np.float64]

_KR, _KB = 0.299, 0.114
_PEAK = 1023
_MIDDLE = 512  # of chroma: no colour


def raw(pixels: Pixels8) -> bytes:
    """One frame, planar: Y, Cb, Cr, little-endian 16-bit words.

    Parameters
    ----------
    pixels : uint8, (H, W, 3) RGB or (H, W) grey; H and W even

    Raises
    ------
    InputError
        A side is odd.
    """
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        raise InputError(f"{width} x {height}: 4:2:0 needs even sides")
    colour = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    r, g, b = np.moveaxis(colour / 255, 2, 0)
    y = _KR * r + (1 - _KR - _KB) * g + _KB * b
    chroma = [(b - y) / (2 - 2 * _KB), (r - y) / (2 - 2 * _KR)]
    halves = [c.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)) for c in chroma]
    planes = [_PEAK * y, *(_MIDDLE + _PEAK * c for c in halves)]
    return b"".join(np.clip(np.rint(plane), 0, _PEAK).astype("<u2").tobytes() for plane in planes)


def frame(data: bytes) -> Pixels8:
    """RGB of the first frame of a YUV4MPEG2 file, 4:2:0 in 10 bits.

    Raises
    ------
    InputError
        Another kind of file.
    """
    head, _, rest = data.partition(b"\n")
    fields = {part[:1]: part[1:] for part in head.split(b" ")[1:]}
    if not head.startswith(b"YUV4MPEG2 ") or not fields.get(b"C", b"").startswith(b"420p10"):
        raise InputError(f"a YUV4MPEG2 file in 4:2:0 and 10 bits is needed, not {head[:80]!r}")
    width, height = int(fields[b"W"]), int(fields[b"H"])
    samples = np.frombuffer(rest.partition(b"\n")[2], "<u2")
    full, half = width * height, width * height // 4
    if samples.size < full + 2 * half:
        raise InputError(f"the frame ends after {samples.size} of {full + 2 * half} samples")
    ends = (0, full, full + half, full + 2 * half)
    luma, blue, red = (samples[a:b].astype(np.float64) for a, b in pairwise(ends))
    y = luma.reshape(height, width) / _PEAK
    cb, cr = (_doubled((c.reshape(height // 2, width // 2) - _MIDDLE) / _PEAK) for c in (blue, red))
    r, b = y + (2 - 2 * _KR) * cr, y + (2 - 2 * _KB) * cb
    g = (y - _KR * r - _KB * b) / (1 - _KR - _KB)
    return np.clip(np.rint(255 * np.stack([r, g, b], axis=2)), 0, 255).astype(np.uint8)


def _doubled(plane: Plane) -> Plane:
    """Twice the size, linear between the samples' places."""
    for axis in (0, 1):
        padded = np.pad(plane, [(1, 1) if at == axis else (0, 0) for at in (0, 1)], mode="edge")
        before, middle, after = (np.take(padded, range(k, k + plane.shape[axis]), axis=axis) for k in range(3))
        pair = np.stack([0.25 * before + 0.75 * middle, 0.75 * middle + 0.25 * after], axis=axis + 1)
        plane = pair.reshape([2 * n if at == axis else n for at, n in enumerate(plane.shape)])
    return plane
