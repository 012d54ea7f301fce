"""Controlled comparisons: short runs that differ in one setting, with seeds, and a table with their spread.

    python -m studies.compare STUDY --data PICTURES --validation CROPS --out FOLDER [--seeds 0,1] [--steps 300]
        [--init CHECKPOINT] [--set KEY=VALUE] [--judges]

Runs that are in the folder already are not repeated, so studies share their baseline. With `--init` all arms begin at
trained weights, but for what the study is about. Prints a Markdown table; with `--judges` another one, of BD-rates.
"""

import argparse
import json
import math
import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray

from studies import eyes_arms
from tintype.codec.steps import EVERYTHING
from tintype.evaluation.results import markdown
from tintype.models.pico import layers, schedule
from tintype.models.pico.schedule import Cells
from tintype.training import checkpoint
from tintype.training.loop import Trainer
from tintype.training.objectives import pico_rate
from tintype.training.pictures.crops import load
from tintype.training.recipes import configure

Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class Arm:
    """What one side of a comparison changes.

    Parameters
    ----------
    settings : of the recipe
    constants : module, name, value: what is fixed by the file format or in the networks' code, and so is no setting;
        replaced while the run lasts
    """

    settings: tuple[str, ...] = ()
    constants: tuple[tuple[ModuleType, str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """Arms on top of `common`; the first one is what the others are compared with.

    Parameters
    ----------
    unlearnt : parameters that are zero where runs begin at trained weights, as they are at start values; else the arm
        that the weights come from would be ahead
    """

    recipe: str
    common: tuple[str, ...]
    arms: dict[str, Arm]
    unlearnt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkerboard:
    """Cells of one colour; the colours change with the channel. For training, which asks for the mask alone."""

    colour: int

    def mask(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        c, i, j = np.ogrid[: shape[0], : shape[1], : shape[2]]
        return ((c + i + j) % 2 == self.colour).astype(np.float32)


def passes(*lattices: object) -> Arm:
    """Latents in other passes than a file's."""
    return Arm((), ((schedule, "PASSES", lattices),))


SMALL = ("batch=4", "crop=128", "warmup=50", "log_every=50", "clip=10", "lambda_weight=-0.25", "ema=0.999")
OURS = Arm()
# without the Haar transform in them, kernels are the same functions: 2x2 with stride 2, or 1x1 and a pixel shuffle
PLAIN = ((layers, "HAAR", torch.eye(4)), (layers, "HAAR2", torch.eye(16)))
STUDIES = {
    "start": Study("pico_s", SMALL, {"structured start": OURS, "random start": Arm(("start=random",))}),
    "scales": Study("pico_s", SMALL, {"learned scales": OURS, "no learned scales": Arm(("learn_scales=false",))}),
    "rate": Study("pico_s", SMALL, {"learning rate 1e-3": OURS, "learning rate 5e-4": Arm(("learning_rate=5e-4",))}),
    "optimiser": Study(
        "pico_s",
        SMALL,
        {
            "AdamW": OURS,
            "Muon": Arm(("optimiser=muon",)),
            "Muon, 5 times as fast": Arm(("optimiser=muon", "muon_rate=5")),
        },
    ),
    "context": Study(
        "pico_s",
        SMALL,
        {
            "quarter, then the rest": OURS,
            "none": passes(EVERYTHING),
            "checkerboard": passes(Checkerboard(0), Checkerboard(1)),
            "four passes": passes(*(Cells((place,)) for place in range(4))),
        },
        ("context_model.net.3.weight", "context_model.net.3.bias"),
    ),
    "width": Study(
        "pico_s",
        SMALL,
        {"widths from the prior": OURS, "one a channel and level": Arm((), ((pico_rate, "T_LIMIT", 0.0),))},
    ),
    "resampling": Study("pico_s", SMALL, {"Haar": OURS, "plain kernels": Arm((), PLAIN)}),
    "resampling-random": Study(
        "pico_s",
        SMALL,
        {
            "Haar, random start": Arm(("start=random",)),
            "plain kernels, random start": Arm(("start=random",), PLAIN),
        },
    ),
    "hpcm-start": Study(
        "hpcm_nano",
        ("batch=2", "learning_rate=4e-4", "warmup=50", "log_every=50"),
        {"structured start": OURS, "random start": Arm(("start=random",))},
    ),
}


def main(arguments: list[str] | None = None) -> None:
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
    parser.add_argument("--init", type=Path, help="checkpoint that all runs begin at (default: start values)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of all runs")
    parser.add_argument(
        "--judges", action="store_true", help="also judge pictures of 256x256, by the measures of studies/eyes_arms.py"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    study, seeds = STUDIES[options.study], [int(seed) for seed in options.seeds.split(",")]
    validation = load(options.validation, 256)
    validation = validation[:: max(1, len(validation) // options.crops)][: options.crops]
    train = load(options.data)
    start = prepared(options.init, study.unlearnt, options.out) if options.init else None
    results = {}
    for name, arm in study.arms.items():
        settings = [
            *study.common,
            *options.set,
            *arm.settings,
            f"steps={options.steps}",
            f"decay={options.steps * 6 // 10}",
        ]
        label = re.sub(r"\W+", "-", name) if arm.constants else ""
        with ExitStack() as stack:
            for constant in arm.constants:
                stack.enter_context(patch.object(*constant))
            results[name] = [
                run(
                    study.recipe,
                    [*settings, f"seed={seed}"],
                    label,
                    train,
                    validation,
                    options.out,
                    start,
                    options.judges,
                )
                for seed in seeds
            ]
    print(table(results))
    if options.judges:
        print(f"\n{judges_table(results)}")


def prepared(init: Path, unlearnt: Sequence[str], out: Path) -> Path:
    """A checkpoint like another one, at step 0 and without what a study is about."""
    folder = out / "-".join(("from", init.name, *(("without", *unlearnt) if unlearnt else ())))
    state, _ = checkpoint.load(init)
    zeros = {name: torch.zeros_like(state["ema"][name]) for name in unlearnt}
    state.pop("model", None)  # averages are enough to go on from
    checkpoint.save(folder, {**state, "ema": state["ema"] | zeros, "step": 0, "pixels": 0, "seconds": 0.0}, None)
    return folder


def run(
    recipe: str,
    settings: Sequence[str],
    label: str,
    train: Any,
    validation: Any,
    out: Path,
    start: Path | None = None,
    judges: bool = False,
) -> dict[str, Any]:
    """Rows, milliseconds of CPU time a step and what judges say of one run, from the folder if they are there."""
    names = (recipe, *settings, label, start.name if start else "")
    folder = out / "_".join(filter(None, names)).replace("=", "-")
    path = folder / f"{'judged' if judges else 'result'}-{len(validation)}.json"
    if not path.exists():
        config = configure(recipe, [*settings, f"evaluate_every={10**9}", f"checkpoint_every={10**9}"])
        trainer = Trainer(config, train, validation, folder, start, weights_only=True)
        started = time.process_time()
        trainer.run(report=lambda record: print(folder.name, record.get("step"), record.get("loss"), flush=True))
        spent = 1000 * (time.process_time() - started) / config.steps
        result: dict[str, Any] = {"rows": trainer.evaluate(), "milliseconds": spent}
        if judges:
            result["judged"] = eyes_arms.judged(eyes_arms.decoder_of(trainer), eyes_arms.LEVELS, validation)
        path.write_text(json.dumps(result))
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def level(rows: Sequence[Row]) -> float:
    """The logarithm of the cost, averaged over the anchors: differences are relative."""
    return fmean(math.log(row["cost"]) for row in rows)


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """Arms compared with the first one; the spread is the standard deviation between seeds, pooled over the arms."""
    levels = {name: [level(result["rows"]) for result in runs] for name, runs in results.items()}
    squares = [(value - fmean(values)) ** 2 for values in levels.values() for value in values]
    freedom = len(squares) - len(levels)
    spread = math.sqrt(sum(squares) / freedom) if freedom else math.nan
    first = fmean(next(iter(levels.values())))
    anchors = range(0, len(next(iter(results.values()))[0]["rows"]), 2)
    heads = " | ".join(f"cost at anchor {a}" for a in anchors)
    lines = [
        f"| arm | {heads} | mean cost | twice the spread | result | CPU ms a step |",
        "|---" * (len(anchors) + 5) + "|",
    ]
    for name, runs in results.items():
        costs = [fmean(result["rows"][a]["cost"] for result in runs) for a in anchors]
        difference = fmean(levels[name]) - first
        verdict = "-" if difference == 0 else "yes" if abs(difference) > 2 * spread else "none"
        milliseconds = fmean(result["milliseconds"] for result in runs)
        lines.append(
            f"| {name} | {' | '.join(f'{cost:.3f}' for cost in costs)} | {100 * math.expm1(difference):+.1f} % "
            f"| {200 * spread:.1f} % | {verdict} | {milliseconds:.0f} |"
        )
    return "\n".join(lines)


def judges_table(results: dict[str, list[dict[str, Any]]]) -> str:
    """BD-rates of the arms against the first one's run of the same seed; twice the standard deviation in brackets."""
    first, *others = results
    shown = [name for name in eyes_arms.TITLES if name in results[first][0]["judged"]]
    lines = []
    for arm in others:
        pairs = [
            [{"arm": name, **run["judged"]} for name, run in zip((first, arm), runs, strict=True)]
            for runs in zip(results[first], results[arm], strict=True)
        ]
        columns = list(zip(*(eyes_arms.changes(*pair, shown)[: len(shown)] for pair in pairs), strict=True))
        spreads = [f"{2 * stdev(column):.1f}" if len(column) > 1 else "-" for column in columns]
        lines.append(
            [arm, *(f"{fmean(column):+.1f} % ({spread})" for column, spread in zip(columns, spreads, strict=True))]
        )
    return markdown.table(["arm", *(eyes_arms.TITLES[name] for name in shown)], lines)


if __name__ == "__main__":
    main()
