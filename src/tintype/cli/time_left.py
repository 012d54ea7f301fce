"""Progress of long work with the time left."""

import sys
import time
from typing import Self


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
