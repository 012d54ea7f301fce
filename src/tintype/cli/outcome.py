"""Errors as one line per file on stderr, and as an exit status.

With TINTYPE_DEBUG=1 in the environment the traceback is printed too.
"""

import json
import logging
import math
import os
import sys
import traceback
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum
from typing import Any

from tintype.cli.process import BROKEN_PIPE, discard
from tintype.errors import DesyncError, FormatError, InputError, TintypeError, UsageError


class Status(IntEnum):
    """Exit status of the command."""

    DONE = 0
    USAGE = 2  # argparse's own
    INPUT = 3
    SYSTEM = 4


def status_of(error: Exception) -> Status:
    """Exit status of an error; faults of tintype itself count as the system's."""
    if isinstance(error, UsageError):
        return Status.USAGE
    if isinstance(error, FormatError | DesyncError | InputError):
        return Status.INPUT
    return Status.SYSTEM


def describe(error: Exception) -> str:
    """An error in one line."""
    if isinstance(error, OSError) and error.errno is not None:
        text = error.strerror or str(error)
        return f"{error.filename}: {text}" if error.filename is not None else text
    if isinstance(error, MemoryError):
        detail = f" ({error})" if error.args else ""
        return (
            f"not enough memory{detail}; a smaller --threads needs less, and what fails with --threads 1 too needs a "
            "smaller picture or more memory"
        )
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        package = error.name.partition(".")[0]
        return f'{package} is not installed; pip install "{EXTRAS.get(package, package)}"'
    if isinstance(error, TintypeError | OSError | ImportError):
        return " ".join(str(error).split())
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"internal error ({text}); set TINTYPE_DEBUG=1 for a traceback, and please report it"


EXTRAS: Mapping[str, str] = {
    **dict.fromkeys(("torch", "safetensors"), "tintype[train]"),
    **dict.fromkeys(("matplotlib", "bjontegaard", "ssimulacra2", "pillow_jxl"), "tintype[eval]"),
    "shtab": "tintype[shell]",
    "rich": "tintype",
}
"""Packages that only some commands need, and what installs them."""


class Report:
    """Continues after a bad file, remembers the worst status, and counts what was skipped."""

    def __init__(self) -> None:
        self.status = Status.DONE
        self.skipped = 0  # files and folders inside of folders

    @contextmanager
    def file(self, name: str) -> Iterator[None]:
        """Errors inside the block become a line that begins with the file's name."""
        try:
            yield
        except Exception as error:
            self.error(name, error)

    def worsen(self, status: Status) -> None:
        """Count a status; the worst is the command's."""
        self.status = max(self.status, status)

    def error(self, name: str, error: Exception) -> None:
        """Print an error and count it."""
        self.worsen(status_of(error))
        name, text = printable(name), printable(describe(error))
        _print_line(text if text.startswith(f"{name}: ") else f"{name}: {text}")
        if os.environ.get("TINTYPE_DEBUG") == "1":
            traceback.print_exception(error)


def result(text: str) -> None:
    """Print a result on stdout. If that is full or closed the command ends: nobody would see further results.

    It ends without a word where a reader such as `head` has left.
    """
    try:
        print(printable(text, keep="\n"), flush=True)
    except OSError as error:
        discard(sys.stdout)  # otherwise the interpreter flushes again when it ends, and complains
        if isinstance(error, BrokenPipeError):
            raise SystemExit(BROKEN_PIPE) from error
        _print_line(f"standard output: {describe(error)}")
        raise SystemExit(Status.SYSTEM) from error


def json_result(facts: Mapping[str, Any]) -> None:
    """Print a result as a JSON object on a line. JSON has no infinite numbers, so they become null."""
    result(json.dumps({key: None if value in (math.inf, -math.inf) else value for key, value in facts.items()}))


_QUIET: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quietly(quiet: bool) -> Iterator[None]:
    """Inside the block remarks and progress are not shown if `quiet` is set; errors and results are."""
    token = _QUIET.set(quiet)
    try:
        yield
    finally:
        _QUIET.reset(token)


def is_quiet() -> bool:
    """Whether remarks and progress are not shown."""
    return _QUIET.get()


def say(text: str) -> None:
    """Print a remark in one line on stderr; stdout is for results."""
    if not is_quiet():
        _print_line(text)


def _print_line(text: str) -> None:
    """On stderr. If nobody reads there the command goes on."""
    try:
        print(printable(text), file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)


def printable(text: str, keep: str = "") -> str:
    """A text without characters that steer a terminal or turn around what is read: names of files may hold any."""
    return "".join(
        letter.encode("unicode_escape").decode()
        if letter not in keep and (unicodedata.category(letter)[0] == "C" or letter in "\u2028\u2029")
        else letter
        for letter in text
    )


class LogLines(logging.Handler):
    """Shows what the library logs as remarks."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        say(record.getMessage())


def show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """A warning in one line, without the place in the code; for `warnings.showwarning`."""
    say(f"warning: {message}")
