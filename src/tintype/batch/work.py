"""One file of a batch: whether anything is to do, the action, and what is written."""

import logging
import os
import pickle
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Self

from tintype.api import Codec
from tintype.batch import places
from tintype.batch.actions import Action, Result
from tintype.batch.manifest import Done, Manifest, Settings, canonical
from tintype.errors import InputError, UsageError

LOG = logging.getLogger("tintype")


@dataclass(frozen=True, slots=True)
class Task:
    """A file to work on, and where its result goes."""

    name: str  # for messages
    source: str  # path or URL
    target: str | None = None  # path or URL; None: nothing is written
    source_below: str = ""  # places below the folders of inputs and results, for the manifest
    target_below: str = ""
    replaces: bool = False  # whatever is at the target
    done: tuple[Done, ...] = ()  # earlier results of this target, by the manifest


State = Literal["done", "kept", "skipped", "failed"]
"""What became of a task. Kept: nothing is written, because the result would be no smaller than the source."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task. Bytes are of source and result."""

    task: Task
    state: State
    bytes_before: int = 0
    bytes_after: int = 0
    result: Result | None = None  # of work that was done, without its data
    seconds: float = 0.0
    error: Exception | None = None

    def pickled(self) -> bytes:
        """For another process; an error that pickle cannot make again there becomes a RuntimeError with its text."""
        try:
            data = pickle.dumps(self)
            pickle.loads(data)
            return data
        except Exception:
            return pickle.dumps(replace(self, error=RuntimeError(f"{type(self.error).__name__}: {self.error}")))


@dataclass(frozen=True, slots=True)
class _Ready:
    """An outcome that is not recorded yet, and whose data are not written."""

    outcome: Outcome
    data: bytes | memoryview | None
    times: places.Times | None  # of the source
    line: Mapping[str, Any]  # of the manifest


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with each task. It goes to other processes by pickle.

    Parameters
    ----------
    settings : of the action
    manifest : gets a line for each result; None: there is none
    keep_times : give results the times of their sources, where both are paths
    """

    action: Action
    settings: Settings = field(default_factory=dict)
    manifest: Manifest | None = None
    keep_times: bool = False

    def running_on(self, codec: Codec) -> Self:
        """The same work by a codec that gives the same bytes."""
        return replace(self, action=replace(self.action, codec=codec))

    def __call__(self, tasks: Sequence[Task]) -> list[Outcome]:
        """Outcomes in the order of the tasks; errors become outcomes.

        The manifest gets one addition for all of them, and their results are in memory until then.
        """
        found = [self._guarded(task) for task in tasks]
        ready = [each for each in found if isinstance(each, _Ready)]
        unrecorded: Exception | None = None
        try:
            if ready and self.manifest is not None:
                self.manifest.append([each.line for each in ready])
        except Exception as error:
            unrecorded = error
        return [self._written(each, unrecorded) if isinstance(each, _Ready) else each for each in found]

    def failure(self, task: Task, error: str) -> Mapping[str, Any]:
        """The manifest's line for a task that failed."""
        return self._line(task, "failed") | {"error": error.removeprefix(f"{task.source}: ")}

    def _line(self, task: Task, state: State) -> dict[str, Any]:
        return {
            "status": state,
            "source": task.source_below,
            "target": task.target_below,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "settings": self.settings,
        }

    def _guarded(self, task: Task) -> "Outcome | _Ready":
        try:
            return self._result(task)
        except Exception as error:
            return _failed(task, error)

    def _result(self, task: Task) -> "Outcome | _Ready":
        opened = places.opened(task.source)
        if task.target is not None:
            if task.done and (size := self._bytes_of_done(task, opened)) is not None:
                return Outcome(task, "skipped", opened.size_bytes, size)
            _check_target(task)
        begin = time.monotonic()
        with _collected() as remarks:
            result = self.action(opened.source)
        if opened.has_changed():
            raise InputError("the file changed while it was read; run the command again")
        seconds, data = round(time.monotonic() - begin, 3), result.data
        notes = (*(each.removeprefix(f"{task.source}: ") for each in remarks), *result.notes)
        state: State = "kept" if task.target is not None and data is None else "done"
        size = 0 if data is None else len(data)
        told = result._replace(data=None, notes=notes)
        outcome = Outcome(task, state, opened.size_bytes, size, told, seconds)
        if task.target is None:
            return outcome
        line = self._line(task, state) | {
            "source_sha256": opened.sha256,
            "source_bytes": opened.size_bytes,
            "notes": notes,
            "damaged": result.damaged,
            "seconds": seconds,
        }
        if data is not None:
            line |= {"result_sha256": places.sha256(data), "result_bytes": size}
        return _Ready(outcome, data, opened.times, line)

    def _bytes_of_done(self, task: Task, opened: places.Opened) -> int | None:
        """Size of a result that is there already; None: the work is to do."""
        assert task.target is not None
        settings = canonical(self.settings)
        wanted = {
            each.result_sha256
            for each in task.done
            if each.source_sha256 == opened.sha256 and each.settings == settings and not each.damaged
        }
        if None in wanted and not places.exists(task.target):
            return 0
        found = places.opened_if_any(task.target) if wanted else None
        if found is None or found.sha256 not in wanted:
            return None
        if self.keep_times and opened.times and found.times and found.times[1] != opened.times[1]:
            os.utime(task.target, ns=opened.times)
        return found.size_bytes

    def _written(self, ready: _Ready, unrecorded: Exception | None) -> Outcome:
        task = ready.outcome.task
        assert task.target is not None
        try:
            if unrecorded is not None:
                raise unrecorded
            if ready.data is not None:
                _check_target(task)  # again: time has passed
                places.write(task.target, ready.data, ready.times if self.keep_times else None)
        except Exception as error:
            return _failed(task, error)
        return ready.outcome


def _check_target(task: Task) -> None:
    if not task.replaces and task.target is not None and places.exists(task.target):
        raise UsageError(f"{task.target} exists; --force overwrites it, -o names another file")


def _failed(task: Task, error: Exception) -> Outcome:
    error.add_note("".join(traceback.format_exception(error)))  # which pickle would lose
    return Outcome(task, "failed", error=error)


@contextmanager
def _collected() -> Iterator[list[str]]:
    """What the library logs and warns of in this process meanwhile."""
    found: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]  # a class for one line
    LOG.addHandler(handler)
    shown = warnings.showwarning
    warnings.showwarning = lambda message, *_, **__: found.append(f"warning: {message}")
    try:
        yield found
    finally:
        warnings.showwarning = shown
        LOG.removeHandler(handler)
