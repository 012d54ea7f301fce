"""Generated scenes and small pictures."""

import numpy as np
import pytest

from benchmarks.scenes import GREY, SCENES, scenes
from benchmarks.sheet import Sheet
from benchmarks.small_pictures import small_pictures

pytest.importorskip("skimage")


def test_scenes_are_the_same_at_every_call_and_carry_their_text() -> None:
    first, again = list(scenes(0.5)), list(scenes(0.5))
    assert [scene.name for scene in first] == list(SCENES)
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.pixels, other.pixels) and one.lines == other.lines
        assert one.pixels.dtype == np.uint8 and one.pixels.ndim == (2 if one.name in GREY else 3)
    assert sum(bool(scene.lines) for scene in first) >= 14


def test_every_line_is_inside_its_scene_and_on_something_that_can_be_read() -> None:
    for scene in scenes(0.6):
        height, width = scene.pixels.shape[:2]
        for text, (left, top, right, bottom) in scene.lines:
            assert text.strip() == text != ""
            assert 0 <= left < right <= width and 0 <= top < bottom <= height
            assert np.ptp(scene.pixels[top:bottom, left:right].astype(int)) > 60, (scene.name, text)


def test_text_is_cut_at_words_and_hidden_text_is_forgotten() -> None:
    sheet = Sheet(120, 60)
    assert sheet.text(4, 4, "alpha beta gamma delta epsilon") <= 112
    assert sheet.text(4, 50, "below the sheet") == 0
    assert [line.text for line in sheet.lines] == ["alpha beta"]
    sheet.text(4, 30, "omega")
    sheet.covered(0, 0, 120, 24)
    assert [line.text for line in sheet.lines] == ["omega"]


def test_small_pictures_have_the_promised_sizes_and_names_of_their_own() -> None:
    pictures = dict(small_pictures())
    assert len(pictures) == len(list(small_pictures())) >= 40
    sides = [side for pixels in pictures.values() for side in pixels.shape[:2]]
    assert min(sides) == 1 and max(sides) == 300
    assert {pixels.ndim for pixels in pictures.values()} == {2, 3}
