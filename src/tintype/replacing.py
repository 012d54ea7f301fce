"""Files appear under their names only when they are complete, and replace earlier ones in one step.

Until then a result is a *part* beside its place: `.tintype-*.part`. A process that is killed leaves its part. The next
process that writes into the folder removes it. It knows by a lock that the system takes off a dead process's files.
"""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where nobody can remove a file that is open
    fcntl = None  # type: ignore[assignment]

PREFIX, SUFFIX = ".tintype-", ".part"


@contextmanager
def replacing(target: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file that takes the target's name when the block ends well, and else leaves no trace.

    Its bytes are on the disk before that (fsync). A link stays a link, and a file that is replaced keeps its mode.
    Devices and pipes are written to directly.

    Raises
    ------
    OSError
        The file cannot be written; the error names the target.
    """
    final = Path(os.path.realpath(target))
    part = None
    try:
        if final.exists() and not final.is_file():
            with open(final, "wb") as device:
                yield device
            return
        remove_dead_parts(final.parent)
        with _new_part(final.parent) as file:
            part = Path(file.name)
            yield file
            file.flush()
            with suppress(FileNotFoundError):
                os.chmod(part, stat.S_IMODE(os.stat(final).st_mode))
            os.fsync(file.fileno())
            if fcntl is None:
                file.close()  # Windows renames closed files alone
            os.replace(part, final)
    except OSError as error:
        if error.errno is None or not _is_part(error.filename):  # of something else in the block
            raise
        raise OSError(error.errno, error.strerror, os.fspath(target)) from error  # the user does not know the part
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink()


def replace_text(target: str | os.PathLike[str], text: str) -> None:
    """Write a text as UTF-8 by `replacing`."""
    with replacing(target) as file:
        file.write(text.encode())


@contextmanager
def staged(folder: Path, replaced: Sequence[Path] = ()) -> Iterator[Path]:
    """A folder whose files move into `folder` when the block ends well, and else leave no trace.

    Parameters
    ----------
    replaced : earlier results, removed just before the new ones move
    """
    folder.mkdir(parents=True, exist_ok=True)
    remove_dead_parts(folder)
    part = _part_name(folder)
    part.mkdir()
    try:
        with _held(part):
            yield part
            for path in part.iterdir():
                sync(path)
            for path in replaced:
                path.unlink(missing_ok=True)
            for path in sorted(part.iterdir()):
                os.replace(path, folder / path.name)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sync(path: Path) -> None:
    """Put a file's bytes on the disk, so that no name ever points at less after the system stops."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@cache  # parts of processes that die later are left to the next process
def remove_dead_parts(folder: Path) -> None:
    """Remove the parts of dead processes from a folder, once per process."""
    with suppress(OSError):
        for part in list(folder.glob(f"{PREFIX}*{SUFFIX}")):
            if part.is_symlink():
                continue
            with suppress(OSError), _held(part, wait=False):
                if part.is_dir():
                    shutil.rmtree(part)
                else:
                    part.unlink()


def _is_part(filename: object) -> bool:
    """Whether an error names a part, or nothing as errors of open files do."""
    return filename is None or (isinstance(filename, str) and Path(filename).match(f"{PREFIX}*{SUFFIX}"))


def _new_part(folder: Path) -> BinaryIO:
    """A new part, open and locked."""
    while True:
        file = open(_part_name(folder), "xb")  # noqa: SIM115  # the caller closes it
        if fcntl is None:
            return file
        with suppress(OSError):  # some file systems have no locks; nobody removes parts there
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink > 0:
            return file
        file.close()  # somebody took it for dead before it was locked


def _part_name(folder: Path) -> Path:
    return folder / f"{PREFIX}{secrets.token_hex(4)}{SUFFIX}"


@contextmanager
def _held(part: Path, wait: bool = True) -> Iterator[None]:
    """Hold a part's lock; without `wait` raises OSError where a living process holds it."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(part, os.O_RDONLY)
    try:
        if wait:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
