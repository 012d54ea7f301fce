"""Progress on stderr: a bar on a terminal, elsewhere lines for work that takes minutes."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self, TypeVar

from tintype.cli.outcome import is_quiet, say

if TYPE_CHECKING:
    import rich.progress

Item = TypeVar("Item")


class Progress:
    """How far the work is. Nothing is imported or drawn before there is something to show.

    Parameters
    ----------
    every : seconds between lines where stderr is no terminal; None: no lines
    """

    def __init__(self, every: float | None = None) -> None:
        self._every = every
        self._files = 0
        self._terminal = sys.stderr.isatty() and not is_quiet()
        self._stack = ExitStack()
        self._bar: rich.progress.Progress | None = None
        self._start = self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def each(self, files: Sequence[Item]) -> Iterator[Item]:
        """The files one by one. Several are counted; of a single one, `tiles` are."""
        self._files = len(files)
        for done, file in enumerate(files):
            if self._files > 1:
                self.parts(done, self._files, "files")
            yield file

    def tiles(self, done: int, total: int) -> None:
        """Callback of the codec."""
        if self._files == 1:
            self.parts(done, total, "tiles")

    def parts(self, done: int, total: int, what: str) -> None:
        """Show parts that can be counted; a single part is not shown on terminals."""
        left = (time.monotonic() - self._start) / max(done, 1) * (total - done)
        if self._terminal and total > 1:
            self._draw(done, total, what)
        elif not self._terminal:
            self._line(f"{done} of {total}, {_clock(left)} left, {what}", last=done == total)

    def step(self, what: str) -> None:
        """Show the step that begins, of work whose parts cannot be counted beforehand."""
        if self._terminal:
            self._draw(0, None, what)
        else:
            self._line(f"{_clock(time.monotonic() - self._start)} {what}")

    def _line(self, text: str, last: bool = False) -> None:
        now = time.monotonic()
        if self._every is not None and (last or now - self._last >= self._every):
            self._last = now
            say(text)

    def _draw(self, done: int, total: int | None, what: str) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
                TimeRemainingColumn,
            )

            text = TextColumn("{task.description}", markup=False)  # names of files may hold brackets
            counted = (BarColumn(), MofNCompleteColumn(), text, TimeRemainingColumn())
            bar = Progress(
                *(counted if total is not None else (BarColumn(), text, TimeElapsedColumn())),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=sys.stdout.isatty(),  # it would send results in a pipe to stderr
            )
            self._bar = self._stack.enter_context(bar)
            self._bar.add_task(what, total=total)
        self._bar.update(self._bar.task_ids[0], completed=done, total=total, description=what)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
