"""Errors of a reader of text, on lines that are known."""

from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

from benchmarks.sheet import Sheet
from benchmarks.text_read import error_rate
from tintype.models.rapidocr import TextReader


@pytest.mark.skipif(find_spec("rapidocr") is None, reason="the package rapidocr is not installed")
def test_clear_text_is_read_and_blurred_text_is_not() -> None:
    sheet = Sheet(300, 60)
    sheet.text(8, 6, "Green windows, 1234 doors")
    reader = TextReader()
    assert error_rate(reader, sheet.pixels, sheet.lines) == 0
    assert error_rate(reader, 255 - sheet.pixels, sheet.lines) == 0
    small = sheet.image.resize((60, 12), Image.Resampling.BOX).resize((300, 60), Image.Resampling.BILINEAR)
    assert error_rate(reader, np.asarray(small), sheet.lines) > 0.3
