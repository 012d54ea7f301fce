"""`tintype decode`: .tint files to pictures."""

import argparse
from typing import TYPE_CHECKING

from tintype.cli.files import STREAM, Outputs, is_tint, plan
from tintype.cli.options import add_max_pixels, add_model, add_output, add_threads, add_weights, make_codec
from tintype.cli.outcome import Report, UsageError
from tintype.cli.progress import Progress
from tintype.errors import InputError

if TYPE_CHECKING:
    from tintype.cli.options import Commands


def register(commands: "Commands") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "decode",
        help="decode .tint files",
        description="Decode .tint files, to PNG in the folder of each file or as -o says. The suffix sets the format.",
    )
    parser.add_argument("inputs", metavar="IN", nargs="+", help=".tint file or folder; - is standard input")
    add_output(
        parser,
        "picture to write (.png, .jpg, .webp, .avif, .tif, .bmp, .ppm), or a folder for PNG files; end the name of a "
        "new folder with /; - writes PNG to standard output",
    )
    add_model(parser, "a .tintmodel file, for files encoded with it")
    add_weights(parser, "weights file, for files encoded with an HPCM model")
    add_threads(parser)
    add_max_pixels(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Decode every input; returns the exit status."""
    from tintype import images

    outputs = Outputs(options.force)
    report = Report()
    with report.file("tintype decode"):
        codec = make_codec(options)
        jobs = plan(options.inputs, options.output, ".png", is_tint, report)
        with Progress() as progress:
            for job in progress.each(jobs):
                with report.file(job.input.name):
                    suffix = _suffix(job.target)
                    outputs.check(job)
                    picture = codec.decode_picture(job.input.read(), progress.tiles)
                    with outputs.open(job) as file:
                        images.save(picture, file, suffix=suffix)
    return report.status


def _suffix(target: str) -> str:
    """Suffix that selects a target's format; checked before the work begins."""
    from tintype.images import output_suffix

    try:
        return output_suffix(".png" if target == STREAM else target)
    except InputError as error:
        raise UsageError(str(error)) from error
