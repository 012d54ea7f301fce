"""What scripts rely on: JSON on stdout, silence, plain text."""

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import tintype as library
from tests.cli.command import COMMAND, DONE, names, photo, tintype
from tests.pictures import picture
from tintype.codec.container.file import parse

PHOTO = ("--content", "photo")


def objects(text: str) -> list[dict[str, Any]]:
    """Of a command's stdout, one a line and nothing else."""
    return [json.loads(line) for line in text.splitlines()]


def test_encode_tells_each_file_as_json(tmp_path: Path) -> None:
    photo(tmp_path / "in/a.png", 64, 80)
    photo(tmp_path / "in/b.png", 40, 40)
    result = tintype(tmp_path, "encode", "in", "-o", "out", "--bpp", "2", "--json", *PHOTO)
    assert (result.status, result.err) == (0, "2 of 2 pictures encoded\n")
    first, second = objects(result.out)
    data = (tmp_path / "out/a.tint").read_bytes()
    about = library.info(data)
    seconds = first.pop("seconds")
    assert 0 < seconds < 120
    assert first == {
        "file": "in/a.png",
        "output": "out/a.tint",
        "input_bytes": (tmp_path / "in/a.png").stat().st_size,
        "size_bytes": len(data),
        "bpp": about.bpp,
        "width": 80,
        "height": 64,
        "level": about.level,
        "exact": 0.0,
        "target": {"measure": "bpp", "value": 2.0},
        "reached": about.bpp,
        "release": about.release,
    }
    assert (second["file"], second["output"]) == ("in/b.png", "out/b.tint")


def test_what_was_not_written_has_no_output_and_infinite_values_are_null(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg", 64, 64, quality=60)
    result = tintype(tmp_path, "encode", "a.jpg", "--psnr", "90", "--only-if-smaller", "--json", "--quiet", *PHOTO)
    assert (result.status, result.err) == (0, "")
    (found,) = objects(result.out)
    assert (found["output"], found["reached"], found["exact"]) == (None, None, 1.0)
    assert found["size_bytes"] >= found["input_bytes"] == (tmp_path / "a.jpg").stat().st_size
    assert names(tmp_path) == ["a.jpg"]


def test_without_a_target_json_has_the_same_keys(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    (found,) = objects(tintype(tmp_path, "encode", "a.png", "--json").out)
    assert (found["target"], found["reached"]) == (None, None)


def test_files_with_errors_have_no_object(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    result = tintype(tmp_path, "encode", "bad.png", "a.png", "-o", "out/", "--json", "--quiet")
    assert [each["file"] for each in objects(result.out)] == ["a.png"]
    assert (result.status, result.err) == (3, "bad.png: not a picture in a known format, or damaged\n")


def test_decode_and_verify_tell_each_file_as_json(tmp_path: Path) -> None:
    (tmp_path / "a.tint").write_bytes(library.encode(picture(20, 30)))
    (tmp_path / "bad.tint").write_bytes(b"bad")
    result = tintype(tmp_path, "verify", "bad.tint", "a.tint", "--json")
    assert objects(result.out) == [{"file": "a.tint", "ok": True, "width": 30, "height": 20}]
    assert result.status == 3
    (found,) = objects(tintype(tmp_path, "decode", "a.tint", "-o", "a.bmp", "--json").out)
    assert found.pop("seconds") > 0
    assert found == {
        "file": "a.tint",
        "output": "a.bmp",
        "format": "bmp",
        "width": 30,
        "height": 20,
        "depth": 8,
        "damaged": [],
        "lost": [],
    }


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX system")
def test_what_a_pipe_gives_is_counted_and_pipes_are_no_files_for_jobs(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    result = tintype(
        tmp_path, "encode", "/dev/stdin", "-o", "a.tint", "--json", "--only-if-smaller", *PHOTO, stdin=data
    )
    (found,) = objects(result.out)
    assert (found["input_bytes"], found["output"]) == (len(data), "a.tint")
    for command in (("encode", "-o", "out/"), ("verify",)):
        refused = tintype(tmp_path, *command, "/dev/stdin", "--jobs", "1", stdin=data)
        assert refused.status == 2 and "pipes" in refused.err


@pytest.mark.parametrize("jobs", [(), ("--jobs", "1")])
def test_json_has_names_of_files_as_they_are(tmp_path: Path, jobs: tuple[str, ...]) -> None:
    name = "line\nand\x7f.tint"
    (tmp_path / name).write_bytes(library.encode(picture(20, 30)))
    for command in (("info",), ("verify", *jobs), ("decode", *jobs)):
        (found,) = objects(tintype(tmp_path, *command, name, "--json").out)
        assert found["file"] == name
    assert tintype(tmp_path, "verify", *jobs, name).out == "line\\nand\\x7f.tint: OK\n"


@pytest.mark.parametrize(
    "arguments",
    [("decode", "a.tint", "-o", "s3://b/"), ("decode", "s3://b/a.tint"), ("verify", "s3://b"), ("info", "file:///a")],
)
def test_urls_are_refused_where_nothing_reads_or_writes_them(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "a.tint").write_bytes(library.encode(picture(20, 30)))
    result = tintype(tmp_path, *arguments)
    assert (result.status, result.out) == (2, "") and "URLs are possible with encode --ray" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.tint"]


def test_decode_tells_what_is_damaged_and_what_is_lost(tmp_path: Path) -> None:
    codec = library.Codec(threads=1, tile=64)
    whole = bytearray(codec.encode(picture(64, 200), content="photo"))
    whole[-10] ^= 255  # in the last tile
    (tmp_path / "a.tint").write_bytes(whole)
    assert parse(bytes(whole), salvage=True).damage
    result = tintype(tmp_path, "decode", "a.tint", "--salvage", "--json", "--quiet")
    (found,) = objects(result.out)
    assert (result.status, result.err) == (3, "")
    (note,) = found["damaged"]
    assert re.match(r"Tile \d is grey, ", note)


@pytest.mark.parametrize("arguments", [("encode", "a.png"), ("decode", "a.tint")])
def test_json_and_a_file_do_not_share_standard_output(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    photo(tmp_path / "a.png")
    (tmp_path / "a.tint").write_bytes(library.encode(picture(8, 8)))
    result = tintype(tmp_path, *arguments, "-o", "-", "--json")
    assert (result.status, result.out) == (2, "")
    assert "cannot both go to standard output; give -o FILE" in result.err


def test_quiet_keeps_errors_and_drops_remarks(tmp_path: Path) -> None:
    photo(tmp_path / "in/a.png")
    (tmp_path / "in/bad.png").write_bytes(b"no picture")
    result = tintype(tmp_path, "encode", "in", "--psnr", "90", "--quiet", *PHOTO)
    assert result.all == (3, "", "in/bad.png: not a picture in a known format, or damaged\n")
    assert tintype(tmp_path, "decode", "in/a.tint", "-o", "a.jpg", "--quiet").all == DONE
    wrong = tintype(tmp_path, "encode", "in", "--quiet", "-v")
    assert wrong.status == 2 and "not allowed with argument" in wrong.err


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_without_colour_a_terminal_gets_no_colours_and_with_quiet_nothing(
    tmp_path: Path, quiet: tuple[str, ...]
) -> None:
    pty = pytest.importorskip("pty")
    photo(tmp_path / "a.png")
    photo(tmp_path / "b.png")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "xterm-256color"}
    inputs = ("encode", "a.png", "b.png")
    process = subprocess.Popen([*COMMAND, *inputs, *quiet], cwd=tmp_path, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # what Linux says at the end
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    assert process.wait(timeout=60) == 0
    colours = re.findall(rb"\x1b\[[\d;]*(?:3[0-8]|4[0-8]|9[0-7])[\d;]*m", shown)
    assert colours == []
    assert (b"files" in shown) == (not quiet)
    assert quiet == () or shown == b""
