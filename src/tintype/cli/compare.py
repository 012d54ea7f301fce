"""`tintype compare`: a page with one photo, coded by every codec at one size."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.cli.options import add_json, add_max_pixels, add_quiet, limits, positive, quality
from tintype.cli.outcome import Report, Status, json_result, result
from tintype.cli.progress import Progress
from tintype.errors import UsageError
from tintype.replacing import replace_text

if TYPE_CHECKING:
    from tintype.cli.options import Commands


def register(commands: "Commands") -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "compare",
        help="show a photo as coded by every codec at one size",
        description="Code a photo with tintype, and with JPEG, WebP, AVIF and JPEG XL at settings that give the same "
        "size. Write one page that shows all of them, with losses and wins. Neither command nor page uses a network.",
    )
    parser.add_argument("photo", metavar="PHOTO", type=Path)
    parser.add_argument(
        "-o", "--output", metavar="PAGE.html", type=Path, help="default: the photo's name + .compare.html"
    )
    parser.add_argument(
        "-q", "--quality", metavar="Q", type=quality, help="quality of the tintype file, 0 to 100 (default: 40)"
    )
    parser.add_argument("--size", metavar="BYTES", type=positive, help="size of all files, instead of -q")
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="model of the tintype file: a shipped one, a .tintmodel file, or hpcm-base:FILE.safetensors",
    )
    parser.add_argument(
        "--codecs", metavar="LIST", help="other codecs, separated by commas (default: jpeg,webp,avif,jxl)"
    )
    add_max_pixels(parser)
    parser.add_argument("--force", action="store_true", help="overwrite an existing page")
    add_json(parser)
    add_quiet(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Status:
    """Run the command; returns the exit status."""
    report = Report()
    with report.file(str(options.photo)):
        _run(options)
    return report.status


def _run(options: argparse.Namespace) -> None:
    if options.quality is not None and options.size is not None:
        raise UsageError("-q and --size both set the size; give only one")
    page = options.output or options.photo.with_name(options.photo.name + ".compare.html")
    if page.exists() and not options.force:
        raise UsageError(f"{page} exists; --force overwrites it, -o names another file")
    from tintype.codec.workers import available_cpus
    from tintype.evaluation.codecs import names
    from tintype.evaluation.pages import compare
    from tintype.weights import store

    with Progress(every=0) as progress:
        found = compare.compare(
            options.photo,
            options.model or store.DEFAULT,
            names.parse_names(options.codecs) if options.codecs else compare.PEERS,
            options.quality,
            options.size,
            available_cpus(),
            progress.step,
            limits(options).max_pixels,
        )
        progress.step("page")
        replace_text(page, compare.render(found))
    if options.json:
        contenders = [{"codec": c.name, "size_bytes": len(c.data), "psnr": c.values["psnr"]} for c in found.contenders]
        json_result({"file": str(options.photo), "output": str(page), "contenders": contenders})
        return
    for c in found.contenders:
        result(f"{c.name:18} {len(c.data):10} bytes  {c.values['psnr']:6.2f} dB")
    result(f"{page}: {page.stat().st_size / 1e6:.1f} MB, open it in a browser")
