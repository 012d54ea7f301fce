"""Training of a ladder: for each rung and seed one trunk at a constant rate, and a branch that decays for each budget.

    trunk  0 ----------- b1 ----------- b2 ---------------------- b3      checkpoints at each branching point
                           \\ decay        \\ decay                   \\ decay
                            budget 1       budget 2                  budget 3

A branch ends after its budget of pixels, the decay being a fixed share of it. A trunk serves all larger budgets, so the
study costs little more than the largest. Everything resumes: finished branches by their rows, others by checkpoints.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, geometric_mean
from typing import Any, NamedTuple

from studies.scaling import rows
from studies.scaling.ladder import LADDERS, Family, relative_rate, size, trainable
from studies.scaling.rows import Row
from studies.throughput import clock
from tintype.errors import UsageError
from tintype.replacing import replace_text
from tintype.training import checkpoint
from tintype.training.config import RunConfig
from tintype.training.loop import Trainer
from tintype.training.machine import Plain
from tintype.training.recipes import configure

RECIPES: dict[Family, tuple[str, ...]] = {
    # the lowest published lambda: there the few latents of small rungs limit least
    "hpcm": ("hpcm_nano", "lambda_=0.0018", "batch=1", "learning_rate=1e-3", "warmup=50", "ema=0.99", "bf16=false"),
    "pico": ("pico_s", "batch=4", "learning_rate=1e-3", "warmup=50", "ema=0.99"),
}
"""Recipe and settings of each family; further ones are added to them. The rate is that of hpcm-m64 or pico-s."""

SPENT = "spent.json"  # in the folder of a finished stretch


class Spent(NamedTuple):
    """Steps and seconds of the whole path up to the end of a stretch."""

    steps: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Study:
    """What all runs of a study share.

    Parameters
    ----------
    settings : name of the recipe, then `key=value`
    decay : share of a budget in which the learning rate falls to zero
    train, validation : uint8, (N, S, S, 3)
    out : folder of all runs
    results : file of rows
    """

    family: Family
    settings: tuple[str, ...]
    decay: float
    train: Any
    validation: Any
    out: Path
    results: Path
    device: str = "cpu"

    @property
    def label(self) -> str:
        """What names the settings in rows and folders."""
        return " ".join((*self.settings, f"decay={self.decay:g}"))

    def config(self, rung: str, seed: int, steps: int = 0, decay: int = 0) -> RunConfig:
        """Settings of one stretch of a run; it is judged at the end of branches only."""
        recipe, *settings = self.settings
        own = [f"model={rung}", f"seed={seed}", f"steps={steps}", f"decay={decay}", f"evaluate_every={10**9}"]
        config = configure(recipe, [*settings, *own])
        return replace(config, learning_rate=config.learning_rate * relative_rate(LADDERS[self.family][rung]))


def run(study: Study, rungs: Sequence[str], seeds: Sequence[int], budgets: Sequence[float]) -> None:
    """Finish what is missing: the smallest budget of all runs first, so that rows are balanced whenever it ends.

    Parameters
    ----------
    budgets : millions of pixels
    """
    with trainable():
        for budget in sorted(budgets):
            for rung in rungs:
                for seed in seeds:
                    _finish(study, rung, seed, 1e6 * budget)


def _finish(study: Study, rung: str, seed: int, budget: float) -> None:
    """The branch of one budget, unless its row is there."""
    config = study.config(rung, seed)
    step_pixels = config.batch * config.crop**2
    steps = round(budget / step_pixels)
    decay = math.ceil(study.decay * steps)
    if steps < 2:
        raise UsageError(f"budget {budget / 1e6:g}: below two steps of {step_pixels / 1e6:g} Mpx")
    key = rung, seed, study.label, steps * step_pixels
    if key in {(row.rung, row.seed, row.settings, row.pixels) for row in rows.read(study.results)}:
        return
    folder = study.out / study.label.replace(" ", "_").replace("=", "-") / f"{rung}-seed{seed}"
    trunk, branch = _trunk(study, rung, seed, folder, steps - decay), folder / f"branch-{steps}"
    trainer = _stretch(study, study.config(rung, seed, steps, decay), branch, trunk)
    found = trainer.objective.evaluate(trainer.ema, study.validation, config.bf16)
    counted, trunk_seconds = size(LADDERS[study.family][rung]), _spent(trunk).seconds
    row = Row(
        family=study.family,
        rung=rung,
        seed=seed,
        settings=study.label,
        parameters=counted.parameters,
        macs_per_pixel=counted.macs_per_pixel,
        pixels=trainer.pixels,
        trunk_seconds=round(trunk_seconds, 1),
        branch_seconds=round(_spent(branch).seconds - trunk_seconds, 1),
        loss=geometric_mean(each["cost"] for each in found),
        bpp=fmean(each["bpp"] for each in found),
        psnr=fmean(each["psnr"] for each in found),
        crops=len(study.validation),
    )
    rows.append(study.results, row)
    checkpoint.remove(branch)


def _trunk(study: Study, rung: str, seed: int, folder: Path, steps: int) -> Path:
    """Folder of the trunk's checkpoint after so many steps; goes on from the last one before it."""
    target = folder / f"trunk-{steps}"
    if not (target / SPENT).exists():
        earlier = [path.parent for path in folder.glob(f"trunk-*/{SPENT}") if _spent(path.parent).steps < steps]
        source = max(earlier, key=lambda path: _spent(path).steps, default=None)
        _stretch(study, study.config(rung, seed, steps), target, source)
    return target


def _stretch(study: Study, config: RunConfig, folder: Path, source: Path | None) -> Trainer:
    """Train on from a finished stretch, or from the start values, to `config.steps`."""
    machine = Plain(study.device, config.bf16)
    # the loop validates at its end: on one crop, for the pace
    held_out = study.validation[:1]
    start = folder if checkpoint.exists(folder) else source
    trainer = Trainer(config, study.train, held_out, folder, start, machine)
    began, resumed = clock(machine.device), trainer.step
    trainer.run(report=_reporter(folder))
    if not (folder / SPENT).exists():
        # an interrupted stretch counts the pace of its last part for all of its steps
        pace = (clock(machine.device) - began) / max(1, trainer.step - resumed)
        before = _spent(source) if source else Spent(0, 0.0)
        spent = Spent(trainer.step, before.seconds + pace * (trainer.step - before.steps))
        replace_text(folder / SPENT, json.dumps(spent))
    return trainer


def _spent(folder: Path) -> Spent:
    return Spent(*json.loads((folder / SPENT).read_text()))


def _reporter(folder: Path) -> Callable[[dict[str, Any]], None]:
    """Print the lines of the log that have a loss."""

    def report(record: dict[str, Any]) -> None:
        if "loss" in record:
            print(f"{folder.parent.name}/{folder.name} step {record['step']} loss {record['loss']:.4f}", flush=True)

    return report
