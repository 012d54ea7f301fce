"""Whether targets are met, how closely, and what the search costs.

    python -m benchmarks.budgets PICTURES... [--content photo]

Each picture is encoded for five sizes and five PSNRs. Times are CPU times of the whole process on one thread, over that
of one encoding of the same picture at quality 75.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

import tintype
from tintype import Target
from tintype.errors import TargetError
from tintype.evaluation.results.markdown import table
from tintype.images import Picture, load

RATES = (0.15, 0.3, 0.5, 0.8, 1.2)  # bpp, as sizes in whole bytes
PSNRS = (30, 32, 34, 36, 38)  # dB

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Row:
    """One picture, encoded for one target."""

    target: str  # of the table
    over: float | None  # what was reached over the target; None: no file is so small
    ends: bool  # the file is at an end of the levels, or without loss
    cost: float  # CPU time over that of one encoding


def timed(make: Callable[[], Made]) -> tuple[Made, float]:
    """What is made, and seconds of CPU time."""
    begin = time.process_time()
    made = make()
    return made, time.process_time() - begin


def rows_of(codec: tintype.Codec, picture: Picture, content: str) -> list[Row]:
    """One picture for all targets."""
    _, once = timed(lambda: codec.encode(picture, content=content))
    rows = []
    for rate in RATES:
        target = Target("size", int(rate * picture.width * picture.height / 8))
        rows.append(_row(f"{rate} bpp", target, codec, picture, content, once))
    for decibels in PSNRS:
        rows.append(_row(f"{decibels} dB", Target("psnr", decibels), codec, picture, content, once))
    return rows


def _row(name: str, target: Target, codec: tintype.Codec, picture: Picture, content: str, once: float) -> Row:
    def encode() -> tintype.EncodedFile | None:
        try:
            return codec.encode(picture, target=target, content=content)
        except TargetError:
            return None

    data, seconds = timed(encode)
    if data is None:
        return Row(name, None, True, seconds / once)
    assert data.reached is not None
    over = data.reached / target.value if target.measure == "size" else data.reached - target.value
    level, top = tintype.info(data).level, codec.load().identity.levels - 1
    return Row(name, over, level in (0, top), seconds / once)


def results(rows: Sequence[Row]) -> str:
    """A table with a line for each target."""
    lines = []
    for name in dict.fromkeys(row.target for row in rows):
        those = [row for row in rows if row.target == name]
        size = name.endswith("bpp")
        within = [row.over for row in those if row.over is not None and not row.ends]
        met = [row for row in those if row.over is not None and (row.over <= 1 if size else row.over >= 0)]
        unit = "{:.1%}" if size else "+{:.2f} dB"
        worst, mean = (unit.format((min if size else max)(within)), unit.format(fmean(within))) if within else ("", "")
        counts = [len(those), len(met), sum(row.over is None for row in those), len(within)]
        costs = [row.cost for row in those]
        lines.append([name, *map(str, counts), mean, worst, f"{fmean(costs):.2f}", f"{max(costs):.2f}"])
    heads = ["target", "pictures", "met", "too small", "by a level", "reached", "at worst", "CPU time", "at most"]
    return table(heads, lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pictures", nargs="+")
    parser.add_argument("--content", choices=("auto", "photo", "screen"), default="auto")
    options = parser.parse_args(arguments)
    codec = tintype.Codec(threads=1)
    pictures = [load(path) for path in options.pictures]
    codec.encode(pictures[0])  # loads the model
    print(results([row for picture in pictures for row in rows_of(codec, picture, options.content)]))


if __name__ == "__main__":
    main()
