"""A progress bar: files where there are many, tiles where there is one."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    import rich.progress

Item = TypeVar("Item")


class Bar:
    """On a terminal only, and only for two parts or more: else nothing is imported, nothing drawn.

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
