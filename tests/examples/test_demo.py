"""The demo ends in one line where its photo cannot be read."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("content, message", [(None, "No such file"), (b"text", "no picture that Pillow reads")])
def test_a_photo_that_cannot_be_read_is_named_in_one_line(content: bytes | None, message: str, tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    if content is not None:
        photo.write_bytes(content)
    command = [sys.executable, ROOT / "examples" / "demo.py", photo]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{photo}: ") and message in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / ".demo").exists()
