"""The command's process: closed streams, broken pipes, signals."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import tintype as library
from tests.cli.command import COMMAND, names, photo
from tests.pictures import picture

posix = pytest.mark.skipif(os.name != "posix", reason="streams and signals of POSIX")
SLOW_WRITE = """
import sys
from tintype import images
def save(picture, file, **_):
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    sys.stdin.readline()
    return ()
images.save = save
sys.argv[1:] = ["decode", "a.tint"]
from tintype.cli.process import command
sys.exit(command())
"""


def shell(folder: Path, command: str) -> tuple[int, str, str]:
    """Run a shell line whose word TINTYPE is the command; status, stdout, stderr."""
    line = command.replace("TINTYPE", " ".join(COMMAND))
    done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@posix
def test_a_closed_stream_is_an_error_when_it_is_needed_and_never_takes_a_files_place(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    assert shell(tmp_path, "TINTYPE encode a.png <&- >&- 2>&-") == (0, "", "")
    data = (tmp_path / "a.tint").read_bytes()
    assert library.info(data).width == 56
    assert shell(tmp_path, "TINTYPE info a.tint >&-") == (4, "", "standard output: Bad file descriptor\n")
    assert shell(tmp_path, "TINTYPE encode a.png -o - >&-") == (
        4, "", "a.png: standard output: Bad file descriptor\n"
    )  # fmt: skip
    assert shell(tmp_path, "TINTYPE encode - -o b.tint <&-") == (4, "", "standard input: Bad file descriptor\n")
    assert shell(tmp_path, "TINTYPE decode none.tint 2>&-") == (4, "", "")
    assert shell(tmp_path, "TINTYPE nonsense 2>&-") == (2, "", "")
    assert names(tmp_path) == ["a.png", "a.tint"]


@posix
def test_a_broken_pipe_ends_the_command_as_sigpipe_would_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "a.tint").write_bytes(library.encode(picture(8, 8)))
    for arguments in ("info a.tint", "decode a.tint -o -", "decode a.tint --json"):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([*COMMAND, *arguments.split()], cwd=tmp_path, stdout=writer, stderr=-1, check=False)
        os.close(writer)
        assert (done.returncode, done.stderr) == (141, b"")


@posix
def test_errors_that_nobody_reads_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "good.tint").write_bytes(library.encode(picture(8, 8)))
    (tmp_path / "bad.tint").write_bytes(b"bad")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "decode", "bad.tint", "good.tint", "-o", "out/"], cwd=tmp_path, stderr=writer, check=False
    )
    os.close(writer)
    assert done.returncode == 3
    assert names(tmp_path / "out") == ["good.png"]


@posix
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_a_file_is_written_leaves_no_part(tmp_path: Path, number: int, status: int) -> None:
    (tmp_path / "a.tint").write_bytes(library.encode(picture(8, 8)))
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_WRITE], cwd=tmp_path, stdin=-1, stdout=-1, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdout.readline() == b"writing\n"
    assert len(list(tmp_path.glob(".tintype-*.part"))) == 1
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert err == (b"interrupted\n" if number == signal.SIGINT else b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tint"]


@posix
def test_a_signal_that_a_shell_ignores_stays_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.tint").write_bytes(library.encode(picture(8, 8)))
    line = f"trap '' INT TERM; exec '{sys.executable}' -c '{SLOW_WRITE}'"
    process = subprocess.Popen(["sh", "-c", line], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"writing\n"
    for number in (signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
    process.communicate(b"\n", timeout=30)
    assert process.returncode == 0
    assert (tmp_path / "a.png").read_bytes() == b"half"
