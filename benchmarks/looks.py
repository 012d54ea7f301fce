"""Which parts of pictures a change made better and which worse, to look at.

    python -m benchmarks.looks PICTURE... --out SHEET.webp [--before pico-s-psnr] [--after pico-s] [--bpp 0.3]

Both codecs get files of about equal size; a picture of which one of them makes no such file is left out. A judge that
is in no loss compares each square of the pictures with the original. Writes a sheet of the squares that gained most,
then of those that lost most: original, before, after. Prints where they are.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.weaknesses import sheet
from tintype.codec.tiling import Rect
from tintype.evaluation.codecs.names import Codec, codec_named
from tintype.evaluation.measuring.matching import match
from tintype.evaluation.measuring.measure import Subject, alike
from tintype.evaluation.metrics.registry import COLUMNS, METRICS, measure, named
from tintype.evaluation.results.markdown import table
from tintype.pixels import Pixels8
from tintype.weights import store

SEPARATOR = 24  # white pixels between the better ones and the worse ones


class Square(NamedTuple):
    """A part of a picture, and what the judge says of it before and after."""

    picture: str
    place: Rect
    versions: tuple[Pixels8, Pixels8, Pixels8]  # original, before, after
    before: float
    after: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Code the pictures, print and draw."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.looks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", metavar="PICTURE", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="the sheet, stored without loss")
    parser.add_argument("--before", default=store.TUNES["psnr"], help="codec, default: %(default)s")
    parser.add_argument("--after", default=store.TUNES["eyes"], help="codec, default: %(default)s")
    parser.add_argument("--bpp", type=float, default=0.3, help="of both, default: %(default)s")
    parser.add_argument("--judge", default="resnet_lp", choices=COLUMNS, help="default: %(default)s")
    parser.add_argument("--side", type=int, default=192, help="of the squares in pixels, default: %(default)s")
    parser.add_argument("--count", type=int, default=6, help="squares of each kind, default: %(default)s")
    options = parser.parse_args(arguments)
    before, after = codec_named(options.before), codec_named(options.after)
    squares = []
    for path in options.pictures:
        original = Subject(path.stem, path).pixels()
        squares += judged(path.stem, original, before, after, options)
    if len(squares) < 2:
        raise SystemExit(f"no picture has two squares of {options.side} pixels")
    better, worse = extremes(squares, options.count, COLUMNS[options.judge].higher_is_better)
    for title, chosen in (("Better", better), ("Worse", worse)):
        cells = [
            [square.picture, f"{square.place.left},{square.place.top}", f"{square.before:.3f}", f"{square.after:.3f}"]
            for square in chosen
        ]
        print(f"{title}, by {options.judge}:\n\n{table(['picture', 'left,top', before.name, after.name], cells)}\n")
    parts = [sheet([square.versions for square in chosen]) for chosen in (better, worse)]
    gap = np.full((SEPARATOR, parts[0].shape[1], 3), 255, np.uint8)
    Image.fromarray(np.concatenate((parts[0], gap, parts[1]))).save(options.out, lossless=True)


def judged(name: str, original: Pixels8, before: Codec, after: Codec, options: argparse.Namespace) -> Iterator[Square]:
    """All squares of a picture, side by side from its top left."""
    target = round(options.bpp * original.shape[0] * original.shape[1] / 8)
    found = [(codec, match(codec, original, target)) for codec in (before, after)]
    if unequal := [f"{codec.name} {matched.off(target):+.0%}" for codec, matched in found if not matched.equal(target)]:
        print(f"{name} is left out, no file of {options.bpp:g} bpp: {', '.join(unequal)}\n")
        return
    decoded = [alike(codec.decode(matched.data), original) for codec, matched in found]
    metric = next(name for name, metric in METRICS.items() if COLUMNS[options.judge] in metric.columns)
    named(metric)  # refuses one that is not installed
    side = options.side
    for top in range(0, original.shape[0] - side + 1, side):
        for left in range(0, original.shape[1] - side + 1, side):
            place = Rect(left, top, side, side)
            first, *others = (picture[place.slices] for picture in (original, *decoded))
            values = [measure([metric], first, other)[options.judge] for other in others]
            yield Square(name, place, (first, *others), *values)


def extremes(squares: Sequence[Square], count: int, higher_is_better: bool) -> tuple[list[Square], list[Square]]:
    """Those that gained most, most first, and those that lost most or gained least, likewise; none is in both."""
    sign = 1 if higher_is_better else -1
    ordered = sorted(squares, key=lambda square: sign * (square.after - square.before), reverse=True)
    count = min(count, len(ordered) // 2)
    return ordered[:count], ordered[::-1][:count]


if __name__ == "__main__":
    main()
