"""`tintype study`: a blind test for people, and its scores."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.cli.options import add_json, add_max_pixels, add_quiet, limits, rates
from tintype.cli.outcome import Report, Status, json_result, result, say
from tintype.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.cli.options import Commands
    from tintype.evaluation.pages.bradley_terry import Score


def register(commands: "Commands") -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "study",
        help="run a blind test with people",
        description="Write a page on which people choose between two versions of a picture without knowing the codecs. "
        "Then compute scores from the files with their answers (Bradley-Terry, Elo's scale).",
    )
    parser.add_argument("pictures", metavar="FOLDER", nargs="*", type=Path, help="pictures to ask about")
    parser.add_argument("--codecs", metavar="LIST", help="at least two codecs (default: tintype,jpeg,webp,avif)")
    parser.add_argument(
        "--rates", metavar="LIST", type=rates, default=[0.25, 0.5], help="bpp of the files (default: 0.25,0.5)"
    )
    parser.add_argument(
        "--out", metavar="SITE", type=Path, help="folder for the page and the key; keep the key private"
    )
    parser.add_argument("--score", metavar="ANSWERS", nargs="+", type=Path, help="answer files that raters saved")
    parser.add_argument("--key", metavar="KEY.json", type=Path, help="key of the study to score")
    add_max_pixels(parser)
    add_json(parser)
    add_quiet(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Status:
    """Run the command; returns the exit status."""
    report = Report()
    with report.file("study"):
        if options.score:
            _score(options)
        else:
            _build(options)
    return report.status


def _build(options: argparse.Namespace) -> None:
    if not (options.pictures and options.out):
        raise UsageError("a new study needs a folder of pictures and --out; scoring needs --key and --score")
    from tintype.codec.workers import available_cpus
    from tintype.evaluation.codecs import names
    from tintype.evaluation.measuring import sweep
    from tintype.evaluation.pages import blind_test
    from tintype.weights import store

    chosen = names.parse_names(options.codecs or f"{store.DEFAULT},jpeg,webp,avif")
    pictures = sweep.subjects(options.pictures, limits(options).max_pixels)
    trials, excluded = blind_test.build(pictures, chosen, options.rates, options.out, available_cpus())
    for reason in excluded:
        say(f"excluded: {reason}")
    page = options.out / blind_test.PAGE
    size = page.stat().st_size / 1e6
    if options.json:
        key = options.out / blind_test.KEY
        json_result({"output": str(page), "key": str(key), "trials": len(trials), "excluded": list(excluded)})
        return
    result(f"{page}: {len(trials)} trials, {size:.1f} MB; {options.out / blind_test.KEY}: keep it private")


def _score(options: argparse.Namespace) -> None:
    if not options.key:
        raise UsageError("--score needs --key, the file written together with the page")
    from tintype.evaluation.pages import blind_test

    outcome = blind_test.score(options.key, options.score)
    if options.json:
        by_rate = {f"{rate:g}": [asdict(score) for score in found] for rate, found in outcome.by_rate.items()}
        overall = [asdict(score) for score in outcome.overall]
        json_result({"raters": outcome.raters, "overall": overall, "by_rate": by_rate, "excluded": outcome.left_out})
        return
    result(f"{outcome.raters} raters; Elo points, mean 0, with 95 % intervals")
    for rate, found in outcome.by_rate.items():
        _print(f"{rate:g} bpp", found)
    if len(outcome.by_rate) > 1:
        _print("all rates", outcome.overall)
    for rater, reason in outcome.left_out.items():
        say(f"rater {rater} is excluded: {reason}")


def _print(title: str, found: "Sequence[Score]") -> None:
    result(f"\n{title}")
    for score in found:
        result(
            f"  {score.name:20} {score.elo:+7.0f}  {score.low:+.0f} to {score.high:+.0f}  {score.comparisons} answers"
        )
