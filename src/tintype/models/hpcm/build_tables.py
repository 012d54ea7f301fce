"""Make the shipped tables and measure what they cost: `python -m tintype.models.hpcm.build_tables
[OUT.npz]`."""

import math
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tintype.codec.entropy.tables import Tables
from tintype.models.hpcm.entropy import SCALE_BOUND, SCALE_MAX
from tintype.models.hpcm.tables import (
    Floats32,
    fine_tables,
    official_tables,
    pmf,
    scales,
    thresholds,
    y_tables,
)


def write(path: Path) -> None:
    """Make the data file."""
    table = scales()
    arrays: dict[str, NDArray[np.generic]] = {"scales": table}
    for kind, made in (("official", official_tables(table)), ("fine", fine_tables(table))):
        rows = np.split(made.cumulative, made.offsets[1:-1])
        arrays[f"{kind}_frequencies"] = np.concatenate([np.diff(row) for row in rows]).astype(np.uint16)
        arrays[f"{kind}_first"] = made.first
    np.savez_compressed(path, allow_pickle=False, **arrays)


def excess_bits(tables: Tables, limits: Floats32, scale: float) -> float:
    """Bits a symbol above its entropy, when a scale takes the row that the thresholds say."""
    reach = math.ceil(9 * scale) + 3
    mass = pmf(scale, reach)
    symbols = np.arange(-reach, reach + 1).astype(np.int16)
    rows = np.full(symbols.shape, np.searchsorted(limits, np.float32(scale)), np.uint16)
    ideal = -np.log2(np.maximum(mass, np.finfo(np.float64).tiny))
    return float(mass @ (tables.rate_bits(rows, symbols) - ideal))


def report(samples: int = 600) -> str:
    """What the sets of tables cost above an ideal coder, and what other choices would."""
    tested = np.exp(np.random.default_rng(0).uniform(math.log(SCALE_BOUND), math.log(SCALE_MAX), samples))
    lines = [f"bits a symbol above entropy, {samples} scales log-uniform in {SCALE_BOUND} ... {SCALE_MAX:g}"]
    choices = {
        "official": (y_tables(False), thresholds(False)),
        "official, nearest row": (y_tables(False), thresholds(True)),
        "fine": (y_tables(True), thresholds(True)),
        **{f"fine, reach {r}": (fine_tables(scales(), r), thresholds(True)) for r in (3, 3.5, 4.5, 5, 5.427)},
    }
    for name, (tables, limits) in choices.items():
        excess = np.array([excess_bits(tables, limits, scale) for scale in tested.tolist()])
        parts = ", ".join(
            f"{excess[(tested >= low) & (tested < high)].mean():.5f} in {low:g} ... {high:g}"
            for low, high in ((SCALE_BOUND, 1), (1, 10), (10, SCALE_MAX))
        )
        lines.append(f"{name:<21} {excess.mean():.5f} ({parts})")
    return "\n".join(lines)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        write(Path(sys.argv[1]))
    print(report())
