"""`tintype train`: train models, prepare pictures, export weights."""

import argparse
from typing import TYPE_CHECKING

from tintype.cli.outcome import Report, Status
from tintype.training import command

if TYPE_CHECKING:
    from tintype.cli.options import Commands


def register(commands: "Commands") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("train", help="train a model, export its weights", description=command.DESCRIPTION)
    command.add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Status:
    """Run the command; returns the exit status."""
    report = Report()
    with report.file("train"):
        command.act(options)
    return report.status
