"""What AVIF's speeds and tunes bring for drawings, at the bytes of speed 6 with the default tune.

    python studies/graphics_tunes.py [SCENE...]

Prints, for each setting, CPU seconds and the mean and least gain over the scenes of `benchmarks.scenes` in PSNR (dB) and
SSIMULACRA2 (points), at the bytes that the anchor needs at four qualities; between qualities by log bytes.
"""

import io
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.scenes import scenes
from tintype.evaluation.metrics.registry import ssimulacra2
from tintype.metrics import psnr
from tintype.pixels import Pixels8

SCENES = ("editor", "terminal", "map", "spreadsheet", "slide", "web page")
SIZE = 0.6
QUALITIES = (10, 20, 30, 40, 50, 60, 70, 80, 90)
AT = (30, 40, 60, 80)  # of the anchor
SPEEDS, TUNES = (6, 5, 4), (None, "ssim", "psnr")


def curve(pixels: Pixels8, options: Mapping[str, Any]) -> NDArray[np.float64]:
    """Bytes, PSNR and SSIMULACRA2 of each quality, (Q, 3)."""
    points = []
    for quality in QUALITIES:
        file = io.BytesIO()
        Image.fromarray(pixels).save(
            file, "AVIF", quality=quality, subsampling="4:4:4", autotiling=False, max_threads=1, **options
        )
        decoded = np.asarray(Image.open(file).convert("RGB"))
        points.append((len(file.getvalue()), psnr(pixels, decoded), ssimulacra2(pixels, decoded)))
    return np.array(points)


def main() -> None:
    """Print a line for each setting."""
    names = sys.argv[1:] or SCENES
    pictures = [scene.pixels for scene in scenes(SIZE) if scene.name in names]
    anchors = [curve(pixels, {"speed": SPEEDS[0]}) for pixels in pictures]
    for speed in SPEEDS:
        for tune in TUNES:
            begin = time.process_time()
            options = {"speed": speed} | ({"advanced": {"tune": tune}} if tune else {})
            gains = [gain(anchor, curve(pixels, options)) for anchor, pixels in zip(anchors, pictures, strict=True)]
            seconds = time.process_time() - begin
            means, least = np.mean(gains, axis=0), np.min(gains, axis=0)  # (A, 2)
            cells = [
                f"{m[0]:+.2f} ({low[0]:+.2f}), {m[1]:+.2f} ({low[1]:+.2f})" for m, low in zip(means, least, strict=True)
            ]
            print(f"speed {speed}, tune {tune}: {seconds:.0f} s | {' | '.join(cells)}", flush=True)


def gain(anchor: NDArray[np.float64], found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of both measures at the anchor's bytes, (A, 2)."""
    found = found[np.argsort(found[:, 0])]
    points = anchor[[QUALITIES.index(quality) for quality in AT]]
    at = np.log(points[:, 0])
    return np.stack([np.interp(at, np.log(found[:, 0]), found[:, m]) - points[:, m] for m in (1, 2)], axis=1)


if __name__ == "__main__":
    main()
