"""Encoders that are programs, played by small scripts."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.pictures import picture
from tintype.errors import UnsupportedError
from tintype.evaluation.codecs.names import codec_named
from tintype.evaluation.measuring import sweep

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
# plays vvencapp and vvdecapp: luma coarser as QP grows, with a header that tells the size
VVENC = """#!{python}
import sys
if "--version" in sys.argv:
    print("vvencapp version 0.0 (a script)")
    sys.exit()
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert options["--format"] == "yuv420_10" and options["--frames"] == options["--threads"] == "1", options
import numpy as np, zlib
step = 1 << int(options["--qp"]) // 8
samples = np.fromfile(options["--input"], "<u2") // step
preset = options["--preset"] + options.get("--qpa", "")
head = (" ".join([options["--size"], str(step), preset]) + chr(10)).encode()
open(options["--output"], "wb").write(head + zlib.compress(samples.tobytes()))
"""
VVDEC = """#!{python}
import sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert options["-t"] == "1" and options["-o"].endswith(".y4m"), options
import numpy as np, zlib
head, _, data = open(options["-b"], "rb").read().partition(chr(10).encode())
size, step, _ = head.decode().split(" ")
samples = np.frombuffer(zlib.decompress(data), "<u2") * int(step)
width, height = size.split("x")
with open(options["-o"], "wb") as file:
    file.write((f"YUV4MPEG2 W{{width}} H{{height}} F60:1 Ip C420p10" + chr(10) + "FRAME" + chr(10)).encode())
    file.write(samples.astype("<u2").tobytes())
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if os.name != "posix":
        pytest.skip("scripts are programs on POSIX systems only")
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("cjxl", ENCODER), ("djxl", DECODER), ("vvencapp", VVENC), ("vvdecapp", VVDEC)):
        (folder / name).write_text(text.format(python=sys.executable))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder


def test_a_program_codes_and_decodes_files(programs: Path) -> None:
    found = codec_named("cjxl_e7")
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
        codec_named("cjxl_e7")
    with pytest.raises(UnsupportedError, match="the program avifenc is not installed"):
        codec_named("avifenc444_s6")
    with pytest.raises(UnsupportedError, match="the program vvencapp is not installed"):
        codec_named("vvenc420_medium")


def test_vvencapp_codes_pictures_as_video_of_one_frame(programs: Path) -> None:
    found, tuned = codec_named("vvenc420_slow"), codec_named("vvenc420_slow_psnr")
    assert found.versions == "vvencapp version 0.0 (a script)"
    assert "4:2:0, 10 bits, BT.601 full range, preset slow, default tune" in found.settings
    assert "without QP adaptation" in tuned.settings
    pixels = picture(32, 48)
    low, high = (found.encode(pixels, quality) for quality in found.quality_range)
    assert len(low) < len(high)
    assert high.startswith(b"48x32 1 slow\n") and tuned.encode(pixels, 58).startswith(b"48x32 1 slow0\n")
    errors = [np.abs(found.decode(data).astype(int) - pixels).mean() for data in (low, high)]
    assert errors[1] < errors[0]


def test_vvencapp_refuses_odd_sides_and_the_rest_goes_on(programs: Path, tmp_path: Path) -> None:
    from PIL import Image

    for name, width in (("odd", 47), ("even", 48)):
        Image.fromarray(picture(32, width)).save(tmp_path / f"{name}.png")
    paths = [tmp_path / "odd.png", tmp_path / "even.png"]
    plan = sweep.Plan(sweep.subjects(paths), ("vvenc420_fast",), ("psnr",), {"vvenc420_fast": [40]})
    even, odd = sweep.run(plan, tmp_path / "out")
    assert odd.error == "47 x 32: 4:2:0 needs even sides"
    assert not even.error and even.values["psnr"] > 20
