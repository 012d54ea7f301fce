"""`tintype encode`: pictures to .tint files."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.cli.batch import add_jobs, add_ray, add_resume, is_batch, resolve_urls, run_jobs
from tintype.cli.files import STREAM, Input, Outputs, is_folder, plan, say_count
from tintype.cli.options import (
    add_json,
    add_keep_times,
    add_limits,
    add_model,
    add_numerics,
    add_output,
    add_quiet,
    add_threads,
    add_weights,
    counted,
    make_codec,
    positive,
)
from tintype.cli.outcome import Report, json_result, say
from tintype.cli.progress import Progress
from tintype.cli.targets import add_targets, check, target_of
from tintype.errors import InputError, UsageError

if TYPE_CHECKING:
    from tintype.cli.options import Commands
    from tintype.codec.tile_model import Identity
    from tintype.images import ReadOptions

STRIPPED = ("all", "gps")
"""Values of --strip; `main` lets it stand alone for the first."""


def register(commands: "Commands") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "encode",
        help="compress pictures",
        description="Compress pictures to .tint files, in the folder of each picture or as -o says. Folders are "
        "searched recursively.",
    )
    parser.add_argument("inputs", metavar="IN", nargs="+", help="picture or folder; - is standard input")
    add_output(parser, "file or folder to write; end the name of a new folder with /; - is standard output")
    add_targets(parser)
    parser.add_argument(
        "--tune",
        choices=("eyes", "psnr"),
        help="weights trained for what people see (eyes, the default) or on squared error (psnr); instead of --model",
    )
    parser.add_argument(
        "--content",
        choices=("auto", "photo", "screen"),
        default="auto",
        help="photo: learned coding alone; screen: look everywhere for text, lines and windows, which other means code "
        "better; auto (default): as the pixels look",
    )
    parser.add_argument("--lossless", action="store_true", help="keep every pixel exactly; as -q 100")
    add_model(parser, "name of shipped weights (see tintype models), a .tintmodel file, or an HPCM model")
    add_weights(parser, "weights file of an HPCM model (see tintype convert); its one rate excludes -q")
    add_numerics(parser)
    parser.add_argument(
        "--tile",
        metavar="N",
        type=positive,
        help="side of tiles in pixels, at least 64 (default: 504 above 2^20 pixels, HPCM: the whole picture)",
    )
    parser.add_argument(
        "--background",
        metavar="COLOUR",
        help="put transparent pictures on this colour: white, #rrggbb, ...",
    )
    parser.add_argument(
        "--frame", metavar="N", type=counted, help="frame of an animation or page of a TIFF to encode, from 0"
    )
    parser.add_argument(
        "--convert", action="store_true", help="convert CMYK, Lab and other kinds to RGB or grey, and say so"
    )
    parser.add_argument(
        "--strip",
        choices=STRIPPED,
        help="leave out EXIF, XMP and IPTC (--strip alone means all), or what of them names the place (gps)",
    )
    parser.add_argument(
        "--only-if-smaller",
        action="store_true",
        help="write nothing where the result would not be smaller than its input, and say so",
    )
    parser.add_argument(
        "--verify", action="store_true", help="decode each result and compare it with the picture before it is written"
    )
    add_keep_times(parser)
    add_jobs(parser)
    add_resume(parser)
    add_ray(parser)
    add_threads(parser)
    add_limits(parser)
    add_json(parser)
    words = parser.add_mutually_exclusive_group()
    words.add_argument("-v", "--verbose", action="store_true", help="print size, rate, level and time of each file")
    add_quiet(words)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Encode every input; returns the exit status."""
    from tintype.batch.actions import Encode

    outputs = Outputs(options.force, options.keep_times)
    report = Report()
    with report.file("tintype encode"):
        resolve_urls(options)
        _check_output(options.output)
        codec, read, done = make_codec(options), _read_options(options), 0
        jobs = plan(options.inputs, options.output, ".tint", _is_picture, report)
        if options.only_if_smaller and options.output == STREAM:
            raise UsageError("--only-if-smaller may write nothing, which a reader of standard output would wait for")
        if options.json and options.output == STREAM:
            raise UsageError("--json and the file cannot both go to standard output; give -o FILE")
        if options.lossless and options.quality is not None:
            raise UsageError("--lossless has no quality; leave out -q")
        target = target_of(options)
        model = codec.load()  # a wrong name is reported once, not per file
        check(options.quality, target, model)
        _say_promise(model.identity)
        encoder = Encode(
            codec,
            options.quality,
            read,
            strip=options.strip,
            content=options.content,
            lossless=options.lossless,
            target=target,
            verify=options.verify,
            only_if_smaller=options.only_if_smaller,
        )
        if is_batch(options):
            run_jobs(encoder, jobs, options, report)
            return report.status
        with Progress() as progress:
            for job in progress.each(jobs):
                with report.file(job.input.name):
                    outputs.check(job)
                    begin = time.perf_counter()
                    made = encoder.made(_source(job.input), progress.tiles)
                    is_written = made.is_smaller or not options.only_if_smaller
                    if is_written:
                        with outputs.open(job) as file:
                            file.write(made.data)
                        done += 1
                    seconds = time.perf_counter() - begin
                    if not is_written:
                        say(f"{job.input.name}: {made.refused()}")
                    elif options.verbose:
                        say(f"{job.input.name}: {made.described()}, {seconds:.2f} s")
                    if options.json:
                        output = job.target if is_written else None
                        json_result({"file": job.input.name, "output": output, **made.facts(), "seconds": seconds})
        say_count(options.inputs, done, len(jobs), "pictures encoded", report)
    return report.status


def _check_output(output: str | None) -> None:
    if output is not None and not is_folder(output) and Path(output).suffix and _is_picture(Path(output)):
        raise UsageError(
            f"-o {output} is the name of a picture, but encode writes .tint files; name it {Path(output).stem}.tint"
        )


def _say_promise(identity: "Identity") -> None:
    """Remark on weights that later versions of tintype may not have."""
    from tintype.weights import store

    if store.release_of(identity.weights_hash) is None:
        say(f"{identity.name}: weights of no release; only they open these files, so keep their file too")


def _read_options(options: argparse.Namespace) -> "ReadOptions":
    from tintype.images import ReadOptions

    try:
        return ReadOptions(frame=options.frame, background=options.background, convert=options.convert)
    except InputError as error:
        raise UsageError(str(error)) from error


def _source(input: Input) -> bytes | str:
    return input.read() if input.is_stream else input.path


def _is_picture(path: Path) -> bool:
    from tintype.images import is_picture

    return is_picture(path)
