"""At which quality does AVIF trade bits for error as the networks do?

    python studies/graphics_quality.py

Prints `WORTHS` of `tintype.codec.graphics.choose`: for each of `QUALITIES`, the bits per pixel that a further quality
spends to lower the mean squared error by one, as the geometric mean over the drawn scenes of `benchmarks.scenes`.
"""

import numpy as np

from benchmarks.scenes import scenes
from tintype.codec.graphics.choose import QUALITIES
from tintype.codec.graphics.detect import mostly_drawn
from tintype.codec.graphics.images import Coder, read, write_near
from tintype.pixels import Pixels8

SIZE = 0.6  # of the scenes
STEP = 4  # of quality, to either side


def worth(pixels: Pixels8, quality: int) -> float:
    """Bits per pixel over mean squared error, between a quality a little lower and a little higher; 0: no change."""
    height, width = pixels.shape[:2]
    rates, errors = [], []
    for near in (quality - STEP, quality + STEP):
        data = write_near(pixels, near)
        assert data is not None
        rates.append(8 * len(data) / (height * width))
        decoded = read(Coder.AVIF, data, height, width, False, 8)
        errors.append(float(np.square(decoded.astype(np.float64) - pixels).mean()))
    fallen = errors[0] - errors[1]
    return (rates[1] - rates[0]) / fallen if fallen else 0.0


def main() -> None:
    """Print the table."""
    drawn = [scene for scene in scenes(SIZE) if scene.pixels.ndim == 3 and mostly_drawn(scene.pixels)]
    print(f"{len(drawn)} scenes: {', '.join(scene.name for scene in drawn)}")
    for quality in QUALITIES:
        found = [worth(scene.pixels, quality) for scene in drawn]
        good = [each for each in found if each > 0]  # a higher quality may take fewer bytes, or change nothing
        print(f"quality {quality:3d}: worth {np.exp(np.mean(np.log(good))):.4f}, {min(found):.4f} to {max(found):.4f}")


if __name__ == "__main__":
    main()
