"""Drawn training pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tintype.training.__main__ import main
from tintype.training.pictures import drawn


@pytest.mark.parametrize("number", range(8))
def test_a_picture_depends_on_seed_and_number_alone_and_is_drawn_with_hard_edges(number: int) -> None:
    first, again, other = (np.asarray(drawn.draw(number, 128, seed)) for seed in (0, 0, 1))
    assert first.shape == (128, 128, 3) and first.dtype == np.uint8
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    steps = np.abs(np.diff(first.astype(int), axis=1)).max(-1)
    assert (steps > 60).mean() > 0.002  # edges of full contrast
    assert (steps == 0).mean() > 0.2  # flat between them


def test_without_matplotlib_pillows_own_face_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "find_spec", lambda name: None)
    drawn.font_of.cache_clear()
    try:
        assert np.asarray(drawn.draw(0, 96)).std() > 5
    finally:
        drawn.font_of.cache_clear()


def test_the_command_writes_what_the_trainer_reads(tmp_path: Path) -> None:
    main(["draw", "--out", str(tmp_path / "drawn"), "--count", "3", "--side", "64", "--seed", "5"])
    paths = sorted((tmp_path / "drawn").iterdir())
    assert [path.name for path in paths] == [f"graphic{i:04}.png" for i in range(3)]
    with Image.open(paths[2]) as picture:
        assert np.array_equal(np.asarray(picture), np.asarray(drawn.draw(2, 64, 5)))
