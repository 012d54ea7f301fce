"""Squares that a change made better or worse."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import looks
from benchmarks.looks import Square, extremes
from tests.pictures import picture
from tintype.codec.tiling import Rect


def square(before: float, after: float) -> Square:
    pixels = np.zeros((8, 8, 3), np.uint8)
    return Square("a", Rect(0, 0, 8, 8), (pixels, pixels, pixels), before, after)


def test_gains_and_losses_follow_the_judges_direction() -> None:
    squares = [square(1, after) for after in (1.1, 0.2, 3, 0.9)]
    better, worse = extremes(squares, 1, higher_is_better=False)
    assert [better[0].after, worse[0].after] == [0.2, 3]
    better, worse = extremes(squares, 9, higher_is_better=True)
    assert [s.after for s in better] == [3, 1.1] and [s.after for s in worse] == [0.2, 0.9]


def test_the_sheet_shows_original_before_and_after(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "photo.png", tmp_path / "sheet.webp"
    Image.fromarray(picture(64, 100)).save(path)
    codecs = ["--before", "jpeg420", "--after", "jpeg444", "--bpp", "2", "--judge", "psnr"]
    looks.main([str(path), "--out", str(out), "--side", "32", "--count", "2", *codecs])
    shown = np.asarray(Image.open(out))
    assert shown.shape == (4 * 32 + 2 * 4 + looks.SEPARATOR, 3 * 32 + 2 * 4, 3)
    printed = capsys.readouterr().out
    left, top = (int(part) for part in printed.splitlines()[4].split("|")[2].split(","))
    assert np.array_equal(shown[:32, :32], picture(64, 100)[top : top + 32, left : left + 32])
    assert not np.array_equal(shown[:32, 36:68], shown[:32, 72:])
    with pytest.raises(SystemExit, match="no picture has two squares"):
        looks.main([str(path), "--out", str(out), "--side", "64", *codecs])


def test_a_picture_without_files_of_equal_size_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(picture(64, 100)).save(path)
    codecs = ["--before", "jpeg420", "--after", "jpeg444", "--bpp", "0.1", "--judge", "psnr"]
    with pytest.raises(SystemExit, match="no picture has two squares"):
        looks.main([str(path), "--out", str(tmp_path / "sheet.webp"), "--side", "32", *codecs])
    assert "photo is left out, no file of 0.1 bpp: jpeg420 +" in capsys.readouterr().out
