"""Processes: order, crashes, errors that do not travel, and the end of all."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tintype.api import Codec
from tintype.batch.actions import Result
from tintype.batch.processes import outcomes
from tintype.batch.work import Task, Work
from tintype.errors import UnsupportedError


class AwkwardError(Exception):
    """An error that pickle cannot make again."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a} {b}")


@dataclass(frozen=True)
class Stand:
    """In place of an action: what it does is said by the file's content."""

    codec: Any = None

    def settings(self) -> dict[str, Any]:
        return {}

    def __call__(self, source: str) -> Result:
        word = Path(source).read_text()
        if word == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "awkward":
            raise AwkwardError(1, 2)
        if word == "slow":
            time.sleep(0.5)
        if word == "wait":
            print(os.getpid(), flush=True)
            time.sleep(100)
        return Result(None, {"word": word})


def tasks(folder: Path, *words: str) -> list[Task]:
    for i, word in enumerate(words):
        (folder / f"{i}").write_text(word)
    return [Task(word, str(folder / f"{i}")) for i, word in enumerate(words)]


def test_outcomes_come_in_the_order_of_the_tasks_from_several_processes(tmp_path: Path) -> None:
    found = list(outcomes(Work(Stand()), tasks(tmp_path, "slow", "b", "c", "d"), 2))
    assert [(each.state, each.result.facts["word"]) for each in found] == [
        ("done", word) for word in ("slow", "b", "c", "d")
    ]
    assert list(outcomes(Work(Stand()), [], 2)) == []


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_process_that_crashes_ends_its_file_alone(tmp_path: Path) -> None:
    found = list(outcomes(Work(Stand()), tasks(tmp_path, "a", "crash", "b", "crash"), 1))
    assert [each.state for each in found] == ["done", "failed", "done", "failed"]
    assert isinstance(found[1].error, UnsupportedError) and "SIGKILL" in str(found[1].error)


def test_errors_that_do_not_travel_are_told_all_the_same(tmp_path: Path) -> None:
    (found,) = outcomes(Work(Stand()), tasks(tmp_path, "awkward"), 1)
    assert str(found.error) == "AwkwardError: 1 2"


def test_closing_ends_the_processes(tmp_path: Path) -> None:
    with closing(outcomes(Work(Stand()), tasks(tmp_path, "a", "wait", "wait"), 2)) as found:
        assert next(found).state == "done"
        begin = time.monotonic()
    assert time.monotonic() - begin < 30  # not the 100 seconds of the work


PARENT = """
import sys
from pathlib import Path
from tests.batch.test_processes import Stand, tasks
from tintype.batch.processes import outcomes
from tintype.batch.work import Work
if __name__ == "__main__":
    list(outcomes(Work(Stand()), tasks(Path("."), "wait"), 1))
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
def test_a_parent_that_is_killed_takes_its_processes_along(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(PARENT)
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    process = subprocess.Popen([sys.executable, "parent.py"], cwd=tmp_path, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.read()  # ends when the worker, which has the same stream, ends
    process.stdout.close()
    assert not Path(f"/proc/{worker}").exists() or "zombie" in Path(f"/proc/{worker}/status").read_text()


def test_codecs_travel() -> None:
    import pickle

    assert repr(pickle.loads(pickle.dumps(Codec(threads=2)))) == repr(Codec(threads=2))
