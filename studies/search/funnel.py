"""Successive halving: all decoders of a budget train a little, the best ones longer, and one longest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from studies.search.rows import Row
from studies.search.space import TODAY

SHIPPED = "shipped"  # in place of a shape: today's decoder with the weights that ship


@dataclass(frozen=True, slots=True)
class Funnel:
    """Rungs, from short to long.

    Parameters
    ----------
    steps : of training, of each rung; every run begins anew
    keep : decoders of each rung
    """

    steps: tuple[int, ...] = (600, 2400, 9600)
    keep: tuple[int, ...] = (24, 4, 1)

    @property
    def cost(self) -> int:
        """Steps of all runs of one budget."""
        return sum(steps * count for steps, count in zip(self.steps, self.keep, strict=True))

    @property
    def controls(self) -> int:
        """Decoders that train for the longest rung at the cost of the funnel."""
        return self.cost // self.steps[-1]


@dataclass(frozen=True, slots=True)
class Run:
    """One training run; its results are one row."""

    shape: str
    steps: int
    seed: int = 0


def score(row: Row) -> float:
    """What decoders are compared by: PSNR, mean over the anchors."""
    return fmean(row["psnr"])


def results(trained: Sequence[Row], seed: int = 0) -> dict[tuple[str, int], Row]:
    """Rows of a seed by shape and steps."""
    return {(row["shape"], row["steps"]): row for row in trained if row["seed"] == seed}


def rungs(chosen: Sequence[Row], trained: Sequence[Row], budget: float, funnel: Funnel) -> Iterator[list[str]]:
    """Shapes of each rung of a budget, the best ones first where they have trained; ends before an open one."""
    found = results(trained)
    shapes = [row["shape"] for row in chosen if (row["budget"], row["arm"]) == (budget, "funnel")]
    for steps, keep in zip(funnel.steps, funnel.keep, strict=True):
        shapes = shapes[:keep]
        done = all((shape, steps) in found for shape in shapes)
        if done:
            shapes = sorted(shapes, key=lambda shape: -score(found[shape, steps]))
        yield shapes
        if not done:
            return


def controls(chosen: Sequence[Row], budget: float, funnel: Funnel) -> list[str]:
    """Shapes of the control of a budget."""
    shapes = [row["shape"] for row in chosen if (row["budget"], row["arm"]) == (budget, "control")]
    return shapes[: funnel.controls]


def following(
    chosen: Sequence[Row], trained: Sequence[Row], budgets: Sequence[float], funnel: Funnel, seeds: Sequence[int]
) -> Run | None:
    """The next run that is missing; None if the study is complete.

    Today's decoder trains in every rung, for comparison at equal training. Further seeds of it and of the winners come
    last.
    """
    first, longest = funnel.steps[0], funnel.steps[-1]
    reached = {budget: list(rungs(chosen, trained, budget, funnel)) for budget in budgets}
    runs = [
        Run(shape, steps)
        for budget in budgets
        for steps, shapes in zip(funnel.steps, reached[budget], strict=False)
        for shape in (TODAY.name, *shapes)
    ]
    ended = [budget for budget in budgets if len(reached[budget]) == len(funnel.steps)]
    runs += [Run(shape, longest) for budget in ended for shape in controls(chosen, budget, funnel)]
    for seed in seeds if ended else ():
        runs += [Run(TODAY.name, first, seed), Run(TODAY.name, longest, seed)]
        runs += [Run(reached[budget][-1][0], longest, seed) for budget in ended]
    known = {(row["shape"], row["steps"], row["seed"]) for row in trained}
    return next((run for run in runs if (run.shape, run.steps, run.seed) not in known), None)
