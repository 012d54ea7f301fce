"""`tintype convert`: official checkpoints to weights files."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.cli.options import add_json
from tintype.cli.outcome import Report, json_result, result
from tintype.errors import UsageError

if TYPE_CHECKING:
    from tintype.cli.options import Commands


def register(commands: "Commands") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "convert",
        help="convert the authors' HPCM checkpoints",
        description="Convert a checkpoint of the authors of HPCM to a weights file and print the model's name. Only "
        "plain tensors are read; code in the checkpoint never runs. Needs tintype[train].",
    )
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="file to read (.pth.tar)")
    parser.add_argument("out", metavar="OUT", help="file to write (.safetensors)")
    parser.add_argument("--model", metavar="NAME", help="expected model (default: detected)")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Convert one checkpoint; returns the exit status."""
    report = Report()
    with report.file(options.checkpoint):
        if Path(options.out).exists() and not options.force:
            raise UsageError(f"{options.out} exists; --force overwrites it")
        from tintype.models.hpcm import weights

        name = weights.convert(options.checkpoint, options.out, options.model)
        if options.json:
            json_result({"file": options.checkpoint, "output": options.out, "model": name})
        else:
            result(f"{options.out}: {name}")
    return report.status
