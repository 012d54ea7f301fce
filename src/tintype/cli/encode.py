"""`tintype encode`: pictures to .tint files."""

import argparse
import io
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.cli.files import STREAM, Input, Outputs, plan
from tintype.cli.options import (
    add_max_pixels,
    add_model,
    add_output,
    add_threads,
    add_weights,
    fraction,
    positive,
    quality,
)
from tintype.cli.outcome import Report, say
from tintype.cli.progress import Bar

if TYPE_CHECKING:
    from tintype.api import Codec, Source
    from tintype.cli.options import Commands


def register(commands: "Commands") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "encode",
        help="compress pictures",
        description="Compress pictures to .tint files, beside them or where -o says. Folders are walked.",
    )
    parser.add_argument("inputs", metavar="IN", nargs="+", help="picture or folder; - is standard input")
    add_output(parser, "file or folder to write; a new folder's name ends in /; - is standard output")
    parser.add_argument(
        "-q",
        "--quality",
        metavar="Q",
        type=quality,
        help="0 (smallest) to 100; 75, the default, looks about as good as JPEG at 75",
    )
    parser.add_argument(
        "--tune",
        choices=("psnr", "eyes"),
        help="weights trained on squared error (psnr, the default) or for what people see (eyes); instead of --model",
    )
    add_model(parser, "name of shipped weights (see tintype models), a .tintmodel file, or an HPCM model")
    add_weights(parser, "weights file of the HPCM model (see tintype convert); it has one rate, so no -q")
    parser.add_argument(
        "--precision", choices=("float32", "bfloat16"), default="float32", help="of HPCM (default: %(default)s)"
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="of HPCM: run its networks through torch.compile, anew for each size; no faster on CPUs, see docs/hpcm.md",
    )
    parser.add_argument(
        "--tile",
        metavar="N",
        type=positive,
        help="side of tiles in pixels, at least 64 (default: 504 above 2^20 pixels, HPCM: the whole picture)",
    )
    parser.add_argument(
        "--tolerance",
        metavar="T",
        type=fraction,
        help="of HPCM: other machines may compute scales that differ by T / 2 (default: 4e-5); 0 makes smaller files "
        "for like machines alone",
    )
    add_threads(parser)
    add_max_pixels(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="say for each file what came out")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Encode every input; returns the exit status."""
    from tintype.api import info

    outputs = Outputs(options.force)
    report = Report()
    with report.file("tintype encode"):
        codec = _codec(options)
        jobs = plan(options.inputs, options.output, ".tint", _is_picture, report)
        codec.load()  # a wrong name is said once, not per file
        with Bar(len(jobs)) as bar:
            for job in bar.each(jobs):
                with report.file(job.input.name):
                    outputs.check(job)
                    begin = time.perf_counter()
                    data = codec.encode(_source(job.input), options.quality, bar.tiles)
                    with outputs.open(job) as file:
                        file.write(data)
                    if options.verbose:
                        seconds = time.perf_counter() - begin
                        about = info(data)
                        say(
                            f"{job.input.name}: {about.size_bytes} bytes, {about.bpp:.3f} bpp, level {about.level}, "
                            f"{seconds:.2f} s"
                        )
    return report.status


def _codec(options: argparse.Namespace) -> "Codec":
    from tintype.api import MAX_PIXELS, Codec
    from tintype.codec.agreement import DEFAULT_TOLERANCE

    return Codec(
        options.model,
        options.threads,
        options.max_pixels or MAX_PIXELS,
        tune=options.tune,
        weights=options.weights,
        device=options.device,
        precision=options.precision,
        compiled=options.compile,
        tile=options.tile,
        tolerance=DEFAULT_TOLERANCE if options.tolerance is None else options.tolerance,
    )


def _source(input: Input) -> "Source":
    return io.BytesIO(input.read()) if input.path == STREAM else input.path


def _is_picture(path: Path) -> bool:
    from tintype.images import is_picture

    return is_picture(path)
