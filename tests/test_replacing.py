"""Files appear complete or not at all, and what dead processes left is removed."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import names
from tintype import replacing as module
from tintype.replacing import remove_dead_parts, replace_text, replacing, staged

WRITER = """
import sys, time
from pathlib import Path
from tintype.replacing import replacing, staged
with {block} as out:
    print("ready", flush=True)
    time.sleep(100)
"""


@pytest.fixture(autouse=True)
def as_if_new() -> None:
    """Forget in which folders this process has looked already."""
    remove_dead_parts.cache_clear()


def writer(folder: Path, block: str) -> "subprocess.Popen[bytes]":
    """A process inside a block that writes into a folder."""
    script = WRITER.format(block=block)
    process = subprocess.Popen([sys.executable, "-c", script], cwd=folder, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    return process


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


def test_a_file_is_there_when_the_block_has_ended_and_not_before(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with replacing(tmp_path / "a") as file:
        file.write(b"new")
        file.flush()
        assert (tmp_path / "a").read_text() == "old"
    assert (tmp_path / "a").read_text() == "new"
    assert names(tmp_path) == ["a"]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), replacing(tmp_path / "a") as file:
            file.write(b"new")
            raise error
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "old"
    with pytest.raises(FileNotFoundError) as caught:
        replace_text(tmp_path / "none" / "a", "text")
    assert caught.value.filename == str(tmp_path / "none" / "a")


def test_errors_of_other_files_in_the_block_keep_their_names(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "a"):
        os.stat(tmp_path / "input")
    assert caught.value.filename == str(tmp_path / "input")
    with pytest.raises(OSError, match="of a library, without a number"), replacing(tmp_path / "a"):
        raise OSError("of a library, without a number")
    with pytest.raises(OSError) as full, replacing(tmp_path / "a"):
        raise OSError(28, "No space left on device")
    assert full.value.filename == str(tmp_path / "a")
    assert names(tmp_path) == []


def test_a_replaced_file_keeps_its_mode_and_a_new_one_has_the_umasks(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_text(tmp_path / "a", "1")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    (tmp_path / "a").chmod(0o606)
    replace_text(tmp_path / "a", "2")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o606


def test_links_stay_links_and_devices_are_written_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    replace_text(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "text"
    replace_text("/dev/null", "text")
    assert Path("/dev/null").is_char_device()


def test_bytes_are_on_the_disk_before_the_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, name=name, real=real: (calls.append(name), real(*args))[1])
    replace_text(tmp_path / "a", "text")
    with staged(tmp_path) as part:
        (part / "b").write_text("text")
    assert calls == ["fsync", "replace"] * 2


@pytest.mark.skipif(module.fcntl is None, reason="Windows cannot remove files that are open")
@pytest.mark.parametrize("block", ["replacing('a')", "staged(Path('.'))"])
def test_parts_of_dead_processes_are_removed_and_those_of_living_ones_stay(tmp_path: Path, block: str) -> None:
    living, dead = writer(tmp_path, block), writer(tmp_path, block)
    kill(dead)
    (tmp_path / ".tintype-mine").write_text("no part")
    assert len(list(tmp_path.glob(".tintype-*.part"))) == 2
    replace_text(tmp_path / "b", "text")
    assert len(list(tmp_path.glob(".tintype-*.part"))) == 1
    remove_dead_parts.cache_clear()
    kill(living)
    replace_text(tmp_path / "b", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".tintype-mine", "b"]


def test_a_part_that_another_took_for_dead_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locks: list[object] = []

    def taken_once(file: object, _: int) -> None:
        locks.append(file)
        if len(locks) == 1:  # between the part's creation and its lock
            next(tmp_path.glob(".tintype-*.part")).unlink()

    monkeypatch.setattr(module.fcntl, "flock", taken_once)
    replace_text(tmp_path / "a", "text")
    assert len(locks) == 2 and names(tmp_path) == ["a"]


def test_a_staged_block_moves_all_files_or_none(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    with pytest.raises(ValueError), staged(tmp_path, [tmp_path / "old"]) as part:
        (part / "a").write_text("a")
        raise ValueError
    assert names(tmp_path) == ["old"]
    with staged(tmp_path, [tmp_path / "old"]) as part:
        (part / "a").write_text("a")
    assert names(tmp_path) == ["a"]
