"""Scaling laws of the two families: `python -m studies.scaling ladder | run | fit | pace`.

    python -m studies.scaling ladder
    python -m studies.scaling run --data PICTURES --validation CROPS --out FOLDER --budgets 4,8,16,32
    python -m studies.scaling fit

`run` trains what is missing and adds a row for each finished branch. The same command with larger budgets, more rungs
or more seeds goes on. `fit` writes docs/scaling.md and its figures from the rows. `pace` compares ways to train one
rung at equal time, from rows of `run` with different `--set` in a file of their own.
"""

import argparse
from pathlib import Path

import torch

from studies.scaling import page, rows, runs
from studies.scaling.ladder import LADDERS
from studies.scaling.pace import compare
from tintype.training.pictures.crops import load

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "studies" / "results" / "scaling.jsonl"


def main(arguments: list[str] | None = None) -> None:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    ladder = commands.add_parser("ladder", help="print the rungs, and where the published models are")
    ladder.set_defaults(run=lambda _: print(page.ladders()))
    train = commands.add_parser("run", help="train what is missing")
    train.set_defaults(run=_train)
    train.add_argument("--family", choices=LADDERS, default="hpcm")
    train.add_argument("--data", type=Path, required=True, help="training pictures")
    train.add_argument("--validation", type=Path, required=True, help="256x256 crops")
    train.add_argument("--out", type=Path, required=True, help="folder of all runs")
    train.add_argument("--results", type=Path, default=RESULTS, help="file of rows (%(default)s)")
    train.add_argument("--rungs", help="names, comma-separated (all)")
    train.add_argument("--seeds", default="0", help="(%(default)s)")
    train.add_argument("--budgets", required=True, help="millions of pixels, ascending: 4,8,16,32")
    train.add_argument("--decay", type=float, default=0.4, help="share of a budget in which the rate falls to zero")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of all runs")
    train.add_argument("--device", default="cpu")
    fit = commands.add_parser("fit", help="write the page and its figures")
    fit.set_defaults(run=_fit)
    fit.add_argument("--results", type=Path, default=RESULTS, help="file of rows (%(default)s)")
    fit.add_argument("--page", type=Path, default=ROOT / "docs" / "scaling.md", help="(%(default)s)")
    fit.add_argument("--figures", type=Path, default=ROOT / "docs" / "figures", help="(%(default)s)")
    fit.add_argument("--least", type=float, default=0.0, help="millions of pixels; smaller budgets are not fitted")
    fit.add_argument("--draws", type=int, default=400, help="bootstrap samples (%(default)s)")
    pace = commands.add_parser("pace", help="print which settings learn most in a core-second")
    pace.set_defaults(run=lambda options: print(compare(rows.read(options.results))))
    pace.add_argument("--results", type=Path, required=True, help="file of rows of one rung")
    options = parser.parse_args(arguments)
    options.run(options)


def _train(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    rungs = options.rungs.split(",") if options.rungs else list(LADDERS[options.family])
    unknown = [name for name in rungs if name not in LADDERS[options.family]]
    if unknown:
        raise SystemExit(f"no rung is called {', '.join(unknown)}; there are {', '.join(LADDERS[options.family])}")
    study = runs.Study(
        options.family,
        (*runs.RECIPES[options.family], *options.set),
        options.decay,
        load(options.data),
        load(options.validation, 256),
        options.out,
        options.results,
        options.device,
    )
    seeds, budgets = map(int, options.seeds.split(",")), map(float, options.budgets.split(","))
    runs.run(study, rungs, list(seeds), list(budgets))


def _fit(options: argparse.Namespace) -> None:
    page.write(rows.read(options.results), options.page, options.figures, options.draws, options.least)


if __name__ == "__main__":
    main()
