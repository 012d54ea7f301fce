"""Checkpoints are compared by judges."""

from pathlib import Path

import numpy as np
import pytest

from studies import checkpoints
from tests.pictures import picture

STATES = Path(__file__).parents[2] / "weights/training"


def test_rates_are_those_against_the_first_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "val.npy", picture(256, 256)[None])
    names = ["pico-s-psnr", "pico-s-psnr", "pico-s-eyes"]
    checkpoints.main([*(str(STATES / name) for name in names), "--validation", str(tmp_path / "val.npy")])
    head, _, *rows = (line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines())
    assert head[:3] == ["checkpoint", "size", "PSNR"]
    assert [row[:2] for row in rows] == [[name, "pico-s"] for name in names]
    assert all(row[2:] == ["+0.0 %"] * (len(head) - 2) for row in rows[:2])
    assert float(rows[2][2].removesuffix(" %")) > 1  # weights for eyes are worse in PSNR
