"""`tintype`: chooses the command and runs it."""

import argparse
import io
import logging
import sys
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import tintype
from tintype.cli import (
    compare,
    completion,
    convert,
    decode,
    doctor,
    encode,
    evaluate,
    info,
    models,
    report,
    study,
    thumbnail,
    train,
    verify,
)
from tintype.cli.outcome import LogLines, quietly, say, show_warning
from tintype.cli.process import INTERRUPTED

if TYPE_CHECKING:
    from tintype.cli.options import Commands

EPILOG = """\
exit status: 0 done, 2 wrong usage, 3 bad or damaged input, 4 the system (disk, memory, missing part);
of several inputs, the worst; 130 interrupted, 141 broken pipe, 143 terminated"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parser().parse_args(_explicit(sys.argv[1:] if arguments is None else arguments))
    warnings.showwarning = show_warning
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: file names need not be text
    quiet = getattr(options, "quiet", False)
    log, lines = logging.getLogger("tintype"), LogLines()
    if not quiet:
        log.addHandler(lines)
    try:
        with quietly(quiet):
            status: int = options.run(options)
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    finally:
        log.removeHandler(lines)
    return status


def _explicit(arguments: Sequence[str]) -> list[str]:
    """With `--strip` written out: argparse would take the next argument, a file, for its value."""
    return [
        "--strip=all" if argument == "--strip" and after not in encode.STRIPPED else argument
        for argument, after in pairwise([*arguments, ""])
    ]


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; each sets `run` to its function."""
    top = argparse.ArgumentParser(
        prog="tintype",
        description="Learned image compression.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"tintype {tintype.__version__}")
    commands: Commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (encode, decode, info, verify, models, doctor, convert, compare, evaluate, report, study, train):
        command.register(commands)
    for command in (completion, thumbnail):
        command.register(commands)
    return top
