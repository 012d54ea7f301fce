"""Encode and decode times and peak memory, ours and AVIF's, JPEG XL's, WebP's and JPEG's, in one run.

    python -m benchmarks.speed PICTURE... [--model NAME] [--engines native,onnx] [--threads 1,2]
                               [--sizes 768x512,4032x3024]

Each codec runs in a fresh process: once for the whole process (interpreter, imports, model, file), then again for the
time of a warm call in memory, the fastest of three. The first size is cut from the first picture; a size that is larger
than the picture is a mosaic of all. Prints a Markdown table.
"""

import argparse
import os
import platform
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.mosaic import mosaic
from tintype import images, metrics
from tintype.evaluation.codecs.names import codec_named
from tintype.evaluation.measuring import processes
from tintype.evaluation.results.markdown import table
from tintype.models.pico.engine import ENGINES, VARIABLE
from tintype.weights import store

# JPEG's and our 75; the others at settings of about the same rate and worth
PEERS = (("jpeg444", 75), ("webp_m6", 80), ("avif444_s6", 60), ("jxl_e7", 80))
ONE_THREAD = ("jpeg", "webp")  # Pillow offers no more for these
HEADER = [
    *("size, threads, codec", "bpp", "PSNR"),
    *("encode: process", "warm", "warm CPU", "peak MB"),
    *("decode: process", "warm", "warm CPU", "peak MB"),
]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", metavar="PICTURE", nargs="+", type=Path)
    parser.add_argument("--model", default=store.DEFAULT, help="shipped weights or a .tintmodel file")
    parser.add_argument("--engines", default=",".join(ENGINES), help="of pico, side by side")
    parser.add_argument("--quality", type=float, default=75, help="of ours")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--sizes", default="768x512,4032x3024")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    parts = [images.load_8bit(path) for path in options.pictures]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{processor()}, {os.cpu_count()} CPUs, load {load:.1f} at the start. Seconds; peak MB includes Python.\n")
    print(table(HEADER, []))
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes.split(","):
            width, height = map(int, size.split("x"))
            fits = parts[0].shape[0] >= height and parts[0].shape[1] >= width
            pixels = parts[0][:height, :width] if fits else mosaic(parts, width, height)
            for threads in map(int, options.threads.split(",")):
                ours = [(engine, options.model, options.quality) for engine in options.engines.split(",")]
                for engine, name, quality in (*ours, *(("", *peer) for peer in PEERS)):
                    if threads == 1 or not name.startswith(ONE_THREAD):
                        os.environ[VARIABLE] = engine  # of the processes that measure
                        cells = measure(
                            name, quality, np.ascontiguousarray(pixels), threads, options.repeat, Path(folder)
                        )
                        shown = " ".join(filter(None, (codec_named(name).name, engine, f"q{quality:g}")))
                        print(f"| {size}, {threads}, {shown} | {' | '.join(cells)} |", flush=True)


def measure(name: str, quality: float, pixels: np.ndarray, threads: int, repeat: int, folder: Path) -> list[str]:
    """One line of the table."""
    source, file, back = folder / "source.npy", folder / "coded", folder / "back.npy"
    np.save(source, pixels)
    encode = processes.run("encode", name, quality, source, file, threads, repeat)
    decode = processes.run("decode", name, quality, file, back, threads, repeat)
    bpp = 8 * file.stat().st_size / (pixels.shape[0] * pixels.shape[1])
    cells = [f"{bpp:.3f}", f"{metrics.psnr(pixels, np.load(back)):.2f}"]
    for cost in (encode, decode):
        cells += [
            f"{cost.process_s:.2f}",
            f"{cost.warm_s:.3f}",
            f"{cost.warm_cpu_s:.3f}",
            f"{cost.peak_bytes / 1e6:.0f}",
        ]
    return cells


def processor() -> str:
    """The CPU's name, if the system reports it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
