"""The commands, end to end."""

from pathlib import Path

import numpy as np
import pytest

from studies.scaling import __main__ as command
from tests.training.runs import pictures


def test_a_study_of_the_smallest_rungs_makes_rows_and_a_page(tmp_path: Path) -> None:
    np.save(tmp_path / "train.npy", pictures(side=320))
    np.save(tmp_path / "val.npy", pictures(2, 256))
    results = tmp_path / "rows.jsonl"
    data = ["--data", str(tmp_path / "train.npy"), "--validation", str(tmp_path / "val.npy")]
    files = ["--results", str(results), "--out", str(tmp_path / "runs")]
    small = ["--rungs", "pico-w1,pico-w2", "--budgets", "0.02,0.04", "--set", "batch=1", "--set", "crop=64"]
    command.main(["run", "--family", "pico", *data, *files, *small])
    assert len(results.read_text().splitlines()) == 4
    page = tmp_path / "page.md"
    command.main(["fit", "--results", str(results), "--page", str(page), "--figures", str(tmp_path), "--draws", "5"])
    text = page.read_text()
    assert "2 rungs at 2 budgets have finished" in text and text.count("| pico-w2 |") == 3


def test_an_unknown_rung_is_refused(tmp_path: Path) -> None:
    required = ["--data", "x", "--validation", "x", "--out", str(tmp_path), "--budgets", "1"]
    with pytest.raises(SystemExit, match=r"no rung is called hpcm-m17; there are hpcm-m16"):
        command.main(["run", *required, "--rungs", "hpcm-m17"])
