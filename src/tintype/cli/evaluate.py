"""`tintype eval`: measure codecs on a folder of pictures."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.cli.options import add_json, add_max_pixels, add_quiet, limits, positive
from tintype.cli.outcome import Report, Status, json_result, result, say
from tintype.cli.progress import Progress
from tintype.errors import InputError, UsageError

if TYPE_CHECKING:
    from tintype.cli.options import Commands

SECONDS_BETWEEN_LINES = 15.0  # of progress, where stderr is no terminal

DESCRIPTION = """\
Encode every picture with every codec at several qualities, decode the files and compare. Writes results.csv (one row
per picture, codec and quality), summary.md and the coded files. An interrupted run continues where it stopped.

codecs: pico-s or another shipped model, PATH.tintmodel, either with +natural at its end for the natural look,
hpcm-base:FILE.safetensors+FILE.safetensors (one file per rate, from low to high), jpeg444, jpeg420, webp_m6,
avif444_s6, avif444_s6_psnr, avif420_s6, jxl_e7, and the like with other methods (m), speeds (s) and efforts (e).
tintype, jpeg, webp, avif, avif_psnr and jxl mean their usual settings. cjxl_e7, avifenc444_s6,
vvenc420_medium and the like need their programs installed. LABEL=CODEC shows a codec under that label"""


def register(commands: "Commands") -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "eval",
        help="measure codecs on a folder of pictures",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pictures", metavar="FOLDER", nargs="+", type=Path, help="folder of pictures, or a picture")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the results")
    parser.add_argument(
        "--codecs", metavar="LIST", help="separated by commas (default: tintype and five conventional settings)"
    )
    parser.add_argument(
        "--qualities",
        metavar="CODEC=Q,Q,...",
        action="append",
        default=[],
        help="qualities of one codec, instead of its default list; may be repeated",
    )
    parser.add_argument(
        "--metrics", metavar="LIST", help="psnr,psnr_y,ms_ssim,texture (default); ssimulacra2, butteraugli"
    )
    parser.add_argument("--curves", metavar="FILE.json", type=Path, help="published curves to compare with")
    parser.add_argument("--rows", metavar="FILE.csv", type=Path, help="earlier rows, per picture, to compare with")
    parser.add_argument("--anchors", metavar="LIST", help="codecs and curves to compare with, by name")
    parser.add_argument("--window", metavar="LOW,HIGH", default="0.08,1.6", help="bpp of BD-rates (%(default)s)")
    parser.add_argument(
        "--jobs", metavar="N", type=positive, default=1, help="pictures measured at the same time (default: 1)"
    )
    parser.add_argument(
        "--limit", metavar="N", type=positive, help="measure only N pictures, spread evenly over the folder"
    )
    add_max_pixels(parser)
    parser.add_argument("--memory", action="store_true", help="also measure peak memory, on one picture")
    add_json(parser)
    add_quiet(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Status:
    """Run the command; returns the exit status."""
    report = Report()
    with report.file("eval"):
        _run(options)
    return report.status


def _run(options: argparse.Namespace) -> None:
    from tintype.evaluation.codecs import names
    from tintype.evaluation.measuring import processes, rows, sweep
    from tintype.evaluation.metrics import registry
    from tintype.evaluation.results import published, summary

    subjects = sweep.subjects(options.pictures, limits(options).max_pixels)
    if options.limit and options.limit < len(subjects):
        subjects = tuple(subjects[i * len(subjects) // options.limit] for i in range(options.limit))
    plan = sweep.Plan(
        subjects,
        tuple(names.parse_names(options.codecs) if options.codecs else names.USUAL),
        tuple(registry.named(options.metrics) if options.metrics else registry.DEFAULT),
        dict(_qualities(text) for text in options.qualities),
    )
    with Progress(every=SECONDS_BETWEEN_LINES) as progress:
        found = sweep.run(plan, options.out, options.jobs, progress.parts)
    readable = {row.image for row in found if not row.error}
    sample = next((subject for subject in subjects if subject.name in readable), None)
    memory = processes.peaks(plan.codecs, sample) if options.memory and sample else {}
    results = summary.Results(
        found,
        rows.read(options.rows) if options.rows else (),
        published.load(options.curves) if options.curves else {},
        names.parse_names(options.anchors) if options.anchors else summary.USUAL_ANCHORS,
        _window(options.window),
        memory,
    )
    text = summary.write(results, options.out / summary.SUMMARY)
    failures = sum(1 for row in found if row.error)
    if options.json:
        rows_at, summary_at = (str(options.out / name) for name in (rows.RESULTS, summary.SUMMARY))
        json_result({"results": rows_at, "summary": summary_at, "measurements": len(found), "failed": failures})
    else:
        result(text)
    if failures == len(found):
        raise InputError("no measurement succeeded; the summary has the reasons")
    if failures:
        say(f"{failures} of {len(found)} measurements failed; the summary has the reasons")


def _qualities(text: str) -> tuple[str, list[float]]:
    from tintype.evaluation.codecs.names import ALIASES

    codec, _, values = text.rpartition("=")
    try:
        return ALIASES.get(codec, codec), [float(value) for value in values.split(",")]
    except ValueError as error:
        raise UsageError(f"--qualities {text}: give CODEC=Q,Q,... with numbers") from error


def _window(text: str) -> tuple[float, float]:
    try:
        low, high = (float(value) for value in text.split(","))
    except ValueError as error:
        raise UsageError(f"--window {text}: give LOW,HIGH in bpp") from error
    return low, high
