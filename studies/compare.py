"""Controlled comparisons: short runs that differ in one setting, with seeds, and a table with their spread.

    python studies/compare.py STUDY --data PICTURES --validation CROPS --out FOLDER [--seeds 0,1] [--steps 300]

Runs that are in the folder already are not repeated, so studies share their baseline. Prints a Markdown table.
"""

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from tintype.training.data import load
from tintype.training.loop import Trainer
from tintype.training.recipes import configure

Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class Study:
    """Arms are settings on top of `common`; the first one is what the others are compared with."""

    recipe: str
    common: tuple[str, ...]
    arms: dict[str, tuple[str, ...]]


SMALL = ("batch=4", "crop=128", "warmup=50", "log_every=50")
STUDIES = {
    "start": Study("pico_s", SMALL, {"structured start": (), "random start": ("start=random",)}),
    "scales": Study("pico_s", SMALL, {"learned scales": (), "no learned scales": ("learn_scales=false",)}),
    "rate": Study(
        "pico_s",
        SMALL,
        {
            "learning rate 1e-3": (),
            "learning rate 5e-4": ("learning_rate=5e-4",),
        },
    ),
    "hpcm-start": Study(
        "hpcm_nano",
        ("batch=2", "learning_rate=4e-4", "warmup=50", "log_every=50"),
        {"structured start": (), "random start": ("start=random",)},
    ),
}


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--data", type=Path, required=True, help="training pictures")
    parser.add_argument("--validation", type=Path, required=True, help="256x256 crops")
    parser.add_argument("--out", type=Path, required=True, help="folder for all runs")
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument(
        "--steps", type=int, default=300, help="of every run; in the last 60 %% the learning rate falls (%(default)s)"
    )
    parser.add_argument("--crops", type=int, default=21, help="validation crops, spread over all")
    options = parser.parse_args()
    torch.set_num_threads(1)
    study, seeds = STUDIES[options.study], [int(seed) for seed in options.seeds.split(",")]
    validation = load(options.validation, 256)
    validation = validation[:: max(1, len(validation) // options.crops)][: options.crops]
    train = load(options.data)
    results = {}
    for name, settings in study.arms.items():
        plan = [*study.common, *settings, f"steps={options.steps}", f"decay={options.steps * 6 // 10}"]
        results[name] = [run(study.recipe, [*plan, f"seed={seed}"], train, validation, options.out) for seed in seeds]
    print(table(results))


def run(recipe: str, settings: Sequence[str], train: Any, validation: Any, out: Path) -> dict[str, Any]:
    """Rows and seconds of one run, from the folder if they are there."""
    folder = out / "_".join((recipe, *settings)).replace("=", "-")
    path = folder / f"result-{len(validation)}.json"
    if not path.exists():
        config = configure(recipe, [*settings, f"evaluate_every={10**9}", f"checkpoint_every={10**9}"])
        trainer = Trainer(config, train, validation, folder)
        trainer.run(report=lambda record: print(folder.name, record.get("step"), record.get("loss"), flush=True))
        path.write_text(json.dumps({"rows": trainer.evaluate(), "seconds": trainer.seconds}))
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def level(rows: Sequence[Row]) -> float:
    """The logarithm of the cost, averaged over the anchors: differences are relative."""
    return fmean(math.log(row["cost"]) for row in rows)


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """Arms beside the first one; the spread is the standard deviation between seeds, pooled over the arms."""
    levels = {name: [level(result["rows"]) for result in runs] for name, runs in results.items()}
    squares = [(value - fmean(values)) ** 2 for values in levels.values() for value in values]
    freedom = len(squares) - len(levels)
    spread = math.sqrt(sum(squares) / freedom) if freedom else math.nan
    first = fmean(next(iter(levels.values())))
    anchors = range(0, len(next(iter(results.values()))[0]["rows"]), 2)
    heads = " | ".join(f"cost at anchor {a}" for a in anchors)
    lines = [
        f"| arm | {heads} | mean cost | twice the spread | result | seconds |",
        "|---" * (len(anchors) + 5) + "|",
    ]
    for name, runs in results.items():
        costs = [fmean(result["rows"][a]["cost"] for result in runs) for a in anchors]
        difference = fmean(levels[name]) - first
        verdict = "-" if difference == 0 else "yes" if abs(difference) > 2 * spread else "none"
        seconds = fmean(result["seconds"] for result in runs)
        lines.append(
            f"| {name} | {' | '.join(f'{cost:.3f}' for cost in costs)} | {100 * math.expm1(difference):+.1f} % "
            f"| {200 * spread:.1f} % | {verdict} | {seconds:.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
