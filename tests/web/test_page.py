"""The modules of a page: worker, element and demo."""

import hashlib
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.golden.make_tagged import FOLDER
from tintype import Codec
from web.build import HERE, INDEX, STATIC

PICTURE = FOLDER / "0.2.0" / "pico-s-low.tint"


def test_worker_element_and_demo_show_a_file(built: Path, tmp_path: Path) -> None:
    from tests.web.browser import NODE

    damaged = tmp_path / "damaged.tint"
    damaged.write_bytes(PICTURE.read_bytes()[:-1] + b"\0")
    urls = [built.as_uri() + "/", PICTURE.as_uri(), damaged.as_uri()]
    script = Path(__file__).parent / "page.mjs"
    run = subprocess.run([NODE, script, *urls], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    pixels = Codec().decode_picture(PICTURE).pixels
    rgba = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    assert run.stdout == hashlib.sha256(rgba.tobytes()).hexdigest()


@pytest.mark.parametrize("file", sorted(file.name for pattern in STATIC for file in HERE.glob(pattern)))
def test_files_load_nothing_from_elsewhere(file: str) -> None:
    text = (HERE / file).read_text()
    assert not re.search(r"https?://|//cdn|@import|\beval\(|new Function", text)
    for name in re.findall(r"(?:from |import\(|new URL\()'([^']+)'", text):
        assert (HERE / name).exists() or Path(name).name == INDEX, name
