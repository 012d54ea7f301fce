"""Results: one finished branch a line, as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from studies.scaling.ladder import Family


@dataclass(frozen=True, slots=True)
class Row:
    """A finished branch: a model whose learning rate fell to zero.

    Parameters
    ----------
    settings : recipe and settings of the run, without what differs between branches (model, seed, steps, decay)
    parameters, macs_per_pixel : as `ladder.Size`
    pixels : of all crops that trained it, those of the trunk included
    trunk_seconds, branch_seconds : CPU time of one core up to where the branch leaves, and of the branch; on a GPU
        seconds of the wall
    loss : lambda 255^2 MSE + bpp on the validation pictures; of pico the geometric mean over its anchors
    bpp, psnr : of the same pictures, estimated bits; of pico means over the anchors
    crops : validation pictures
    """

    family: Family
    rung: str
    seed: int
    settings: str
    parameters: int
    macs_per_pixel: float
    pixels: int
    trunk_seconds: float
    branch_seconds: float
    loss: float
    bpp: float
    psnr: float
    crops: int

    @property
    def flops(self) -> float:
        """Training compute: two operations a multiply-add, three times those of a forward pass."""
        return 6 * self.macs_per_pixel * self.pixels


def read(path: Path) -> list[Row]:
    """All rows; none where there is no file yet."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Row(**json.loads(line)) for line in lines if line.strip()]


def append(path: Path, row: Row) -> None:
    """Write one more line, in one piece: other processes may write to the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(asdict(row)) + "\n")


def core_seconds(rows: Sequence[Row]) -> float:
    """What all of them cost together: branches, and of each trunk the longest part."""
    trunks: dict[tuple[str, int, str], float] = {}
    for row in rows:
        run = row.rung, row.seed, row.settings
        trunks[run] = max(trunks.get(run, 0.0), row.trunk_seconds)
    return sum(trunks.values()) + sum(row.branch_seconds for row in rows)
