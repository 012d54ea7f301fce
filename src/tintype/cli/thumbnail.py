"""`tintype thumbnail`: a small PNG of a .tint file, for file managers."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.cli.files import Input, Job, Outputs
from tintype.cli.options import add_limits, add_model, add_quiet, add_threads, add_weights, make_codec, positive
from tintype.cli.outcome import Report
from tintype.errors import UsageError

if TYPE_CHECKING:
    from tintype.cli.options import Commands

SIZE = 256  # pixels; "large" of the thumbnail standard
GAP = 2  # decoded sides are at least so many times the result's, as in Pillow's own thumbnails: sharper than without


def register(commands: "Commands") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "thumbnail",
        help="write a small PNG of a .tint file",
        description="Write a PNG with the longer side at most N pixels. File managers call it, see packaging/linux.",
    )
    parser.add_argument("input", metavar="FILE", help="file to read (.tint)")
    parser.add_argument("output", metavar="OUT", help="PNG to write")
    parser.add_argument(
        "--size", metavar="N", type=positive, default=SIZE, help="longest side in pixels (default: %(default)s)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    add_model(parser, "a .tintmodel file, for files encoded with it")
    add_weights(parser, "weights file, for files encoded with an HPCM model")
    add_threads(parser)
    add_limits(parser)
    add_quiet(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the thumbnail; returns the exit status."""
    from tintype import describing, images
    from tintype.codec.reducing import factor_for
    from tintype.images.samples import in_eight_bits

    report = Report()
    with report.file(options.input):
        _check_name(options.output)
        source, outputs = Input(options.input, Path(options.input)), Outputs(options.force)
        job = Job(source, options.output)
        outputs.check(job)
        factor = 1
        if not source.is_stream:  # it can be read once only
            about = describing.info(options.input)
            factor = factor_for(max(about.width, about.height), GAP * options.size)
        picture = in_eight_bits(make_codec(options).decode_picture(options.input, reduce=factor))
        image = images.to_pillow(picture)
        image.thumbnail((options.size, options.size))
        image.info = {}  # a thumbnail carries no metadata
        with outputs.open(job) as result:
            image.save(result, "PNG", icc_profile=picture.icc)
    return report.status


def _check_name(output: str) -> None:
    from tintype.images import is_picture

    path = Path(output)
    if path.suffix.lower() not in ("", ".png") and is_picture(path):
        raise UsageError(f"{output} is the name of another format, but a thumbnail is a PNG; name it {path.stem}.png")
