"""Threads over tiles with bounded work in flight."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = Callable[[int, int], None]  # tiles done, tiles in all


class Passes:
    """Progress over several passes over a picture. How many there will be is not known before the last one.

    Each pass reports its tiles; the caller is told their sum, of the tiles of the expected passes or more.

    Parameters
    ----------
    progress : is told; None: nobody is
    tiles : of a pass; a pass over another number of tiles counts as much
    expected : passes
    """

    def __init__(self, progress: Progress | None, tiles: int, expected: int) -> None:
        self._progress, self._tiles, self._expected = progress, tiles, expected
        self._begun = self._done = self._total = 0

    def __call__(self, done: int, total: int) -> None:
        """Report of a pass. It begins with 0."""
        self._begun += done == 0
        self._tell((self._begun - 1) * self._tiles + done * self._tiles // total)

    def end(self) -> None:
        """No pass follows."""
        if self._done < self._total:
            self._expected = self._begun
            self._tell(self._done)

    def _tell(self, done: int) -> None:
        self._done, self._total = done, self._tiles * max(self._expected, self._begun)
        if self._progress is not None:
            self._progress(self._done, self._total)


def in_order(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Results of `work` in the order of the items; at most `threads` + 1 are worked on or wait.

    The first error in that order is raised, after what is running has ended.
    """
    if threads <= 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def available_cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
