"""Does a pico learn its training pictures by heart? Averaged weights of some checkpoints, oldest first, on both kinds.

    python studies/over_fitting.py CHECKPOINT ... --data PICTURES --validation CROPS [--pictures 63]

Central squares of 256x256 of some training pictures, drawn with a fixed seed, and as many validation crops. The two
kinds differ in content, so their costs cannot be compared; what can is how far each has come since the first one.
Over-fitting shows as validation falling behind: its change, picture by picture, minus that on training pictures, with
twice the standard error. Costs are lambda 255^2 MSE + bpp (estimated bits), geometric means over anchors and pictures.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tintype.models.pico.network import SIZES, Pico
from tintype.training import checkpoint
from tintype.training.objectives.pico import evaluate
from tintype.training.pictures.crops import Pictures, load

SIDE = 256
Logs = NDArray[np.float64]  # (pictures,) logarithm of the cost, averaged over the anchors


@dataclass(frozen=True, slots=True)
class Point:
    """One checkpoint."""

    step: int
    pixels: float
    training: Logs
    validation: Logs


def main(arguments: list[str] | None = None) -> None:
    """Evaluate and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", metavar="CHECKPOINT", nargs="+", type=Path, help="folder of a run")
    parser.add_argument("--data", type=Path, required=True, help="the pictures that the runs were trained on")
    parser.add_argument("--validation", type=Path, required=True, help="256x256 crops")
    parser.add_argument("--pictures", type=int, default=63, help="of each kind (%(default)s)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    training = centres(sample(load(options.data), options.pictures))
    validation = sample(load(options.validation, SIDE), options.pictures)
    print(table([measure(folder, training, validation) for folder in options.checkpoints]))


def sample(pictures: Pictures, count: int) -> Pictures:
    """Some pictures, always the same."""
    chosen = np.random.default_rng(0).permutation(len(pictures))[:count]
    return np.array(pictures[np.sort(chosen)])


def centres(pictures: Pictures) -> Pictures:
    """Central squares."""
    top, left = (pictures.shape[1] - SIDE) // 2, (pictures.shape[2] - SIDE) // 2
    return pictures[:, top : top + SIDE, left : left + SIDE]


def measure(folder: Path, training: Pictures, validation: Pictures) -> Point:
    """Costs of a checkpoint's averaged weights."""
    state: dict[str, Any] = checkpoint.load(folder)[0]
    model = Pico(SIZES[state["config"]["model"]])
    model.load_state_dict(state["ema"])
    model.to(memory_format=torch.channels_last)
    return Point(state["step"], state["pixels"], costs(model, training), costs(model, validation))


def costs(model: Pico, pictures: Pictures) -> Logs:
    rows = [evaluate(model, picture[None]) for picture in pictures]
    return np.array([fmean(math.log(row["cost"]) for row in each) for each in rows])


def table(points: Sequence[Point]) -> str:
    """Both costs, and how far validation is behind training since the first checkpoint."""
    lines = [
        "| step | Mpx seen | cost, training | cost, validation | since the first: training | validation | behind |",
        "|---|---|---|---|---|---|---|",
    ]
    for point in points:
        training, validation = point.training - points[0].training, point.validation - points[0].validation
        behind = validation.mean() - training.mean()
        error = math.sqrt(sum(change.var(ddof=1) / len(change) for change in (training, validation)))
        lines.append(
            f"| {point.step} | {point.pixels / 1e6:.0f} | {math.exp(point.training.mean()):.4f} "
            f"| {math.exp(point.validation.mean()):.4f} | {_percent(training.mean())} | {_percent(validation.mean())} "
            f"| {_percent(behind)} ± {200 * error:.2f} % |"
        )
    return "\n".join(lines)


def _percent(logarithm: float) -> str:
    return f"{100 * math.expm1(logarithm):+.2f} %"


if __name__ == "__main__":
    main()
