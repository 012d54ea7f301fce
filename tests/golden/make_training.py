"""Ten losses of each recipe: `python -m tests.golden.make_training`; and how far other instruction sets are from them.

Losses are those of small runs in float32 (tests/training/runs.py). Other kinds of CPU sum in another order; running
this again with `ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2` (or `default`, `SSE41`) and `--compare` tells how
much that moves, and so what a test can ask for.
"""

import json
import sys
import tempfile
from pathlib import Path

from tests.training.runs import SMALL, trainer

GOLDEN = Path(__file__).with_name("training.json")
STEPS = 10


def losses(recipe: str) -> list[float]:
    """Of the first steps."""
    with tempfile.TemporaryDirectory() as folder:
        run = trainer(recipe, Path(folder))
        return [run.train_step()["loss"] for _ in range(STEPS)]


def main() -> None:
    found = {recipe: losses(recipe) for recipe in SMALL}
    if sys.argv[1:] != ["--compare"]:
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n")
        return
    for recipe, golden in json.loads(GOLDEN.read_text()).items():
        apart = [abs(a / b - 1) for a, b in zip(found[recipe], golden, strict=True)]
        print(recipe, " ".join(f"{value:.1e}" for value in apart))


if __name__ == "__main__":
    main()
