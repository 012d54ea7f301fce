"""Tasks in several processes of this machine.

A process, not a thread: a reader that crashes on a damaged picture, or memory that runs out, ends one file and not the
batch. Processes are spawned, because a fork copies the locks of threads that it does not copy.
"""

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType

from tintype.batch.work import Outcome, Task, Work
from tintype.errors import UnsupportedError

_SPAWN = multiprocessing.get_context("spawn")


def outcomes(work: Work, tasks: Sequence[Task], jobs: int) -> Generator[Outcome, None, None]:
    """Outcomes in the order of the tasks, of at most `jobs` processes. Closing the iterator ends them."""
    waiting = deque(enumerate(tasks))
    finished: dict[int, Outcome] = {}
    workers: list[_Worker] = []
    try:
        with _interrupts_later():
            workers += [_Worker(work) for _ in range(min(jobs, len(tasks)))]
        for worker in workers:
            worker.give(*waiting.popleft())
        for number in range(len(tasks)):
            while number not in finished:
                ready = wait([worker.connection for worker in workers if worker.number is not None])
                for i, worker in enumerate(workers):
                    if worker.connection not in ready:
                        continue
                    done, outcome = worker.take()
                    finished[done] = outcome
                    if worker.is_dead and waiting:
                        with _interrupts_later():
                            workers[i] = worker = _Worker(work)
                    if waiting:
                        worker.give(*waiting.popleft())
            yield finished.pop(number)
        for worker in workers:
            worker.end()
    finally:
        for worker in workers:
            worker.stop()


class _Worker:
    """A process that works on one task at a time."""

    def __init__(self, work: Work) -> None:
        self.connection, other = _SPAWN.Pipe()
        self.number: int | None = None  # of the task that it works on
        self.is_dead = False
        self._task: Task | None = None
        self._process: SpawnProcess = _SPAWN.Process(target=_serve, args=(other, work), daemon=True)
        self._process.start()
        other.close()  # so that the end of the process is seen

    def give(self, number: int, task: Task) -> None:
        self.number, self._task = number, task
        with suppress(OSError):  # a dead process is found when its outcome is taken
            self.connection.send(task)

    def take(self) -> tuple[int, Outcome]:
        """Number and outcome of the task; a process that ended instead is its failure."""
        assert self.number is not None and self._task is not None
        number, self.number = self.number, None
        try:
            return number, pickle.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            self.is_dead = True
            self.stop()
            error = UnsupportedError(
                f"the process that worked on it ended ({_end(self._process.exitcode)}); if memory was short, fewer "
                "--jobs need less"
            )
            return number, Outcome(self._task, "failed", error=error)

    def end(self) -> None:
        """Let an idle process end."""
        with suppress(OSError):
            self.connection.send(None)
        self._process.join()

    def stop(self) -> None:
        """End the process and wait for it: it removes its unfinished file."""
        self._process.terminate()
        self._process.join()
        self.connection.close()


def _end(code: int | None) -> str:
    """How a process ended."""
    if code is not None and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"status {code}"


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Processes that start meanwhile never see Ctrl-C, which a terminal sends to all: this process ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # the first process would start it, and it lets interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, work: Work) -> None:
    """The worker's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _exit)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):  # the parent has ended
        while (task := connection.recv()) is not None:
            (outcome,) = work([task])
            connection.send_bytes(outcome.pickled())


def _exit(number: int, _: FrameType | None) -> None:
    """Unfinished files are removed on the way out; a second signal ends the process at once."""
    signal.signal(number, signal.SIG_DFL)
    raise SystemExit(0)


def _end_with_parent() -> None:
    """A parent that is killed takes its processes along: they would write into a folder that the next run works on."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
