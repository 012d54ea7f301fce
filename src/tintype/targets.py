"""What a file is to meet, as data: a size or a quality."""

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from tintype import metrics
from tintype.arguments import number, shown
from tintype.errors import InputError
from tintype.pixels import Pixels8
from tintype.ssimulacra2 import ssimulacra2

Name = Literal["size", "bpp", "psnr", "ms_ssim", "ssimulacra2"]


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that rises with the level of a file.

    Parameters
    ----------
    unit : for messages
    typical : value at the lowest and at the highest level, of photographs: where a search begins, and how fast it goes
    quality : of the decoded picture against the original, in 8 bits; None: the file's bytes decide
    most : no target is above
    bytes_per_pixel : memory that `quality` takes
    """

    unit: str
    typical: tuple[float, float]
    quality: Callable[[Pixels8, Pixels8], float] | None = None
    most: float = math.inf
    bytes_per_pixel: int = 0


def ms_ssim_db(original: Pixels8, decoded: Pixels8) -> float:
    """MS-SSIM as -10 log10(1 - x) dB."""
    return metrics.decibels(metrics.ms_ssim(original, decoded))


# typical: means of eleven photographs with pico-s-psnr
MEASURES: Mapping[Name, Measure] = {
    "size": Measure("bytes", (0.1, 1.5)),  # typical: in bpp
    "bpp": Measure("bpp", (0.1, 1.5)),
    "psnr": Measure("dB PSNR", (27.4, 39.2), metrics.psnr, bytes_per_pixel=12),
    "ms_ssim": Measure("dB MS-SSIM", (10.1, 22.2), ms_ssim_db, bytes_per_pixel=56),
    "ssimulacra2": Measure("points of SSIMULACRA2", (-13.5, 82.3), ssimulacra2, most=100, bytes_per_pixel=510),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A size that a file must not exceed, or a quality that it must reach: `Target("size", 200_000)`.

    Parameters
    ----------
    measure : what is meant

        | measure     | value is                                     | the file                          |
        |-------------|----------------------------------------------|-----------------------------------|
        | size        | bytes of the whole file, metadata included   | the best that is not larger       |
        | bpp         | bits of the whole file per pixel             | the best that is not larger       |
        | psnr        | dB, see `tintype.metrics`                    | the smallest that is at least so good |
        | ms_ssim     | dB, -10 log10(1 - MS-SSIM)                   | the smallest that is at least so good |
        | ssimulacra2 | points, up to 100; needs `tintype[eval]`     | the smallest that is at least so good |

    value : above 0; of SSIMULACRA2 also below

    Raises
    ------
    InputError
        No such measure, or a value outside its range.
    """

    measure: Name
    value: float

    def __post_init__(self) -> None:
        if not isinstance(self.measure, str) or self.measure not in MEASURES:
            raise InputError(f"no measure is named {shown(self.measure)}; there is {', '.join(MEASURES)}")
        object.__setattr__(self, "value", number(self.measure, self.value))
        most = MEASURES[self.measure].most
        least = -math.inf if self.measure == "ssimulacra2" else 0
        if not (least < self.value <= min(most, sys.float_info.max)):  # false for NaN
            allowed = f"at most {most:g}" if math.isinf(least) else "above 0"
            raise InputError(f"{self.measure} {self.value}: a finite number {allowed} is needed")

    def __str__(self) -> str:
        return described(self.measure, self.value)

    @property
    def quality(self) -> Callable[[Pixels8, Pixels8], float] | None:
        """As `Measure.quality`."""
        return MEASURES[self.measure].quality

    def most_bytes(self, pixels: int) -> int:
        """Of a file of so many pixels; the measure is "size" or "bpp"."""
        return int(self.value if self.measure == "size" else min(self.value * pixels / 8, sys.maxsize))

    def reached(self, size_bytes: int, pixels: int) -> float:
        """Value of a file's bytes; the measure is "size" or "bpp"."""
        return size_bytes if self.measure == "size" else 8 * size_bytes / pixels


def described(measure: Name, value: float) -> str:
    """A value with its unit, as "38.04 dB PSNR"."""
    number = f"{value:.0f}" if measure == "size" else f"{value:.4g}" if measure == "bpp" else f"{value:.2f}"
    return f"{number} {MEASURES[measure].unit}"
