"""Networks that find and read text."""

from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.sheet import Sheet
from tests.pictures import picture
from tintype.errors import UnsupportedError
from tintype.models.rapidocr import TextReader, missing

INSTALLED = find_spec("rapidocr") is not None


@pytest.mark.skipif(not INSTALLED, reason="the package rapidocr is not installed")
def test_lines_are_found_where_they_were_written_and_read() -> None:
    sheet = Sheet(333, 170)  # sides that are no multiples of the network's stride
    for top, text in ((10, "Green windows"), (60, "Late paper 1234"), (130, "quiet market")):
        sheet.text(20, top, text, size=18)
    reader = TextReader()
    found = sorted(reader.lines(sheet.pixels), key=lambda line: line[0].top)
    assert len(found) == 3
    for (box, text), line in zip(found, sheet.lines, strict=True):
        assert np.abs(np.subtract(box, line.box)).max() <= 10
        assert text.split() == reader.read(box.of(sheet.pixels)).split() == line.text.split()


@pytest.mark.skipif(not INSTALLED, reason="the package rapidocr is not installed")
def test_pictures_without_text_have_no_lines() -> None:
    reader = TextReader()
    assert reader.lines(np.full((40, 50), 128, np.uint8)) == []
    assert reader.lines(picture(96, 96)) == []
    assert reader.read(np.full((20, 50), 128, np.uint8)) == ""


@pytest.mark.skipif(INSTALLED, reason="the package rapidocr is installed")
def test_a_missing_package_is_named() -> None:
    assert "pip install --no-deps rapidocr" in missing()
    with pytest.raises(UnsupportedError, match="pip install --no-deps rapidocr"):
        TextReader()
