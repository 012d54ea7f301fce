"""Rows that follow a law, up to noise."""

import numpy as np

from studies.scaling.ladder import LADDERS, Family, size
from studies.scaling.law import UNIT_D, UNIT_N, Law
from studies.scaling.rows import Row

TRUE = Law(0.4, 0.3, 0.35, 0.15, 0.45)


def rows(rungs: int = 7, budgets: int = 5, noise: float = 0.003, family: Family = "hpcm") -> list[Row]:
    """One row for each of the smallest rungs and budgets (4 Mpx, doubled); `noise` of log L."""
    rng = np.random.default_rng(0)
    made = []
    for name, config in list(LADDERS[family].items())[:rungs]:
        its = size(config)
        for budget in 4e6 * 2 ** np.arange(budgets):
            loss = float(TRUE.loss(its.parameters / UNIT_N, budget / UNIT_D)) * np.exp(rng.normal(0, noise))
            row = Row(
                family=family,
                rung=name,
                seed=0,
                settings="made lambda_=0.0018",
                parameters=its.parameters,
                macs_per_pixel=its.macs_per_pixel,
                pixels=int(budget),
                trunk_seconds=budget / 1e6,
                branch_seconds=1.0,
                loss=loss,
                bpp=0.2,
                psnr=27.0,
                crops=2,
            )
            made.append(row)
    return made
