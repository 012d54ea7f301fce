"""CPU time and peak memory of a huge picture, of its regions and reduced copies, and of thin pictures.

    python -m benchmarks.huge PICTURE... [--size 12000x9000] [--source jpg] [--regions 20]

The picture is a mosaic of the given ones, made in a temporary folder. Commands run in fresh processes, each on one
thread. Regions of 512 x 512 are drawn by chance and decoded from the file's path in one process that has loaded its
model. Prints Markdown tables.
"""

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import tintype
from benchmarks.mosaic import mosaic
from tintype import images
from tintype.evaluation.results.markdown import table
from tintype.pixels import Pixels8

REGION = 512  # pixels
THIN = ((65535, 1), (65535, 16), (1, 65535))  # width, height
WARM_UP = 5  # pixels of a region, before regions are timed


class Cost(NamedTuple):
    """Of a process."""

    cpu: float  # seconds
    peak: float  # MB of resident memory


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", metavar="PICTURE", nargs="+", type=Path)
    parser.add_argument("--size", default="12000x9000")
    parser.add_argument("--source", default="jpg", help="format that is encoded: jpg, png, ppm or tif")
    parser.add_argument("--regions", type=int, default=20)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # apart: a process counts the peak of the one that starts it
        making = multiprocessing.get_context("spawn").Process(
            target=make, args=(options.pictures, width, height, folder / f"a.{options.source}")
        )
        making.start()
        making.join()
        rows = [(f"encode {options.source}", *_cells(command("encode", f"a.{options.source}", folder)))]
        for arguments in (("--format", "png"), ("--format", "jpg"), ("--format", "ppm", "--reduce", "8")):
            rows.append((f"decode {' '.join(arguments)}", *_cells(command("decode", "a.tint", folder, *arguments))))
        print(table([f"{width} x {height}", "CPU s", "peak MB"], rows), flush=True)
        costs = regions(folder / "a.tint", options.regions)
        print(f"\nRegions of {REGION} x {REGION}, {len(costs)} drawn: {_spread(costs)}\n", flush=True)
    header = ["width x height", "bytes", "encode, CPU s", "decode, CPU s"]
    parts = [images.load_8bit(path) for path in options.pictures]
    print(table(header, [thin(mosaic(parts, *size)) for size in THIN]))


def make(pictures: Sequence[Path], width: int, height: int, target: Path) -> None:
    """Write the mosaic."""
    images.save(mosaic([images.load_8bit(path) for path in pictures], width, height), target)


def command(verb: str, source: str, folder: Path, *arguments: str) -> Cost:
    """One command on one thread, in a fresh process; its results replace earlier ones."""
    line = [sys.executable, "-m", "tintype", verb, source, "--threads", "1", "--force", *arguments]
    process = subprocess.Popen(line, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(line)} gave status {process.returncode}")
    # bytes on macOS, KiB on Linux
    peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
    return Cost(usage.ru_utime + usage.ru_stime, peak)


def regions(path: Path, count: int) -> Sequence[float]:
    """CPU seconds of each, by a codec that is warm."""
    codec, about = tintype.Codec(threads=1), tintype.info(path)
    side = min(REGION, about.width, about.height)
    codec.decode(path, region=(0, 0, WARM_UP, WARM_UP))
    rng = np.random.default_rng(1)
    lefts = rng.integers(0, about.width - side + 1, count).tolist()
    tops = rng.integers(0, about.height - side + 1, count).tolist()
    return [
        _seconds(lambda left=left, top=top: codec.decode(path, region=(left, top, side, side)))
        for left, top in zip(lefts, tops, strict=True)
    ]


def thin(pixels: Pixels8) -> Sequence[str]:
    """A row of the table."""
    codec = tintype.Codec(threads=1)
    data = codec.encode(pixels)  # also warms up
    costs = [_seconds(call) for call in (lambda: codec.encode(pixels), lambda: codec.decode(data))]
    height, width = pixels.shape[:2]
    return [f"{width} x {height}", f"{len(data)}", *(f"{cost:.2f}" for cost in costs)]


def _seconds(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


def _spread(costs: Sequence[float]) -> str:
    return f"median {statistics.median(costs):.2f}, {min(costs):.2f} to {max(costs):.2f} CPU s"


def _cells(cost: Cost) -> tuple[str, str]:
    return f"{cost.cpu:.1f}", f"{cost.peak:.0f}"


if __name__ == "__main__":
    main()
