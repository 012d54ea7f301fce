"""Progress on stderr: a bar over files or tiles, the time left of long work, the step that runs."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    import rich.progress

Item = TypeVar("Item")


class Bar:
    """Files where there are many, tiles where there is one.

    On a terminal only, and only for two parts or more: else nothing is imported, nothing drawn.

    Parameters
    ----------
    files : number of files of the whole command
    """

    def __init__(self, files: int) -> None:
        self._files = files
        self._terminal = sys.stderr.isatty()
        self._stack = ExitStack()
        self._bar: rich.progress.Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def each(self, items: Sequence[Item]) -> Iterator[Item]:
        """The items one by one; the bar counts them where they are many."""
        for done, item in enumerate(items):
            if self._files > 1:
                self._draw("files", done, self._files)
            yield item

    def tiles(self, done: int, total: int) -> None:
        """Callback of the codec; drawn where there is one file."""
        if self._files == 1:
            self._draw("tiles", done, total)

    def _draw(self, unit: str, done: int, total: int) -> None:
        if not self._terminal or total < 2:
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
            bar = Progress(
                *columns,
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=sys.stdout.isatty(),  # it would send results in a pipe to stderr
            )
            self._bar = self._stack.enter_context(bar)
            self._bar.add_task(unit, total=total)
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)


class TimeLeft:
    """Parts done and the time left, on stderr: one line that is rewritten on a terminal, else a line now and then."""

    EVERY = 15.0  # seconds between lines where stderr is no terminal

    def __init__(self) -> None:
        self.start = self.last = time.monotonic()

    def __call__(self, done: int, total: int, what: str) -> None:
        """Show how far the work is."""
        now = time.monotonic()
        left = (now - self.start) / max(done, 1) * (total - done)
        text = f"{done} of {total}, {_clock(left)} left, {what}"
        if sys.stderr.isatty():
            print(f"\r{text:<78}", end="\n" if done == total else "", file=sys.stderr, flush=True)
        elif now - self.last >= self.EVERY or done == total:
            self.last = now
            print(text, file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


class Steps:
    """What is being done and for how long, on stderr: for work whose parts cannot be counted beforehand."""

    def __init__(self) -> None:
        self.start = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if sys.stderr.isatty():
            print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)

    def __call__(self, what: str) -> None:
        """Show the step that begins."""
        text = f"{_clock(time.monotonic() - self.start)} {what}"
        if sys.stderr.isatty():
            print(f"\r{text:<78}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)
