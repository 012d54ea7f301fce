"""`tintype decode`: .tint files to pictures."""

import argparse
import time
from typing import TYPE_CHECKING

from tintype.cli.batch import add_jobs, add_resume, is_batch, resolve_urls, run_jobs
from tintype.cli.files import STREAM, Outputs, is_tint, plan, say_count
from tintype.cli.options import (
    add_allow_compiled,
    add_json,
    add_keep_times,
    add_limits,
    add_look,
    add_model,
    add_output,
    add_quiet,
    add_threads,
    add_weights,
    make_codec,
    quality,
    region,
)
from tintype.cli.outcome import Report, Status, json_result, say
from tintype.cli.progress import Progress
from tintype.errors import InputError, UsageError

if TYPE_CHECKING:
    from tintype.cli.options import Commands


FORMATS = ("png", "jpg", "webp", "avif", "tif", "bmp", "ppm")


def register(commands: "Commands") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "decode",
        help="decode .tint files",
        description="Decode .tint files, to PNG in the folder of each file or as -o says. The suffix sets the format.",
    )
    parser.add_argument("inputs", metavar="IN", nargs="+", help="file (.tint) or folder; - is standard input")
    add_output(
        parser,
        "picture to write (.png, .jpg, .webp, .avif, .tif, .bmp, .ppm), or a folder for PNG files; end the name of a "
        "new folder with /; - writes PNG to standard output",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="format to write, whatever the name of the output (default: that of its suffix, png for folders and -)",
    )
    parser.add_argument(
        "-q",
        "--quality",
        metavar="Q",
        type=quality,
        help="0 to 100, of JPEG (default: 95), AVIF (default: 90) and WebP (default: without loss)",
    )
    parser.add_argument(
        "--png-level",
        metavar="N",
        type=int,
        choices=range(10),
        help="0 to 9, compression of PNG: 9 is smallest (default: quick, photographs about 1 %% larger than 6)",
    )
    parser.add_argument(
        "--salvage",
        action="store_true",
        help="decode what is sound of damaged files: other tiles become grey and are named; exit status 3",
    )
    parser.add_argument(
        "--region",
        metavar="X,Y,W,H",
        type=region,
        help="decode a part alone: column and row of its first pixel, width and height; takes the time of its tiles",
    )
    parser.add_argument(
        "--reduce",
        type=int,
        choices=(2, 4, 8),
        default=1,
        help="decode to sides so many times smaller; 4 and 8 take a fraction of the time",
    )
    add_look(parser)
    add_keep_times(parser)
    add_model(parser, "a .tintmodel file, for files encoded with it")
    add_weights(parser, "weights file, for files encoded with an HPCM model")
    add_allow_compiled(parser)
    add_jobs(parser)
    add_resume(parser)
    add_threads(parser)
    add_limits(parser)
    add_json(parser)
    add_quiet(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Decode every input; returns the exit status."""
    from tintype.batch.actions import Decode

    outputs = Outputs(options.force, options.keep_times)
    report = Report()
    with report.file("tintype decode"):
        resolve_urls(options)
        if options.json and options.output == STREAM:
            raise UsageError("--json and the picture cannot both go to standard output; give -o FILE")
        codec, done = make_codec(options), 0
        jobs = plan(options.inputs, options.output, f".{options.format or 'png'}", is_tint, report)
        suffix = _suffix(jobs[0].target, options) if jobs else ""  # that of all results
        decoder = Decode(
            codec,
            suffix,
            options.quality,
            salvage=options.salvage,
            region=options.region,
            reduce=options.reduce,
            png_level=options.png_level,
        )
        if is_batch(options):
            run_jobs(decoder, jobs, options, report)
            return report.status
        with Progress() as progress:
            for job in progress.each(jobs):
                with report.file(job.input.name):
                    outputs.check(job)
                    begin = time.perf_counter()
                    picture = decoder.picture(job.input.source(), progress.tiles)
                    if picture.notes:
                        report.worsen(Status.INPUT)
                    with outputs.open(job) as file:
                        lost = decoder.save(picture, file)
                    done += 1
                    if options.json:
                        facts, seconds = decoder.facts(picture, lost), time.perf_counter() - begin
                        json_result({"file": job.input.name, "output": job.target, **facts, "seconds": seconds})
                    if lost:
                        say(f"{job.input.name}: {' '.join(lost)}")
        say_count(options.inputs, done, len(jobs), "files decoded", report)
    return report.status


def _suffix(target: str, options: argparse.Namespace) -> str:
    """Suffix that selects a target's format; checked before the work begins."""
    from tintype.images import check_png_level, check_quality, output_suffix

    try:
        name = f".{options.format}" if options.format else ".png" if target == STREAM else target
        suffix = output_suffix(name)
        check_quality(suffix, options.quality)
        check_png_level(suffix, options.png_level)
        return suffix
    except InputError as error:
        raise UsageError(str(error)) from error
