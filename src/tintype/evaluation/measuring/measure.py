"""One picture, one codec, one quality: a file on disk, decoded from there, timed and compared."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from tintype import images
from tintype.errors import TintypeError
from tintype.evaluation.codecs.names import Codec
from tintype.evaluation.measuring.rows import DECIMALS, TIMES, Row
from tintype.evaluation.metrics import registry
from tintype.pixels import Pixels8

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Subject:
    """A picture to be measured."""

    name: str  # in tables
    path: Path
    max_pixels: int = images.MAX_PIXELS  # more are refused

    def pixels(self) -> Pixels8:
        """What is measured."""
        return images.load_8bit(self.path, images.ReadOptions(max_pixels=self.max_pixels))


def sha256(data: bytes) -> str:
    """Hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def file_name(subject: str, quality: float, suffix: str) -> str:
    """Name of a coded file."""
    return f"{subject}_q{quality:g}{suffix}"


def measure(
    subject: Subject, codec: Codec, qualities: Sequence[float], metrics: Sequence[str], folder: Path
) -> list[Row]:
    """Rows of one picture and one codec at several qualities; errors become rows too.

    Parameters
    ----------
    qualities : in the codec's own unit
    metrics : names in `registry.METRICS`
    folder : where the coded files go

    Notes
    -----
    Encoding is timed from pixels in memory to the bytes of the file, decoding from those bytes to pixels in memory, in
    wall and CPU seconds, once each. PSNR and the like are taken from the 8-bit pixels that a viewer would get.
    """
    try:
        data = subject.path.read_bytes()
        original = subject.pixels()
    except (TintypeError, OSError) as error:
        settings, versions = codec.settings, codec.versions
        return [Row(subject.name, codec=codec.name, settings=settings, versions=versions, error=line(error))]
    row = Row(
        subject.name,
        image_sha256=sha256(data),
        width=original.shape[1],
        height=original.shape[0],
        codec=codec.name,
        settings=codec.settings,
        versions=codec.versions,
    )
    folder.mkdir(parents=True, exist_ok=True)
    return [_measure(replace(row, quality=quality), original, codec, metrics, folder) for quality in qualities]


def _measure(row: Row, original: Pixels8, codec: Codec, metrics: Sequence[str], folder: Path) -> Row:
    path = folder / file_name(row.image, row.quality, codec.suffix)
    # one codec that fails on one picture, in whatever way its library does, must not end the run
    try:
        codec.prepare(row.quality)
        data, encode_times = timed(lambda: codec.encode(original, row.quality))
        path.write_bytes(data)
        data = path.read_bytes()
        decoded, decode_times = timed(lambda: codec.decode(data))
        values = registry.measure(metrics, original, alike(decoded, original))
    except Exception as error:
        return replace(row, error=line(error))
    return replace(
        row,
        size_bytes=len(data),
        bpp=round(8 * len(data) / row.pixels, DECIMALS),
        file_sha256=sha256(data),
        values={name: round(value, registry.COLUMNS[name].stored_decimals) for name, value in values.items()},
        times={name: round(value, DECIMALS) for name, value in zip(TIMES, (*encode_times, *decode_times), strict=True)},
    )


def timed(work: Callable[[], Result]) -> tuple[Result, tuple[float, float]]:
    """Result, and (wall, CPU) seconds of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, (time.perf_counter() - wall, time.process_time() - cpu)


def alike(decoded: Pixels8, original: Pixels8) -> Pixels8:
    """A grey picture that its format stored as colour, as grey again; else as it is."""
    if original.ndim == 2 and decoded.ndim == 3:
        return np.asarray(np.round(decoded.mean(axis=2)), np.uint8)
    return decoded


def line(error: Exception) -> str:
    """What went wrong, for a table: our own words alone, others with the error's kind."""
    text = " ".join(str(error).split())
    return text if isinstance(error, TintypeError) and text else f"{type(error).__name__}: {text}"
