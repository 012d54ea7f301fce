"""Distances beside published pictures."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import published_pico
from benchmarks.published_pico import centre, wd
from tests.pictures import picture
from tintype.evaluation.metrics import resnet
from tintype.training.objectives.features import PACKAGE


def test_texture_may_move_within_a_window_but_not_vanish() -> None:
    columns = torch.tensor([-1.0, 1.0]).repeat(32).expand(1, 1, 64, 64)  # alternating: mean 0, variance 1
    assert wd([columns], [columns], [1]) == 0
    assert wd([-columns], [columns], [1]) == pytest.approx(0, abs=1e-6)
    assert wd([0 * columns], [columns], [1]) == pytest.approx(1, rel=1e-3)
    assert wd([columns + 2], [columns], [1]) == pytest.approx(4, rel=1e-3)
    # features of 32 pixels each are wider than a window: they are compared one by one
    assert wd([-columns], [columns], [32]) == pytest.approx(4, rel=1e-3)
    assert wd([-columns, columns], [columns, columns], [32, 1]) == pytest.approx(2, rel=1e-3)


def test_the_centre_is_compared() -> None:
    pixels = picture(600, 520)
    assert np.array_equal(centre(pixels), pixels[44:556, 4:516])


@pytest.mark.skipif(bool(resnet.available()), reason=resnet.available())
def test_the_table_has_a_row_for_each_codec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(PACKAGE)
    for number, name in enumerate(published_pico.PICO):
        Image.fromarray(picture(520, 512, seed=number)).save(tmp_path / f"{name}.png")
    published_pico.main([str(tmp_path), "--codecs", "webp_m0,jpeg420"])
    header, _, pico, webp, jpeg = capsys.readouterr().out.splitlines()
    assert header == "| rate, wd, ResNet lp | kodim04 | kodim15 | kodim23 |"
    assert pico == "| PICO | 0.297 bpp, 0.12, 0.41 | 0.268 bpp, 0.12, 0.43 | 0.217 bpp, 0.09, 0.32 |"
    assert webp.startswith("| webp_m0 |") and jpeg.startswith("| jpeg420 |")
    assert all(cell.count(",") == 2 and " bpp, " in cell for cell in webp.split("|")[2:-1])
