"""Files of a batch by path, or by URL through fsspec: read, hash, write.

Of URLs, `file://` ones are paths. Others are objects of a store: they are read and written as a whole.
"""

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

from tintype.errors import UnsupportedError
from tintype.replacing import replacing

FILE = "file://"
Times = tuple[int, int]  # of last access and modification, ns


def is_url(place: str) -> bool:
    """Whether a place is a URL that is not a path."""
    return "://" in place


def local(place: str) -> str:
    """The path of a `file://` URL; other places as they are."""
    return unquote(place.removeprefix(FILE)) if place.startswith(FILE) else place


def store_of(url: str) -> tuple[Any, str]:
    """File system of fsspec, and a URL's path in it.

    Raises
    ------
    UnsupportedError
        fsspec or the package for this kind of URL is not installed, or the kind is unknown.
    """
    try:
        import fsspec

        found: tuple[Any, str] = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UnsupportedError(
            f'{url}: cannot be opened ({error}); pip install "tintype[ray]" and the package of fsspec for such URLs'
        ) from error
    return found


def found_below(url: str) -> list[tuple[str, str]]:
    """Objects below a URL, as URLs and as paths below it, in the order of names; for an object, itself and its name."""
    store, root = store_of(url)
    paths = sorted(store.find(root))
    return [(store.unstrip_protocol(path), path[len(root) :].lstrip("/") or path.rpartition("/")[2]) for path in paths]


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as it was when it was looked at."""

    place: str
    sha256: str
    size_bytes: int
    source: str | BinaryIO  # for the codec
    times: Times | None  # None for URLs

    def has_changed(self) -> bool:
        """Whether a path's file is another one now."""
        return self.times is not None and _state(self.place) != (self.size_bytes, self.times[1])


def opened(place: str) -> Opened:
    """A file with its hash; raises OSError if it cannot be read."""
    if is_url(place):
        store, path = store_of(place)
        data: bytes = store.cat_file(path)
        return Opened(place, sha256(data), len(data), _Named(data, place), None)
    with open(place, "rb") as file:
        about = os.fstat(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Opened(place, digest, about.st_size, place, (about.st_atime_ns, about.st_mtime_ns))


def opened_if_any(place: str) -> Opened | None:
    """As `opened`; None if there is no file."""
    try:
        return opened(place)
    except FileNotFoundError:
        return None


def sha256(data: bytes | memoryview) -> str:
    """Hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def exists(place: str) -> bool:
    """Whether there is something at a place."""
    if is_url(place):
        store, path = store_of(place)
        return bool(store.exists(path))
    return os.path.exists(place)


def write(place: str, data: bytes | memoryview, times: Times | None = None) -> None:
    """A file that appears complete or not at all, with folders above it.

    An object appears as its store promises; most show an object when all of it is there.
    """
    if is_url(place):
        store, path = store_of(place)
        store.makedirs(path.rpartition("/")[0], exist_ok=True)
        store.pipe_file(path, bytes(data))
        return
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file:
        file.write(data)
        if times is not None:
            file.flush()  # a later write would change the time
            os.utime(file.name, ns=times)


class _Named(io.BytesIO):
    """The content of a file that is known by name: some formats are told by the suffix."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


def _state(path: str) -> tuple[int, int] | None:
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_size, about.st_mtime_ns
