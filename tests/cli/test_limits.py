"""Limits as flags and variables: one line, status 3, and no half-written file."""

import os
from pathlib import Path

import pytest

from tests.cli.command import names, photo, tintype
from tests.hostile import claiming
from tintype.codec.tiling import Tiling
from tintype.limits import PARSERS


@pytest.mark.parametrize(
    "name, limit, message",
    [
        ("max_pixels", "2239", "56 x 40 are 2240 pixels, above the limit of 2239; "),
        ("max_network_pixels", "4095", "4096 pixels in tiles with margins, above the limit of 4095; "),
        ("max_tile_pixels", "4095", "a tile of 4096 pixels with margins, above the limit of 4095; "),
        ("max_memory", "64K", " bytes of memory"),
        ("deadline", "0", "not done after 0 seconds, the deadline; "),
    ],
)
def test_each_limit_has_a_flag_and_a_variable_in_both_directions(
    tmp_path: Path, name: str, limit: str, message: str
) -> None:
    photo(tmp_path / "a.png")
    assert tintype(tmp_path, "encode", "a.png", "-o", "b.tint").status == 0
    flag = f"--{name.replace('_', '-')}"
    for arguments in (("encode", "a.png"), ("decode", "b.tint"), ("verify", "b.tint")):
        by_flag = tintype(tmp_path, *arguments, flag, limit)
        assert (by_flag.status, by_flag.out, len(by_flag.err.splitlines())) == (3, "", 1)
        assert by_flag.err.startswith(f"{arguments[1]}: ") and message in by_flag.err and flag in by_flag.err
    assert tintype(tmp_path, *arguments, env={f"TINTYPE_{name.upper()}": limit}).all == by_flag.all
    assert names(tmp_path) == ["a.png", "b.tint"]


@pytest.mark.parametrize("name", PARSERS)
def test_a_limit_that_is_none_is_wrong_usage(tmp_path: Path, name: str) -> None:
    flag = f"--{name.replace('_', '-')}"
    for value in ("-1", "many", "nan"):
        refused = tintype(tmp_path, "verify", "a.tint", f"{flag}={value}")
        assert refused.status == 2 and f"argument {flag}: '{value}': " in refused.err
    assert tintype(tmp_path, "verify", "a.tint", env={f"TINTYPE_{name.upper()}": "many"}).all == (
        2,
        "",
        f"tintype verify: TINTYPE_{name.upper()}=many: {_expected(name)}\n",
    )


def _expected(name: str) -> str:
    return {
        "max_memory": "not a number of bytes, such as 536870912 or 512M",
        "deadline": "not a number of seconds",
    }.get(name, "not a whole number")


def test_a_flag_goes_before_the_environment(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    assert tintype(tmp_path, "encode", "a.png", "--max-pixels", "2240", env={"TINTYPE_MAX_PIXELS": "1"}).status == 0


def test_a_file_that_asks_for_hours_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.tint").write_bytes(claiming(16320, 16320, Tiling(64, 16)))
    refused = tintype(tmp_path, "decode", "a.tint", "--max-pixels", "266342400")
    assert refused.status == 3
    assert "1065369600 pixels in tiles with margins, above the limit of 532684800; " in refused.err


@pytest.mark.parametrize(
    "command, message", [("info", " bytes follow the last tile"), ("verify", "more than 1048576 ")]
)
def test_files_longer_than_memory_are_refused_before_they_are_read(tmp_path: Path, command: str, message: str) -> None:
    photo(tmp_path / "a.png")
    assert tintype(tmp_path, "encode", "a.png").status == 0
    os.truncate(tmp_path / "a.tint", 2**40)  # zeros that take no place on the disk
    refused = tintype(tmp_path, command, "a.tint", env={"TINTYPE_MAX_MEMORY": "1M"})
    assert (refused.status, refused.out) == (3, "") and message in refused.err
