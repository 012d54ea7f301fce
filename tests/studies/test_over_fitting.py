"""Training pictures learned by heart, or not."""

from pathlib import Path

import numpy as np
import pytest

from studies import over_fitting
from studies.over_fitting import Point, table
from tests.pictures import picture
from tests.training.runs import trainer


def test_over_fitting_is_what_validation_is_behind_training_since_the_first_checkpoint() -> None:
    rng = np.random.default_rng(0)
    easy, hard = rng.normal(0, 1, 50), rng.normal(1, 1, 50)
    noise = rng.normal(0, 0.01, 50)
    first = Point(10, 1e6, easy, hard)
    fair = Point(20, 2e6, easy - 0.1 + noise, hard - 0.1 + noise)
    fitted = Point(30, 3e6, easy - 0.2 + noise, hard - 0.1 + noise)
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table([first, fair, fitted]).splitlines()[2:]]
    assert [row[0] for row in cells] == ["10", "20", "30"]
    assert cells[0][-1] == "+0.00 % ± 0.00 %"
    behind, error = (float(part.strip(" %")) for part in cells[1][-1].split("±"))
    assert behind == pytest.approx(0, abs=0.01)  # whatever the difference in content
    assert error == pytest.approx(2 * 100 * 0.01 * (2 / 50) ** 0.5, rel=0.3)
    assert float(cells[2][-1].split("%")[0]) == pytest.approx(10.5, abs=0.05)  # exp(0.1) - 1


def test_checkpoints_are_judged_on_both_kinds_of_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "train.npy", np.stack([picture(320, 320, seed) for seed in range(3)]))
    np.save(tmp_path / "val.npy", np.stack([picture(256, 256, seed) for seed in range(5, 7)]))
    trainer("pico_s", tmp_path / "a", "steps=0").run(report=lambda _: None)
    trainer("pico_s", tmp_path / "b", "steps=2").run(report=lambda _: None)
    paths = ["--data", str(tmp_path / "train.npy"), "--validation", str(tmp_path / "val.npy"), "--pictures", "2"]
    over_fitting.main([str(tmp_path / "a"), str(tmp_path / "b"), *paths])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and lines[2].startswith("| 0 | 0 |") and lines[3].startswith("| 2 | 0 |")
    first, second = (line.split("|")[3:5] for line in lines[2:])
    assert all(float(a) > 0 for a in first) and first != second
