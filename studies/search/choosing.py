"""Which decoders are trained: some within a few per cent of each time budget."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from studies.search import rows, timing
from studies.search.space import Shape, Shapes
from studies.search.time_model import TimeModel

TOLERANCE = 0.05  # of a budget, for predicted and for measured times


def choose(
    shapes: Shapes,
    model: TimeModel,
    budgets: Sequence[float],
    counts: tuple[int, int],
    times: Path,
    side: int,
    repeats: int,
) -> list[rows.Row]:
    """For each budget, decoders of the funnel and of its control, both at random from those that the time allows.

    Those whose predicted time fits are measured in a random order, until enough fit by their measured times as well.

    Parameters
    ----------
    budgets : shares of the time of today's decoder on the native engine
    counts : decoders of the funnel and of the control, for each budget
    times : file of measurements, which grows
    """
    predicted = model.predict(shapes)
    found = []
    for budget in budgets:
        left = [name for name, count in zip(("funnel", "control"), counts, strict=True) for _ in range(count)]
        fitting = shapes[np.abs(predicted / budget - 1) <= TOLERANCE]
        for row in np.random.default_rng(1).permutation(fitting):
            if not left:
                break
            shape = Shape.of(row)
            timing.measure([shape], times, side, repeats)
            ratio = next(each for each in rows.read(times) if each["shape"] == shape.name)["native_ratio"]
            if abs(ratio / budget - 1) <= TOLERANCE:
                found.append(
                    {"budget": budget, "arm": left.pop(0), "shape": shape.name, "ratio": ratio, "fitting": len(fitting)}
                )
    return found
