"""The commands of the guide run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import names, photo

DOCS = Path(__file__).parents[2] / "docs"
TABLE = r"(            files |done |skipped |failed |ignored |time |nothing to do)"


def commands(page: str) -> list[str]:
    """Lines that a reader types."""
    return re.findall(r"^\$ (tintype .*)$", (DOCS / page).read_text(), re.MULTILINE)


def run(line: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = line.replace("tintype", f"'{sys.executable}' -m tintype", 1)
    return subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="the guide is written for a POSIX shell")
def test_the_commands_of_the_guide_run_as_they_stand(tmp_path: Path) -> None:
    photo(tmp_path / "photo.jpg")
    photo(tmp_path / "pictures" / "sub" / "b.png", seed=1)
    lines = commands("cli.md")
    assert len(lines) >= 9
    for line in lines:
        done = run(line, tmp_path)
        counts = rf"\d+ of \d+ (pictures|files) |{TABLE}"
        remarks = [line for line in done.stderr.splitlines() if not re.match(counts, line)]
        assert (done.returncode, len(remarks)) == (0, int(" -v" in line)), (line, done.stderr)
    expected = {"photo.tint", "photo.png", "coded/photo.tint", "coded/sub/b.tint", "small.webp", "stream.tint"}
    assert expected | {"decoded/photo.png", "decoded/sub/b.png"} <= set(names(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="the guide is written for a POSIX shell")
def test_the_photographer_loses_nothing_and_gets_what_the_page_shows(tmp_path: Path) -> None:
    photo(tmp_path / "photos" / "chelsea.png")
    photo(tmp_path / "photos" / "2024" / "coffee.jpg", seed=1)
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    before = names(tmp_path / "photos")
    lines = commands("photographer.md")
    assert [line.split()[1] for line in lines].count("encode") == 2
    for line in lines:
        if not line.startswith("tintype compare"):  # evaluation has its own tests, and takes long
            assert run(line, tmp_path).returncode == (3 if "encode" in line else 0), line
    assert names(tmp_path / "photos") == before
    assert names(tmp_path / "tint") == ["2024/coffee.tint", "chelsea.tint", "tintype-manifest.jsonl"]
    assert names(tmp_path / "back") == ["2024/coffee.png", "chelsea.png", "tintype-manifest.jsonl"]
    assert names(tmp_path / "jpegs") == ["2024/coffee.jpg", "chelsea.jpg", "tintype-manifest.jsonl"]
