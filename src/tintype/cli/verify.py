"""`tintype verify`: checks .tint files."""

import argparse
from typing import TYPE_CHECKING

from tintype.cli.batch import add_jobs, is_batch, resolve_urls, run_inputs
from tintype.cli.files import find, is_tint
from tintype.cli.options import (
    add_allow_compiled,
    add_json,
    add_limits,
    add_model,
    add_quiet,
    add_threads,
    add_weights,
    make_codec,
)
from tintype.cli.outcome import Report, json_result, printable, result
from tintype.cli.progress import Progress

if TYPE_CHECKING:
    from tintype.cli.options import Commands


def register(commands: "Commands") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "verify",
        help="check .tint files for damage",
        description="Verify every checksum of .tint files, then decode them. Prints OK or the fault of each file.",
    )
    parser.add_argument("inputs", metavar="FILE", nargs="+", help="file (.tint) or folder; - is standard input")
    add_model(parser, "a .tintmodel file, for files encoded with it")
    add_weights(parser, "weights file, for files encoded with an HPCM model")
    add_allow_compiled(parser)
    add_jobs(parser)
    add_threads(parser)
    add_limits(parser)
    add_json(parser)
    add_quiet(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Verify every file; returns the exit status."""
    from tintype.batch.actions import Verify

    report = Report()
    with report.file("tintype verify"):
        resolve_urls(options)
        codec = make_codec(options)
        inputs = find(options.inputs, is_tint, report)
        verifier = Verify(codec)
        if is_batch(options):
            run_inputs(verifier, inputs, options, report)
            return report.status
        with Progress() as progress:
            for input in progress.each(inputs):
                with report.file(input.name):
                    facts = verifier(input.source(), progress.tiles).facts
                    if options.json:
                        json_result({"file": input.name, **facts})
                    else:
                        result(f"{printable(input.name)}: OK")
    return report.status
