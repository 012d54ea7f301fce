"""One picture's file that meets a target: at a level of its model or, where no level is good enough, without loss."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from tintype.codec import search
from tintype.errors import DeadlineError, LimitError, TargetError
from tintype.pixels import Pixels8
from tintype.targets import MEASURES, Target, described

LOG = logging.getLogger("tintype")


class EncodedFile(bytes):
    """The bytes of a .tint file.

    Attributes
    ----------
    reached : value of the target's measure that the file has, in its unit, infinite for a PSNR or MS-SSIM without
        error; None without a target
    """

    reached: float | None

    def __new__(cls, data: bytes, reached: float | None = None) -> Self:
        file = super().__new__(cls, data)
        file.reached = reached
        return file


@dataclass(frozen=True, slots=True)
class Files:
    """The files that one picture can become.

    Parameters
    ----------
    name : of the picture, for messages
    original : what the levels are compared with, in 8 bits: (H, W, 3) or (H, W)
    levels : of the model
    extra_bytes : transparency and metadata, which every file has
    least_exact_bytes : no file without loss is smaller
    at : the file at a level
    exact : the file without loss
    shown : 8-bit pixels of a file, as decoders find them
    """

    name: str
    original: Pixels8
    levels: int
    extra_bytes: int
    least_exact_bytes: Callable[[], float]
    at: Callable[[int], bytes]
    exact: Callable[[], bytes]
    shown: Callable[[bytes], Pixels8]

    @property
    def pixels(self) -> int:
        """Of the picture."""
        height, width = self.original.shape[:2]
        return int(height * width)


def meet(target: Target, files: Files) -> EncodedFile:
    """The best file of a size, or the smallest of a quality.

    Raises
    ------
    TargetError
        The smallest file is larger than the target.
    """
    return _of_quality(target, files) if target.quality else _of_size(target, files)


def _of_size(target: Target, files: Files) -> EncodedFile:
    most, pixels = target.most_bytes(files.pixels), files.pixels
    first, last = (bpp * pixels / 8 + files.extra_bytes for bpp in MEASURES["bpp"].typical)
    level, data, _ = search.largest_within(files.at, most, files.levels, (first, last))
    if len(data) > most:
        raise TargetError(_too_large(len(data), target, most, files))
    if level == files.levels - 1 and files.least_exact_bytes() <= most:
        data = _exact_within(most, files) or data
    return EncodedFile(data, target.reached(len(data), pixels))


def _exact_within(most: int, files: Files) -> bytes | None:
    """The file without loss, if it fits into its bytes and into the caller's limits."""
    try:
        data = files.exact()
    except DeadlineError:
        raise
    except LimitError:
        return None
    return data if len(data) <= most else None


def _of_quality(target: Target, files: Files) -> EncodedFile:
    measure = MEASURES[target.measure]

    def quality(data: bytes) -> float:
        assert measure.quality is not None
        return measure.quality(files.original, files.shown(data))

    _, data, value = search.smallest_reaching(files.at, quality, target.value, files.levels, measure.typical)
    if value >= target.value:
        return EncodedFile(data, value)
    best = described(target.measure, value)
    LOG.warning("%s: %s is above what the levels reach, %s; encoded without loss", files.name, target, best)
    return EncodedFile(files.exact(), measure.most)


def _too_large(size_bytes: int, target: Target, most: int, files: Files) -> str:
    allowed = f"{most} bytes" if target.measure == "size" else f"{target} ({most} bytes)"
    extra = f", {files.extra_bytes} of them transparency and metadata" if files.extra_bytes else ""
    strip = ", leave out metadata (--strip)" if files.extra_bytes else ""
    return (
        f"{files.name}: no file of at most {allowed} is possible; the smallest has {size_bytes} bytes{extra}. Allow "
        f"{size_bytes} bytes{strip}, or encode a smaller picture"
    )
