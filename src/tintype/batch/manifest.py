"""The manifest of a folder of results: a line of JSON for each file that was worked on.

It is only appended to. A line that says `done` is written before the file gets its name, so a process that is killed
in between leaves a line without a file, and never a file without a line. What counts is therefore not the line alone:
a result is done if a line has the hash of its source, its settings, and the hash of the file that is there.
Lines may come in any order, twice, or torn.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Any, BinaryIO

from tintype.batch.places import is_url, store_of
from tintype.errors import UsageError

try:
    import fcntl
except ImportError:  # Windows, where two runs into one folder are not noticed
    fcntl = None  # type: ignore[assignment]

NAME = "tintype-manifest"
SUFFIX = ".jsonl"
MAX_LINE_BYTES = 2**20

Settings = Mapping[str, Any]  # everything beside the source that decides the bytes of a result, of JSON's types


@dataclass(frozen=True, slots=True)
class Done:
    """What a line proves. Hashes are hexadecimal SHA-256."""

    source_sha256: str
    result_sha256: str | None  # None: nothing was to be written
    settings: str  # as `canonical` writes them
    damaged: bool = False  # the source was; its result is ours, but is made again so that the damage is told again


def is_manifest(name: str) -> bool:
    """Whether a file is a manifest, by its name."""
    return name.startswith(NAME) and name.endswith(SUFFIX)


def canonical(settings: Settings) -> str:
    """Settings as text, which is equal if they are."""
    return json.dumps(settings, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifests of one folder, and the one that this process writes.

    Parameters
    ----------
    folder : path or URL
    name : of the file that `append` writes. Processes on several machines take names of their own: appending to a file
        from several machines is not safe. Below a URL each `append` makes a new object, for objects do not grow
    """

    folder: str
    name: str = NAME

    def read(self) -> tuple[dict[str, tuple[Done, ...]], int]:
        """What is done, by the result's place below the folder, and how many lines cannot be read."""
        found: dict[str, tuple[Done, ...]] = {}
        unreadable = 0
        for line in self._lines():
            if not line.strip():
                continue
            entry = _entry(line)
            if entry is None:
                unreadable += 1
                continue
            target, done = entry
            if done is not None and done not in found.get(target, ()):
                found[target] = (*found.get(target, ()), done)
        return found, unreadable

    def append(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Add lines, which are on the disk when the call returns.

        Raises
        ------
        OSError
            They cannot be written; the folder's name is in the error.
        """
        data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        if is_url(self.folder):
            store, root = store_of(self.folder)
            store.makedirs(root, exist_ok=True)
            store.pipe_file(f"{root.rstrip('/')}/{self.name}-{secrets.token_hex(8)}{SUFFIX}", data)
            return
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        path = Path(self.folder, self.name + SUFFIX)
        try:
            with path.open("ab+", buffering=0) as file, _held(file):
                _write_whole(file, data)
                os.fsync(file.fileno())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs out of a local folder, which is made if it is missing.

        Raises
        ------
        UsageError
            Another run works on it.
        """
        if is_url(self.folder) or fcntl is None:
            yield
            return
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(f"{self.folder}: another run writes there; wait until it ends") from error
            except OSError:  # some file systems have no locks
                pass
            yield
        finally:
            os.close(descriptor)

    def _lines(self) -> Iterator[bytes]:
        if is_url(self.folder):
            store, root = store_of(self.folder)
            for path in sorted(store.glob(f"{root.rstrip('/')}/{NAME}*{SUFFIX}")):
                with store.open(path, "rb") as file:
                    yield from _split(file)
            return
        for path in sorted(Path(self.folder).glob(f"{NAME}*{SUFFIX}")):
            with path.open("rb") as file:
                yield from _split(file)


def _split(file: BinaryIO) -> Iterator[bytes]:
    """Lines; of one that is too long, one piece that no parser takes."""
    too_long = False
    for piece in iter(lambda: file.readline(MAX_LINE_BYTES), b""):
        ends = piece.endswith(b"\n")
        if not too_long:
            yield piece
        too_long = not ends


def _entry(line: bytes) -> tuple[str, Done | None] | None:
    """Target of a line and what it proves; None for a line that cannot be read."""
    try:
        fields = json.loads(line)
        target, status = fields["target"], fields["status"]
        if status not in ("done", "kept"):
            return str(target), None
        source, result = fields["source_sha256"], fields["result_sha256"] if status == "done" else None
        if not all(isinstance(each, str) for each in (target, source, result or "")):
            return None
        settings = intern(canonical(fields["settings"]))  # one text for all lines
        return target, Done(source, result, settings, damaged=fields.get("damaged") is True)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _write_whole(file: BinaryIO, data: bytes) -> None:
    """Append to an unbuffered file, on a line of its own after one that a full disk or a kill has cut."""
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        if file.read(1) != b"\n":
            data = b"\n" + data
    written = 0
    while written < len(data):
        written += file.write(data[written:])


@contextmanager
def _held(file: BinaryIO) -> Iterator[None]:
    """Lines of several processes do not mix. The lock ends with the file."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
    yield
