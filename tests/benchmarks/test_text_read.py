"""The reader of text, and how its errors are counted."""

from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

from benchmarks.sheet import Sheet
from benchmarks.text_read import Reader, edits, plain
from tintype.errors import UnsupportedError

INSTALLED = find_spec("rapidocr") is not None


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [("", "", 0), ("abc", "", 3), ("", "ab", 2), ("abc", "abc", 0), ("kitten", "sitting", 3), ("abcd", "acbd", 2)],
)
def test_edits_are_those_of_levenshtein(wanted: str, found: str, expected: int) -> None:
    assert edits(wanted, found) == expected


def test_spaces_and_wide_characters_do_not_count() -> None:
    assert plain(" a b\uff0c c ") == "ab,c"


@pytest.mark.skipif(not INSTALLED, reason="the package rapidocr is not installed")
def test_clear_text_is_read_and_blurred_text_is_not() -> None:
    sheet = Sheet(300, 60)
    sheet.text(8, 6, "Green windows, 1234 doors")
    reader = Reader()
    assert reader.error_rate(sheet.pixels, sheet.lines) == 0
    assert reader.error_rate(255 - sheet.pixels, sheet.lines) == 0
    small = sheet.image.resize((60, 12), Image.Resampling.BOX).resize((300, 60), Image.Resampling.BILINEAR)
    assert reader.error_rate(np.asarray(small), sheet.lines) > 0.3


@pytest.mark.skipif(INSTALLED, reason="the package rapidocr is installed")
def test_a_missing_package_is_named() -> None:
    with pytest.raises(UnsupportedError, match="pip install --no-deps rapidocr"):
        Reader()
