"""How much text is misread after coding."""

import numpy as np
import pytest
from PIL import Image

from benchmarks.sheet import Sheet
from tintype.evaluation.metrics.text import edits, errors, plain
from tintype.models import rapidocr


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [("", "", 0), ("abc", "", 3), ("", "ab", 2), ("abc", "abc", 0), ("kitten", "sitting", 3), ("abcd", "acbd", 2)],
)
def test_edits_are_those_of_levenshtein(wanted: str, found: str, expected: int) -> None:
    assert edits(wanted, found) == expected


def test_spaces_and_wide_characters_do_not_count() -> None:
    assert plain(" a b\uff0c c ") == "ab,c"


@pytest.mark.skipif(bool(rapidocr.missing()), reason=rapidocr.missing())
def test_errors_are_a_share_of_what_the_original_says() -> None:
    sheet = Sheet(300, 100)
    sheet.text(8, 6, "Green windows", size=20)
    sheet.text(8, 60, "quiet market", size=20)
    original = sheet.pixels
    assert errors(original, original) == (0, len("Greenwindowsquietmarket"))
    half = original.copy()
    half[50:] = 255  # the second line is lost
    assert errors(original, half)[0] == pytest.approx(len("quietmarket") / 23)
    small = sheet.image.resize((50, 17), Image.Resampling.BOX).resize((300, 100), Image.Resampling.BILINEAR)
    assert errors(original, np.asarray(small))[0] > 0.3
    assert errors(np.full((64, 64, 3), 200, np.uint8), np.zeros((64, 64, 3), np.uint8)) == (0, 0)
