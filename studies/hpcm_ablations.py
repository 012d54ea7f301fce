"""HPCM's published ablations at a small size: which signs hold after short runs.

    python -m studies.hpcm_ablations --data PICTURES --validation CROPS --out FOLDER [--steps 600]

Every variant changes one rung of the ladder (studies/scaling/ladder.py) as the published one changes Base. Runs that
are in the folder already are not repeated. Prints a Markdown table. The spread is the standard deviation between seeds,
pooled over the variants that have several; a difference below twice the spread is no result.
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any
from unittest.mock import patch

import torch

from studies.compare import level, run
from studies.scaling.ladder import LADDERS, relative_rate, size
from studies.scaling.runs import RECIPES
from tintype.evaluation.results.markdown import table
from tintype.models.hpcm import CONFIGS
from tintype.models.hpcm.config import HPCMConfig
from tintype.models.hpcm.costs import PUBLISHED, cost
from tintype.training.pictures.crops import load
from tintype.training.recipes import configure


@dataclass(frozen=True, slots=True)
class Variant:
    """A published ablation: the name of its model at the size of Base, and its BD-rate against Base in percent."""

    model: str
    bd_rate: float


ANCHOR = "(2,3,6)"
VARIANTS = {
    ANCHOR: Variant("hpcm-base", 0.0),
    "(2,3,3)": Variant("hpcm-base-2-3-3", 2.39),
    "(2,3,12)": Variant("hpcm-base-2-3-12", -2.55),
    "(4,3,6)": Variant("hpcm-base-4-3-6", 0.35),
    "no hierarchy": Variant("hpcm-base-flat", 1.07),
    "no progressive fusion": Variant("hpcm-base-no-fusion", 4.71),
    "psi as context": Variant("hpcm-base-psi", 1.17),
}
"""BD-rates: Li et al. 2025, as public notes on the paper report them."""

Result = dict[str, Any]  # of `compare.run`: "rows" and "milliseconds"


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="training pictures")
    parser.add_argument("--validation", type=Path, required=True, help="256x256 crops")
    parser.add_argument("--out", type=Path, required=True, help="folder for all runs")
    parser.add_argument("--rung", choices=LADDERS["hpcm"], default="hpcm-m32", help="size (%(default)s)")
    parser.add_argument("--steps", type=int, default=600, help="of every run; the rate falls in the last 60 %%")
    parser.add_argument("--anchor-seeds", default="0,1,2", help="of the published order of steps (%(default)s)")
    parser.add_argument("--seeds", default="0", help="of all others (%(default)s)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    train, validation = load(options.data), load(options.validation, 256)
    rung = LADDERS["hpcm"][options.rung]
    assert isinstance(rung, HPCMConfig)
    recipe, *common = RECIPES["hpcm"]
    rate = configure(recipe, common).learning_rate * relative_rate(rung)
    common += [f"learning_rate={rate:g}", f"steps={options.steps}", f"decay={options.steps * 6 // 10}"]
    models = {name: small(rung, variant) for name, variant in VARIANTS.items()}
    results = {}
    with patch.dict(CONFIGS, {model.name: model for model in models.values()}):
        for name, model in models.items():
            seeds = options.anchor_seeds if name == ANCHOR else options.seeds
            settings = [*common, f"model={model.name}"]
            results[name] = [
                run(recipe, [*settings, f"seed={seed}"], "", train, validation, options.out)
                for seed in seeds.split(",")
            ]
    print(f"{options.rung}, {options.steps} steps, {len(validation)} crops.\n\n{summary(models, results)}")


def small(rung: HPCMConfig, variant: Variant) -> HPCMConfig:
    """A rung, changed as the variant changes Base."""
    its = CONFIGS[variant.model]
    name = variant.model.replace("hpcm-base", rung.name)
    return replace(rung, name=name, schedule=its.schedule, context=its.context)


def summary(models: Mapping[str, HPCMConfig], results: Mapping[str, Sequence[Result]]) -> str:
    """Variants beside the anchor and the published figures."""
    levels = {name: [level(result["rows"]) for result in runs] for name, runs in results.items()}
    squares = [(value - fmean(values)) ** 2 for values in levels.values() for value in values]
    freedom = len(squares) - len(levels)
    spread = math.sqrt(sum(squares) / freedom) if freedom else math.nan
    lines = []
    for name, variant in VARIANTS.items():
        difference = fmean(levels[name]) - fmean(levels[ANCHOR])
        published = PUBLISHED[variant.model].kmac
        lines.append(
            [
                name,
                f"{cost(CONFIGS[variant.model]).kmac_published:.2f}",
                f"{published:.2f}" if published else "",
                f"{size(models[name]).macs_per_pixel / 1000:.2f}",
                str(len(levels[name])),
                f"{math.exp(fmean(levels[name])):.4f}",
                f"{100 * math.expm1(difference):+.2f} %",
                f"{200 * spread:.2f} %",
                f"{variant.bd_rate:+.2f} %" if name != ANCHOR else "",
                verdict(difference, spread, variant.bd_rate) if name != ANCHOR else "",
            ]
        )
    header = ["variant", "kMAC/px of Base's size", "published", "kMAC/px here", "seeds", "loss", "loss / anchor"]
    return table([*header, "twice the spread", "published BD-rate", "sign"], lines)


def verdict(difference: float, spread: float, bd_rate: float) -> str:
    """Whether the published sign is seen: more rate and more loss are both worse."""
    if not abs(difference) > 2 * spread:  # also where no spread is known
        return "not seen"
    return "holds" if difference * bd_rate > 0 else "opposite"


if __name__ == "__main__":
    main()
