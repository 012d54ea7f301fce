"""How far pictures are from their originals, beside published pictures of PICO of the same size.

    python -m benchmarks.published_pico KODAK [--codecs pico-s-psnr,pico-s,pico-s+natural]

KODAK is the folder of the Kodak pictures. The authors of PICO (arXiv 2605.05148) show three of them, whole pictures at
the rates below, of which the central 512 x 512 pixels can be seen. Each codec gets the same rate, and the same pixels
are compared: `wd` is a local distance of features that training uses (`features.Lite0`, smaller is better), and
`resnet_lp` is one of features that no loss uses.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tintype.codec.tiling import Rect
from tintype.evaluation.codecs.names import codec_named
from tintype.evaluation.measuring.matching import match
from tintype.evaluation.measuring.measure import Subject
from tintype.evaluation.metrics import resnet
from tintype.evaluation.results.markdown import table
from tintype.pixels import Pixels8
from tintype.training.objectives.features import TAP_STRIDES, Lite0

SIDE = 512  # pixels of what is shown
WINDOW = 16  # pixels of wd


class Published(NamedTuple):
    """Of one picture by PICO."""

    bpp: float  # of the whole picture
    wd: float  # measured once on the authors' PNG files, as here
    resnet_lp: float


PICO = {
    "kodim04": Published(0.297, 0.12, 0.41),
    "kodim15": Published(0.268, 0.12, 0.43),
    "kodim23": Published(0.217, 0.09, 0.32),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Code the three pictures, compare and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.published_pico",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kodak", metavar="KODAK", type=Path)
    parser.add_argument("--codecs", default="pico-s-psnr,pico-s,pico-s+natural")
    options = parser.parse_args(arguments)
    network, codecs = Lite0(), [codec_named(name) for name in options.codecs.split(",")]
    lines = {"PICO": [f"{p.bpp:.3f} bpp, {p.wd:.2f}, {p.resnet_lp:.2f}" for p in PICO.values()]}
    for name, published in PICO.items():
        original = Subject(name, options.kodak / f"{name}.png").pixels()
        pixels = original.shape[0] * original.shape[1]
        for codec in codecs:
            data = match(codec, original, round(published.bpp * pixels / 8)).data
            shown, decoded = centre(original), centre(codec.decode(data))
            far = wd(network(_batch(decoded)), network(_batch(shown)))
            lp, _ = resnet.distances(shown, decoded)
            lines.setdefault(codec.name, []).append(f"{8 * len(data) / pixels:.3f} bpp, {far:.2f}, {lp:.2f}")
    print(table(["rate, wd, ResNet lp", *PICO], [[name, *cells] for name, cells in lines.items()]))


def centre(picture: Pixels8) -> Pixels8:
    """The central square of `SIDE` pixels."""
    height, width = picture.shape[:2]
    return picture[Rect((width - SIDE) // 2, (height - SIDE) // 2, SIDE, SIDE).slices]


def wd(decoded: Sequence[Tensor], original: Sequence[Tensor], strides: Sequence[int] = TAP_STRIDES) -> float:
    """Squared difference of means and standard deviations in windows of `WINDOW` pixels, mean over the feature maps.

    In units of the variance of the original's channels, summed. Windows overlap; in a map whose features are further
    apart than that, single features are compared. Maps are (1, C, h, w).
    """
    found = []
    for a, b, stride in zip(decoded, original, strides, strict=True):
        window = max(1, WINDOW // stride)
        mean_a, square_a, mean_b, square_b = (F.avg_pool2d(x, window, 1) for x in (a, a.square(), b, b.square()))
        sd_a, sd_b = ((s - m.square()).clamp(min=0).sqrt() for s, m in ((square_a, mean_a), (square_b, mean_b)))
        difference = (mean_a - mean_b).square() + (sd_a - sd_b).square()
        found.append(difference.mean((2, 3)).sum() / b.var((2, 3)).sum())
    return float(torch.stack(found).mean())


def _batch(picture: Pixels8) -> Tensor:
    return torch.from_numpy(np.array(picture, np.float32)).permute(2, 0, 1)[None] / 255  # (1, 3, SIDE, SIDE)


if __name__ == "__main__":
    main()
