"""`tintype completion`: what a shell needs to complete the command line."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tintype.cli.outcome import Report, result

if TYPE_CHECKING:
    from tintype.cli.options import Commands

SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")


def register(commands: "Commands") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "completion",
        help="print the completion script of a shell",
        description="Print a script that lets a shell complete commands, options and names of files. Its first lines "
        "say where to put it. Needs tintype[shell].",
    )
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the script; returns the exit status."""
    report = Report()
    with report.file("tintype completion"):
        result(script(options.shell))
    return report.status


def script(shell: str) -> str:
    """The completion script of a shell."""
    import shtab

    from tintype.cli.main import parser

    whole = parser()
    for action in _of_files(whole):
        action.complete = shtab.FILE  # type: ignore[attr-defined]  # which shtab looks for
    text: str = shtab.complete(whole, shell)
    return text


def _of_files(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Arguments whose values are names of files or folders, of all commands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _of_files(command)
        elif action.choices is None and (not action.option_strings or _names_a_file(str(action.metavar))):
            yield action


def _names_a_file(metavar: str) -> bool:
    return metavar.partition(".")[0] in {"OUT", "FILE", "DIR", "FOLDER", "PICTURES", "RUN", "KEY", "ANSWERS", "SITE"}
