"""`tintype info`: the header of a .tint file."""

import argparse
import dataclasses
from typing import TYPE_CHECKING

from tintype.cli.batch import resolve_urls
from tintype.cli.files import find, is_tint
from tintype.cli.options import add_json
from tintype.cli.outcome import Report, json_result, printable, result

if TYPE_CHECKING:
    from tintype.cli.options import Commands
    from tintype.describing import Info


def register(commands: "Commands") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "info",
        help="describe .tint files",
        description="Show size, model, level and metadata of .tint files. Checksums are verified, no pixel is decoded.",
    )
    parser.add_argument("inputs", metavar="FILE", nargs="+", help="file (.tint) or folder; - is standard input")
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Describe every file; returns the exit status."""
    from tintype.describing import info

    report = Report()
    with report.file("tintype info"):
        resolve_urls(options)
        for input in find(options.inputs, is_tint, report):
            with report.file(input.name):
                about = info(input.source())
                if options.json:
                    chunks = [{"type": kind, "bytes": size} for kind, size in about.chunks]
                    points = about.code_points._asdict() if about.code_points else None
                    about_file = {"file": input.name, **dataclasses.asdict(about)}
                    json_result(about_file | {"chunks": chunks, "code_points": points})
                else:
                    result(_text(printable(input.name), about))
    return report.status


def _text(name: str, about: "Info") -> str:
    chunks = ", ".join(f"{kind} ({size} bytes)" for kind, size in about.chunks)
    kind = f"{'grey' if about.grey else 'RGB'}{' with transparency' if about.alpha else ''}, {about.depth} bits"
    points = about.code_points
    rows = {
        "picture": f"{about.width} x {about.height} pixels, {kind}",
        **({"colour": f"primaries {points.primaries}, transfer {points.transfer} (H.273)"} if points else {}),
        "file": f"{about.size_bytes} bytes, {about.bpp:.3f} bpp",
        "model": _model(about),
        "opens": _promise(about),
        **({"looks": ", ".join(about.looks)} if about.looks else {}),
        "level": str(about.level),
        "tiles": str(about.tiles),
        **({"graphics": _graphics(about)} if about.graphics else {}),
        "chunks": chunks or "none",
        **({"made by": about.numerics} if about.numerics else {}),
    }
    return "\n".join([name, *(f"  {key:<8} {value}" for key, value in rows.items())])


def _model(about: "Info") -> str:
    """Names of weights and networks may be alike, so the network of unknown weights is called one."""
    if about.model is None:
        return f"weights {about.weights_hash} for the network {about.network} (not available)"
    return f"{about.model}, weights {about.weights_hash}"


def _promise(about: "Info") -> str:
    """Which later versions open the file."""
    if about.release is None:
        return "only with its own weights, which are of no release that this version knows"
    return f"with this and every later version of tintype: weights of release {about.release}"


def _graphics(about: "Info") -> str:
    """What is exact, in words."""
    if about.exact == 1:
        return "the whole picture without loss"
    exact = f", {about.exact:.1%} without loss" if about.exact else ""
    return f"{about.graphics:.1%} of the picture{exact}"
