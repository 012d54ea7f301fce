"""Inputs and outputs of a command, from its arguments, and safe writing of results."""

import io
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tintype.batch.manifest import is_manifest
from tintype.batch.places import found_below, is_url
from tintype.cli.outcome import Report, say
from tintype.cli.process import BROKEN_PIPE
from tintype.errors import InputError, UsageError
from tintype.replacing import replacing

STREAM = "-"  # standard input or output


@dataclass(frozen=True, slots=True)
class Input:
    """A file to work on."""

    path: str  # or STREAM
    below: Path  # its place below an output folder

    @property
    def name(self) -> str:
        """For messages, which escape what it may hold, and for JSON."""
        return "standard input" if self.path == STREAM else self.path

    @property
    def is_stream(self) -> bool:
        """Whether it is standard input or a pipe: it can be read once, and has no size before."""
        return self.path == STREAM or (os.path.exists(self.path) and not os.path.isfile(self.path))

    def source(self) -> bytes | str:
        """What the library reads: the path, which it refuses unread above its limits; of standard input all bytes."""
        return self.read() if self.path == STREAM else self.path

    def read(self) -> bytes:
        """All bytes."""
        return sys.stdin.buffer.read() if self.path == STREAM else Path(self.path).read_bytes()


@dataclass(frozen=True, slots=True)
class Job:
    """A file to work on, and where its result goes."""

    input: Input
    target: str  # path or STREAM
    makes_folders: bool = False  # for the target, where there is none


def is_tint(path: Path) -> bool:
    """Whether a folder's file is one of ours, by its name."""
    return path.suffix.lower() == ".tint"


def find(arguments: Sequence[str], wanted: Callable[[Path], bool], report: Report) -> list[Input]:
    """Files that arguments name. Folders are searched recursively in the order of names; hidden files are skipped.

    Parameters
    ----------
    wanted : whether a file found in a folder is processed
    report : takes an error for each folder without such files, or that cannot be read, and the count of other files
    """
    found = []
    for argument in arguments:
        if is_url(argument):
            found += _objects(argument, wanted, report)
            continue
        folder = Path(argument)
        if not argument:  # which pathlib takes for the current folder
            report.error("''", InputError("the name of an input is empty"))
            continue
        if argument == STREAM or not folder.is_dir():
            found.append(Input(argument, Path(folder.name)))
            continue
        files = list(_walk(folder, report))
        inside = [Input(str(path), path.relative_to(folder)) for path in files if wanted(path)]
        report.skipped += len(files) - len(inside)
        if not inside:
            report.error(argument, InputError("this folder holds no file that the command can process"))
        found += inside
    return found


def _walk(folder: Path, report: Report) -> Iterator[Path]:
    entries: list[Path] = []
    with report.file(str(folder)):
        entries = sorted(folder.iterdir())
    for entry in entries:
        if entry.name.startswith(".") or (entry.is_dir() and entry.is_symlink()):  # such a link may lead back up
            report.skipped += 1
        elif entry.is_dir():
            yield from _walk(entry, report)
        elif is_manifest(entry.name):
            continue  # it is kept beside results, and nobody would miss it
        elif entry.exists() and not entry.is_file():  # to read a pipe or a device could take for ever
            report.skipped += 1
        else:
            yield entry


def _objects(url: str, wanted: Callable[[Path], bool], report: Report) -> list[Input]:
    """As for folders, but told by the suffix alone: to look into an object could fetch all of it."""
    found: list[Input] = []
    with report.file(url):
        for place, below in found_below(url):
            path = Path(below)
            if path.suffix and not any(part.startswith(".") for part in path.parts) and wanted(path):
                found.append(Input(place, path))
            elif not is_manifest(path.name):
                report.skipped += 1
        if not found:
            raise InputError("there is no file that the command can process")
    return found


def is_folder(output: str) -> bool:
    """Whether an output is a folder, which need not exist yet."""
    return is_url(output) or os.path.isdir(output) or output.endswith(("/", os.sep))


def plan(
    arguments: Sequence[str],
    output: str | None,
    suffix: str,
    wanted: Callable[[Path], bool],
    report: Report,
) -> list[Job]:
    """Where the result of each input goes.

    Parameters
    ----------
    output : value of -o; None puts results into the folders of the inputs
    suffix : of the results, where their names follow from the inputs'
    wanted, report : as for `find`

    Raises
    ------
    UsageError
        Inputs and output do not fit together.
    """
    if output == "":
        raise UsageError("the name after -o is empty")
    from_folder = any(is_url(argument) or os.path.isdir(argument) for argument in arguments)
    into_folder = output is not None and output != STREAM and (from_folder or is_folder(output))
    if STREAM in arguments and (output is None or into_folder):
        raise UsageError(
            "standard input has no name to derive the output's from; give -o FILE, or -o - for standard output"
        )
    if output is not None and not into_folder and (from_folder or len(arguments) > 1):
        raise UsageError(f"-o {output} is one file, but there are several inputs; end the name of a folder with /")

    inputs = find(arguments, wanted, report)
    if output is not None and not into_folder:
        return [Job(each, output) for each in inputs]
    names = _named_after([Path(each.path) if output is None else each.below for each in inputs], suffix)
    targets = names if output is None else [_below(output, name) for name in names]
    return [Job(each, target, makes_folders=into_folder) for each, target in zip(inputs, targets, strict=True)]


def _below(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if is_url(folder) else str(Path(folder, name))


def _named_after(places: Sequence[Path], suffix: str) -> list[str]:
    """Names of results: IMG.tint of IMG.jpg, but IMG.jpg.tint and IMG.png.tint where both exist."""
    plain = [str(place.with_suffix(suffix)) for place in places]
    sharing = defaultdict(set)
    for place, name in zip(places, plain, strict=True):
        sharing[name.casefold()].add(place)  # some file systems do not tell upper from lower case
    return [
        name if len(sharing[name.casefold()]) == 1 else f"{place}{suffix}"
        for place, name in zip(places, plain, strict=True)
    ]


def say_count(arguments: Sequence[str], done: int, total: int, what: str, report: Report) -> None:
    """After folders: how many of their files were processed, and how many skipped as hidden or of another kind."""
    if total and any(os.path.isdir(argument) for argument in arguments):
        skipped = f", {report.skipped} other file{'s' * (report.skipped > 1)} skipped" if report.skipped else ""
        say(f"{done} of {total} {what}{skipped}")


class Outputs:
    """Writes results so that a file appears under its name only when it is complete.

    Parameters
    ----------
    force : overwrite files that exist already
    keep_times : give results the time of modification of their inputs
    """

    def __init__(self, force: bool, keep_times: bool = False) -> None:
        self.force, self.keep_times = force, keep_times
        self._written: dict[str, str] = {}  # targets to the inputs they were made from

    def check(self, job: Job, is_ours: bool = False) -> None:
        """That a job's result may be written. `is_ours`: what is there was written for this input, and may go.

        Raises
        ------
        UsageError
            It would replace something worth keeping, or show binary data on a terminal.
        """
        target = job.target
        if target == STREAM:
            if sys.stdout.isatty():
                raise UsageError(
                    "standard output is a terminal, which cannot show binary data; redirect it, or give -o FILE"
                )
            return
        earlier = self._written.get(os.path.realpath(target))
        if earlier is not None:
            raise UsageError(f"{target} was just written from {earlier}; give one of them another -o")
        if not os.path.exists(target):
            return
        if not os.path.isfile(target):
            raise UsageError(f"{target} is not a regular file and is not replaced")
        if job.input.path != STREAM and os.path.exists(job.input.path) and os.path.samefile(job.input.path, target):
            raise UsageError("the result would replace its own input; give another -o")
        if not (self.force or is_ours):
            raise UsageError(f"{target} exists; --force overwrites it, -o names another file")

    def claim(self, job: Job, is_ours: bool) -> None:
        """As `check`, before all files of a batch: no other job may have the same target."""
        self.check(job, is_ours)
        self._written[os.path.realpath(job.target)] = job.input.name

    @contextmanager
    def open(self, job: Job) -> Iterator[BinaryIO]:
        """A file that appears under its name when the block succeeds, and otherwise leaves no trace."""
        if job.target == STREAM:
            buffer = io.BytesIO()  # some formats seek while they are written, a pipe cannot
            yield buffer
            _to_stdout(buffer.getbuffer())
            return
        if job.makes_folders:
            Path(job.target).parent.mkdir(parents=True, exist_ok=True)
        with replacing(job.target) as file:
            yield file
            file.flush()
            if self.keep_times and job.input.path != STREAM:
                about = os.stat(job.input.path)
                os.utime(file.name, ns=(about.st_atime_ns, about.st_mtime_ns))
            self.check(job)  # again: time has passed
        self._written[os.path.realpath(job.target)] = job.input.name


def _to_stdout(data: memoryview) -> None:
    # past sys.stdout, which would try again what failed when the interpreter ends
    try:
        with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as file:
            file.write(data)
    except BrokenPipeError as error:  # a reader such as `head` has left
        raise SystemExit(BROKEN_PIPE) from error
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from error
