"""`tintype report`: a page from the results of `tintype eval`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.cli.options import add_json, add_max_pixels, add_quiet, limits, rates
from tintype.cli.outcome import Report, Status, json_result, result
from tintype.cli.progress import Progress
from tintype.errors import UsageError

if TYPE_CHECKING:
    from tintype.cli.options import Commands


def register(commands: "Commands") -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "report",
        help="write a page of measurements",
        description="Write DIR/report.html, one self-contained page, and its plots as files, from the results of "
        "`tintype eval ... --out DIR`.",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of results")
    parser.add_argument("--title", default="Codecs, measured")
    parser.add_argument(
        "--codecs", metavar="LIST", help="codecs to include, by their names in the results (default: all)"
    )
    parser.add_argument("--pictures", metavar="LIST", help="pictures to show, by name, or none (default: three)")
    parser.add_argument(
        "--rates", metavar="LIST", type=rates, help="bpp at which pictures are shown (default: 0.25,0.6)"
    )
    parser.add_argument("--curves", metavar="FILE.json", type=Path, help="published curves to compare with")
    parser.add_argument("--rows", metavar="FILE.csv", type=Path, help="earlier rows, per picture, to compare with")
    parser.add_argument("--anchors", metavar="LIST", help="codecs and curves to compare with, by name")
    add_max_pixels(parser)
    add_json(parser)
    add_quiet(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Status:
    """Run the command; returns the exit status."""
    report = Report()
    with report.file(str(options.folder)):
        _run(options)
    return report.status


def _run(options: argparse.Namespace) -> None:
    from tintype.evaluation.codecs import names
    from tintype.evaluation.measuring import rows, sweep
    from tintype.evaluation.pages import report, viewing
    from tintype.evaluation.results import published, summary

    found = rows.read(options.folder / rows.RESULTS)
    if options.codecs:
        chosen = names.parse_names(options.codecs)
        if absent := set(chosen) - {row.codec for row in found}:
            raise UsageError(f"no codecs named {', '.join(sorted(absent))} in these results")
        found = [row for row in found if row.codec in chosen]
    results = summary.Results(
        found,
        rows.read(options.rows) if options.rows else (),
        published.load(options.curves) if options.curves else {},
        names.parse_names(options.anchors) if options.anchors else summary.USUAL_ANCHORS,
    )
    if not results.images:
        raise UsageError("no picture was coded by every codec; a page needs one")
    sources = sweep.sources(options.folder)
    pictures = _pictures(options.pictures, [name for name in results.images if name in sources], report.PICTURES)
    if unknown := [name for name in pictures if name not in sources]:
        raise UsageError(f"no pictures named {', '.join(unknown)} in these results")
    paths = {name: sources[name] for name in pictures}
    shown = viewing.Shown(
        paths, options.rates or viewing.RATES, sweep.recipes(options.folder), limits(options).max_pixels
    )
    with Progress(every=0) as progress:
        path = report.write(options.folder, results, shown, options.title, progress.step)
    if options.json:
        json_result({"output": str(path), "size_bytes": path.stat().st_size})
        return
    result(f"{path}: {path.stat().st_size / 1e6:.1f} MB, open it in a browser")


def _pictures(text: str | None, names: list[str], count: int) -> list[str]:
    """Those asked for, or some spread over all."""
    if text is None:
        return [names[i * len(names) // count] for i in range(count)] if len(names) > count else names
    return [name.strip() for name in text.split(",") if name.strip() and name.strip() != "none"]
