"""Encoders that are programs, played by small scripts."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.pictures import picture
from tintype.errors import UnsupportedError
from tintype.evaluation import sweep
from tintype.evaluation.codecs import codec

ENCODER = """#!{python}
import sys
if "--version" in sys.argv:
    print("cjxl v0.0 (a script)")
    sys.exit()
from PIL import Image
source, target = sys.argv[1:3]
options = sys.argv[3:]
assert options[options.index("-e") + 1] == "7" and "--num_threads=0" in options, options
quality = int(options[options.index("-q") + 1])
if quality == 13:
    print("it broke", file=sys.stderr)
    sys.exit(3)
Image.open(source).save(target, "JPEG", quality=quality)
"""
DECODER = """#!{python}
import sys
from PIL import Image
Image.open(sys.argv[1]).save(sys.argv[2])
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if os.name != "posix":
        pytest.skip("scripts are programs on POSIX systems only")
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("cjxl", ENCODER), ("djxl", DECODER)):
        (folder / name).write_text(text.format(python=sys.executable))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder


def test_a_program_codes_and_decodes_files(programs: Path) -> None:
    found = codec("cjxl_e7")
    assert found.versions == "cjxl v0.0 (a script)"
    pixels = picture(32, 48)
    low, high = (found.encode(pixels, quality) for quality in (20, 90))
    assert len(low) < len(high)
    decoded = found.decode(high)
    assert decoded.shape == pixels.shape
    assert np.abs(decoded.astype(int) - pixels).mean() < 10


def test_a_program_that_fails_becomes_a_row(programs: Path, tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(picture(32, 48)).save(tmp_path / "p.png")
    plan = sweep.Plan(sweep.subjects([tmp_path / "p.png"]), ("cjxl_e7",), ("psnr",), {"cjxl_e7": [13, 40]})
    failed, good = sweep.run(plan, tmp_path / "out")
    assert failed.error == "cjxl failed with status 3: it broke"
    assert not good.error and good.quality == 40


def test_a_program_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UnsupportedError, match="the program cjxl is not installed"):
        codec("cjxl_e7")
    with pytest.raises(UnsupportedError, match="the program avifenc is not installed"):
        codec("avifenc444_s6")
