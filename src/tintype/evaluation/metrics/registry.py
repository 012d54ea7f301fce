"""All metrics: a new one is one entry of `METRICS`, a function of two 8-bit pictures.

| metric      | range          | computed from                        | definition                          |
|-------------|----------------|--------------------------------------|-------------------------------------|
| psnr        | 0 to infinity  | R, G, B as stored, equal weights     | one MSE of all samples, peak 255    |
| psnr_y      | 0 to infinity  | luma with BT.601 weights, full range | MSE of unrounded luma, peak 255     |
| ms_ssim     | 0 to 1         | R, G, B as stored, each; their mean  | Wang, Simoncelli, Bovik 2003        |
| ssimulacra2 | below 0 to 100 | XYB from sRGB                        | Sneyers 2022, package ssimulacra2   |
| butteraugli | 0 to infinity  | XYB from sRGB                        | 3-norm by libjxl's butteraugli_main |
| texture     | 0 to 1         | luma with BT.601 weights             | strength of Gaussian derivatives    |
| text        | 0 to infinity  | R, G, B as stored                    | misread characters, package rapidocr |

LPIPS and DISTS are missing: both need trained weights that tintype neither ships nor can check.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tintype import metrics
from tintype.errors import InputError, UnsupportedError
from tintype.evaluation.metrics import resnet, text, texture
from tintype.models import rapidocr
from tintype.pixels import Pixels8
from tintype.ssimulacra2 import missing, ssimulacra2, write_png

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # BT.601 weights, as JPEG uses them


@dataclass(frozen=True, slots=True)
class Column:
    """One value, as it is stored in the results and shown in tables and plots."""

    name: str
    title: str = ""  # empty: stored only
    unit: str = ""
    decimals: int = 3  # in tables
    stored_decimals: int = 5
    higher_is_better: bool = True

    @property
    def label(self) -> str:
        """Of an axis."""
        title = f"{self.title} ({self.unit})" if self.unit else self.title
        return title if self.higher_is_better else f"{title} (lower is better)"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, or a family that is computed together."""

    columns: tuple[Column, ...]
    measure: Callable[[Pixels8, Pixels8], tuple[float, ...]]  # original, decoded; a value for each column
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


def butteraugli(original: Pixels8, decoded: Pixels8) -> float:
    """Butteraugli's 3-norm by libjxl's `butteraugli_main`."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["butteraugli_main", *write_png(folder, original, decoded)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in printed.splitlines():
        if "3-norm" in line:
            return float(line.split()[-1])
    raise UnsupportedError(f"butteraugli_main printed no 3-norm: {printed[:200]!r}")


def _program(name: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(name) else f"the program {name} is not installed"


METRICS: Mapping[str, Metric] = {
    "psnr": Metric((Column("psnr", "PSNR", "dB", stored_decimals=4),), lambda a, b: (metrics.psnr(a, b),)),
    "psnr_y": Metric((Column("psnr_y", "PSNR-Y", "dB", stored_decimals=4),), lambda a, b: (psnr_y(a, b),)),
    "ms_ssim": Metric(
        (Column("ms_ssim", "MS-SSIM", decimals=5, stored_decimals=6),), lambda a, b: (metrics.ms_ssim(a, b),)
    ),
    "ssimulacra2": Metric(
        (Column("ssimulacra2", "SSIMULACRA2", decimals=2, stored_decimals=3),),
        lambda a, b: (ssimulacra2(a, b),),
        missing,
    ),
    "butteraugli": Metric(
        (Column("butteraugli", "Butteraugli", stored_decimals=4, higher_is_better=False),),
        lambda a, b: (butteraugli(a, b),),
        _program("butteraugli_main"),
    ),
    "resnet": Metric(
        (
            Column("resnet_lp", "ResNet lp", decimals=4, higher_is_better=False),
            Column("resnet_ds", "ResNet ds", decimals=4, higher_is_better=False),
        ),
        resnet.distances,
        resnet.available,
    ),
    "texture": Metric(
        (
            Column("texture", "texture distance", decimals=4, higher_is_better=False),
            *(Column(f"texture_{pixels}px", higher_is_better=False) for pixels in (1, 2, 4)),
        ),
        lambda a, b: texture.distance(luma(a) / np.float32(255), luma(b) / np.float32(255)),
    ),
    "text": Metric(
        (
            Column("text_errors", "misread text", decimals=4, higher_is_better=False),
            Column("text_characters", stored_decimals=0),
        ),
        text.errors,
        rapidocr.missing,
    ),
}
COLUMNS: Mapping[str, Column] = {column.name: column for metric in METRICS.values() for column in metric.columns}
DEFAULT = ("psnr", "psnr_y", "ms_ssim", "texture")


def named(listed: str) -> list[str]:
    """Metrics from a list separated by commas.

    Raises
    ------
    InputError
        Unknown, or not installed; the message says which.
    """
    names = list(dict.fromkeys(part.strip() for part in listed.split(",") if part.strip()))
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
        names_of = [column.name for column in metric.columns]
        values |= zip(names_of, metric.measure(original, decoded), strict=True)
    return values
