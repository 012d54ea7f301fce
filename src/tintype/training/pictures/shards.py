"""Packed pictures in files of at most 16 MB, for machines that get their data in pieces.

Raw shards are .npy arrays (n, S, S, 3) of uint8; WebP shards are uncompressed zip archives of .webp files, about a
tenth of the size.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.errors import InputError
from tintype.replacing import staged

FILE_BYTES = 16_000_000  # at most, of a shard and of a file of a checkpoint
PREFIX = "pictures-"
RAW, WEBP = ".shard.npy", ".shard.zip"
OVERHEAD = 1024  # bytes of a zip archive for an entry, more than enough

Format = Literal["raw", "webp"]


def shards_in(folder: Path) -> list[Path]:
    """Shards of a folder in order."""
    return sorted(path for path in folder.glob(f"{PREFIX}*") if path.name.endswith((RAW, WEBP)))


def write(pictures: NDArray[np.uint8], folder: Path, format: Format, quality: int = 95) -> list[Path]:
    """Write pictures (N, S, S, 3) as shards, in place of earlier ones; returns their paths.

    Parameters
    ----------
    quality : of WebP, 0 to 100; 100 is lossless

    Raises
    ------
    InputError
        A single picture is larger than a shard may be.
    """
    with staged(folder, shards_in(folder)) as part:
        if format == "raw":
            _write_raw(pictures, part)
        else:
            for number, files in enumerate(_filled(pictures, quality)):
                _archive(part, number, files)
    return shards_in(folder)


def read(paths: Sequence[Path]) -> NDArray[np.uint8]:
    """All pictures of shards, (N, S, S, 3)."""
    try:
        return np.concatenate([_read(path) for path in paths])
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{paths[0].parent}: shards cannot be read: {error}") from error


def _read(path: Path) -> NDArray[np.uint8]:
    if path.name.endswith(RAW):
        array: NDArray[np.uint8] = np.load(path)
        return array
    with zipfile.ZipFile(path) as archive:
        files = [archive.read(name) for name in sorted(archive.namelist())]
    return np.stack([np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in files])


def _write_raw(pictures: NDArray[np.uint8], folder: Path) -> None:
    count = (FILE_BYTES - OVERHEAD) // pictures[0].nbytes
    if not count:
        raise InputError(f"a picture of {pictures[0].nbytes} bytes does not fit a shard of {FILE_BYTES}")
    for number, first in enumerate(range(0, len(pictures), count)):
        np.save(folder / f"{PREFIX}{number:05d}{RAW}", pictures[first : first + count])


def _filled(pictures: NDArray[np.uint8], quality: int) -> Iterator[list[bytes]]:
    """WebP files in groups, each as large as a shard may be."""
    group: list[bytes] = []
    size = OVERHEAD
    for picture in pictures:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "webp", quality=quality, lossless=quality == 100, method=4)
        file = buffer.getvalue()
        if group and size + len(file) + OVERHEAD > FILE_BYTES:
            yield group
            group, size = [], OVERHEAD
        group.append(file)
        size += len(file) + OVERHEAD
    yield group


def _archive(folder: Path, number: int, files: Sequence[bytes]) -> None:
    with zipfile.ZipFile(folder / f"{PREFIX}{number:05d}{WEBP}", "w", zipfile.ZIP_STORED) as archive:
        for position, file in enumerate(files):
            archive.writestr(zipfile.ZipInfo(f"{position:05d}.webp"), file)
