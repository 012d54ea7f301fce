"""Full-reference metrics beyond PSNR and MS-SSIM, and the list of all with their properties.

LPIPS and DISTS would stand here too. Both need trained weights from elsewhere, so they are left out until those can be
shipped or checked; a metric is one entry of `METRICS`, a function of two 8-bit pictures.
"""

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype import metrics
from tintype.errors import InputError, UnsupportedError
from tintype.evaluation.metrics import texture
from tintype.pixels import Pixels8

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # BT.601 weights, as JPEG uses them


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, or a family that is computed together."""

    columns: tuple[str, ...]  # names of its values in the results
    title: str
    range: str
    higher_is_better: bool
    colour: str
    source: str
    measure: Callable[[Pixels8, Pixels8], tuple[float, ...]]  # original, decoded
    available: Callable[[], str] = lambda: ""  # why not; empty if it is


def psnr_y(original: Pixels8, decoded: Pixels8) -> float:
    """PSNR of luma in dB; luma from R, G, B with BT.601 weights, full range, not rounded."""
    a, b = luma(original), luma(decoded)
    error = float(np.mean(np.square(a - b), dtype=np.float64))
    return 10 * float(np.log10(metrics.PEAK**2 / error)) if error else float("inf")


def luma(picture: Pixels8) -> NDArray[np.float32]:
    """(H, W), 0 to 255."""
    samples = picture.astype(np.float32)
    return samples @ LUMA if picture.ndim == 3 else samples


def ssimulacra2(original: Pixels8, decoded: Pixels8) -> float:
    """SSIMULACRA2 by the package of that name."""
    compute = import_module("ssimulacra2.ssimulacra2").compute_ssimulacra2
    with tempfile.TemporaryDirectory() as folder:
        return float(compute(*_written(folder, original, decoded)))


def butteraugli(original: Pixels8, decoded: Pixels8) -> float:
    """Butteraugli's 3-norm by libjxl's `butteraugli_main`."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["butteraugli_main", *map(str, _written(folder, original, decoded))]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        if "3-norm" in line:
            return float(line.split()[-1])
    raise UnsupportedError(f"butteraugli_main printed no 3-norm: {text[:200]!r}")


def _written(folder: str, *pictures: Pixels8) -> list[str]:
    """Paths of the pictures as RGB PNG files."""
    paths = []
    for number, picture in enumerate(pictures):
        paths.append(str(Path(folder) / f"{number}.png"))
        Image.fromarray(picture).convert("RGB").save(paths[-1], compress_level=1)
    return paths


def _package(name: str) -> Callable[[], str]:
    return lambda: "" if importlib.util.find_spec(name) else f"the package {name} is not installed"


def _program(name: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(name) else f"the program {name} is not installed"


METRICS: Mapping[str, Metric] = {
    "psnr": Metric(
        ("psnr",),
        "PSNR (dB)",
        "0 to infinity",
        True,
        "R, G, B as stored, equal weights",
        "one MSE of all samples, peak 255",
        lambda a, b: (metrics.psnr(a, b),),
    ),
    "psnr_y": Metric(
        ("psnr_y",),
        "PSNR-Y (dB)",
        "0 to infinity",
        True,
        "luma with BT.601 weights, full range",
        "MSE of unrounded luma, peak 255",
        lambda a, b: (psnr_y(a, b),),
    ),
    "ms_ssim": Metric(
        ("ms_ssim",),
        "MS-SSIM",
        "0 to 1",
        True,
        "R, G, B as stored, each; their mean",
        "Wang, Simoncelli, Bovik 2003",
        lambda a, b: (metrics.ms_ssim(a, b),),
    ),
    "ssimulacra2": Metric(
        ("ssimulacra2",),
        "SSIMULACRA2",
        "below 0 to 100",
        True,
        "XYB from sRGB",
        "Sneyers 2022, package ssimulacra2",
        lambda a, b: (ssimulacra2(a, b),),
        _package("ssimulacra2"),
    ),
    "butteraugli": Metric(
        ("butteraugli",),
        "Butteraugli 3-norm",
        "0 to infinity",
        False,
        "XYB from sRGB",
        "libjxl's butteraugli_main",
        lambda a, b: (butteraugli(a, b),),
        _program("butteraugli_main"),
    ),
    "texture": Metric(
        ("texture", "texture_1px", "texture_2px", "texture_4px"),
        "Texture distance",
        "0 to 1",
        False,
        "luma with BT.601 weights",
        "local strength of Gaussian derivatives, evaluation/metrics/texture.py",
        lambda a, b: texture.distance(luma(a) / np.float32(255), luma(b) / np.float32(255)),
    ),
}
DEFAULT = ("psnr", "psnr_y", "ms_ssim", "texture")


def named(text: str) -> list[str]:
    """Metrics from a list separated by commas.

    Raises
    ------
    InputError
        Unknown, or not installed; the message says which.
    """
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in names:
        if name not in METRICS:
            raise InputError(f"no metric named {name!r}; there is {', '.join(METRICS)}")
        if reason := METRICS[name].available():
            raise InputError(f"{name} cannot be measured here: {reason}")
    return names


def measure(names: Iterable[str], original: Pixels8, decoded: Pixels8) -> dict[str, float]:
    """Values of the named metrics, by column."""
    values: dict[str, float] = {}
    for name in names:
        metric = METRICS[name]
        values |= zip(metric.columns, metric.measure(original, decoded), strict=True)
    return values
