"""PSNR and MS-SSIM of 8-bit pictures, in numpy.

| metric  | range            | better | colour                                | source                       |
|---------|------------------|--------|---------------------------------------|------------------------------|
| PSNR    | 0 dB to infinity | higher | R, G, B as stored, equal weights      | MSE of all samples, peak 255 |
| MS-SSIM | 0 to 1 (equal)   | higher | R, G, B as stored, each; their mean   | Wang, Simoncelli, Bovik 2003 |

Both compare what a viewer gets: samples after rounding to 8 bits. Near 1, MS-SSIM is easier to read as
-10 log10(1 - x) dB (`decibels`). Of several pictures, the mean of the dB and the dB of the mean differ by 0.1 to
0.3 dB: say which one is meant.
"""

import numpy as np
from numpy.typing import NDArray

from tintype.arguments import kind
from tintype.errors import InputError
from tintype.pixels import Pixels8

Plane = NDArray[np.float32]  # (H, W)

PEAK = 255.0
WINDOW = 11  # taps of the Gaussian window
SIGMA = 1.5  # pixels
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # finest first
C1, C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2


def mse(a: Pixels8, b: Pixels8) -> float:
    """Mean squared error over all samples, in units of one 8-bit level squared.

    Parameters
    ----------
    a, b : uint8, shape (H, W, 3) or (H, W), equal shapes

    Raises
    ------
    InputError
        Not 8-bit samples, or of different shapes.
    """
    _check(a, b)
    # int32 holds 255**2, and a sum of them is exact in int64: no order of summation can change the result
    difference = a.astype(np.int32) - b
    return int(np.square(difference, out=difference).sum(dtype=np.int64)) / difference.size


def psnr(a: Pixels8, b: Pixels8) -> float:
    """Peak signal-to-noise ratio in dB; infinite for equal pictures.

    Parameters
    ----------
    a, b : uint8, shape (H, W, 3) RGB or (H, W) grey, equal shapes
        One MSE over the three channels together, not the mean of three PSNRs.
    """
    error = mse(a, b)
    return float(10 * np.log10(PEAK**2 / error)) if error else float("inf")


def ms_ssim(a: Pixels8, b: Pixels8) -> float:
    """Multi-scale structural similarity, mean of the channels.

    Parameters
    ----------
    a, b : uint8, shape (H, W, 3) RGB or (H, W) grey, equal shapes, any size

    Returns
    -------
    float in [0, 1]; 1 for equal pictures

    Notes
    -----
    Wang, Simoncelli and Bovik, "Multi-scale structural similarity for image quality assessment", 2003: five scales,
    Gaussian window of 11 taps and sigma 1.5 without padding, halving by 2x2 means, negative terms set to zero.
    Where both sides exceed 160 pixels this is the package pytorch-msssim to about 1e-6, odd sides included
    (they get a line of zeros at their beginning before they are halved, as there).
    Smaller pictures, which have no five scales, take those at which the window still fits, their weights scaled to
    the same sum; with a side under 11 pixels the window is cut to that side. Such values compare only with each other.
    """
    _check(a, b)
    planes = [(a, b)] if a.ndim == 2 else [(a[..., c], b[..., c]) for c in range(a.shape[2])]
    return float(np.mean([_ms_ssim_plane(x.astype(np.float32), y.astype(np.float32)) for x, y in planes]))


def decibels(similarity: float) -> float:
    """MS-SSIM as -10 log10(1 - x) dB; infinite for 1, NaN for NaN."""
    return float("inf") if similarity >= 1 else float(-10 * np.log10(1 - similarity))


def scale_count(height: int, width: int) -> int:
    """Scales that MS-SSIM uses at this size in pixels: those at which the window fits, at least 1, at most 5."""
    side, count = min(height, width), 1
    while count < len(SCALE_WEIGHTS) and (side := (side + 1) // 2) >= WINDOW:
        count += 1
    return count


def _ms_ssim_plane(x: Plane, y: Plane) -> float:
    count = scale_count(*x.shape)
    # the published weights sum to 1.0001; fewer scales share that same sum, not 1, which would move the fourth decimal
    weights = np.array(SCALE_WEIGHTS[:count]) * (sum(SCALE_WEIGHTS) / sum(SCALE_WEIGHTS[:count]))
    terms = []
    for scale in range(count):
        luminance, contrast = _ssim_terms(x, y)
        if scale == count - 1:
            terms.append(luminance)
        else:
            terms.append(contrast)
            x, y = _halve(x), _halve(y)
    return float(np.prod(np.maximum(terms, 0) ** weights))


def _ssim_terms(x: Plane, y: Plane) -> tuple[float, float]:
    """Means over the plane of SSIM, and of its contrast and structure part alone."""
    # variances do not change with an offset; without their mean, float32 loses less in E[x^2] - E[x]^2
    offset = np.float32(128)
    x, y = x - offset, y - offset
    mean_x, mean_y = _blur(x), _blur(y)
    product = mean_x * mean_y
    covariance = _blur(x * y) - product
    squares = mean_x * mean_x + mean_y * mean_y
    variances = _blur(x * x + y * y) - squares  # of x and of y, together: they are needed as a sum only
    contrast = (2 * covariance + np.float32(C2)) / (variances + np.float32(C2))
    # 2 (m + o)(n + o) and (m + o)^2 + (n + o)^2, o the offset
    shift = 2 * offset * (mean_x + mean_y + offset)
    luminance = (2 * product + shift + np.float32(C1)) / (squares + shift + np.float32(C1))
    return float(np.mean(luminance * contrast, dtype=np.float64)), float(np.mean(contrast, dtype=np.float64))


def _blur(plane: Plane) -> Plane:
    """Gaussian window along both axes, only where it fits."""
    return _blur_rows(_blur_rows(plane).T).T


def _blur_rows(plane: Plane) -> Plane:
    taps = _window(min(WINDOW, plane.shape[0]))
    length = plane.shape[0] - len(taps) + 1
    total: Plane = taps[0] * plane[:length]
    for offset, tap in enumerate(taps[1:], 1):
        total += tap * plane[offset : offset + length]
    return total


def _window(taps: int) -> Plane:
    distance = np.arange(taps) - (taps - 1) / 2
    weights = np.exp(-(distance**2) / (2 * SIGMA**2))
    return np.asarray(weights / weights.sum(), np.float32)


def _halve(plane: Plane) -> Plane:
    """Means of 2x2 pixels; an odd side gets a line of zeros at its beginning."""
    height, width = plane.shape
    if height % 2 or width % 2:
        plane = np.pad(plane, ((height % 2, 0), (width % 2, 0)))
    total: Plane = plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]
    return total * np.float32(0.25)


def _check(a: Pixels8, b: Pixels8) -> None:
    for name, samples in (("a", a), ("b", b)):
        kind(name, samples, np.ndarray, "an array of 8-bit samples (uint8)")
    if a.dtype != np.uint8 or b.dtype != np.uint8:
        raise InputError(f"samples of {a.dtype} and {b.dtype}: metrics compare 8-bit samples (uint8)")
    if a.shape != b.shape:
        raise InputError(f"pictures of shapes {a.shape} and {b.shape} cannot be compared; they must have equal sides")
    if a.ndim not in (2, 3) or a.size == 0:
        raise InputError(f"an array of shape {a.shape} is not a picture of (H, W, 3) or (H, W)")
