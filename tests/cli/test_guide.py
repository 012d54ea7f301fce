"""The commands of the guide run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import names, photo

GUIDE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="the guide is written for a POSIX shell")
def test_the_commands_of_the_guide_run_as_they_stand(tmp_path: Path) -> None:
    photo(tmp_path / "photo.jpg")
    photo(tmp_path / "pictures" / "sub" / "b.png", seed=1)
    lines = re.findall(r"^\$ (tintype .*)$", GUIDE, re.MULTILINE)
    assert len(lines) >= 9
    for line in lines:
        command = line.replace("tintype", f"'{sys.executable}' -m tintype", 1)
        done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
        remarks = [line for line in done.stderr.splitlines() if not re.match(r"\d+ of \d+ (pictures|files) ", line)]
        assert (done.returncode, len(remarks)) == (0, int(" -v" in line)), (line, done.stderr)
    expected = {"photo.tint", "photo.png", "coded/photo.tint", "coded/sub/b.tint", "small.webp", "stream.tint"}
    assert expected | {"decoded/photo.png", "decoded/sub/b.png"} <= set(names(tmp_path))
