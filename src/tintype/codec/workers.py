"""Threads over tiles with bounded work in flight."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = Callable[[int, int], None]  # tiles done, tiles in all

EXPECTED_PASSES = 4  # of a search


class Passes:
    """Progress over several passes over a picture. How many there will be is not known before the last one.

    Each pass reports its tiles; the caller is told their sum, of the tiles of at least `EXPECTED_PASSES`.

    Parameters
    ----------
    progress : is told
    tiles : of a pass; a pass over another number of tiles counts as much
    """

    def __init__(self, progress: Progress, tiles: int) -> None:
        self._progress, self._tiles = progress, tiles
        self._begun = self._done = 0

    def __call__(self, done: int, total: int) -> None:
        """Report of a pass. It begins with 0."""
        self._begun += done == 0
        self._done = (self._begun - 1) * self._tiles + done * self._tiles // total
        self._progress(self._done, self._tiles * max(EXPECTED_PASSES, self._begun))

    def end(self) -> None:
        """No pass follows."""
        self._progress(self._done, self._done)


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
