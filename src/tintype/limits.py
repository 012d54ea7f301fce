"""What a caller allows a picture or a file to ask for: pixels, work, memory and time.

A few kilobytes can ask for hours. The header tells how much before anything is allocated, and most of these limits are
checked there. What follows is checked against a deadline.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from tintype.arguments import number, whole
from tintype.errors import DeadlineError, InputError, LimitError
from tintype.free_memory import free_memory

MAX_PIXELS = 2**28
MAX_TILE_PIXELS = 2**25
LEAST_NETWORK_PIXELS = 2**23  # the work of a picture of 65535 x 1 twice over: seconds

_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one call, in both directions: `tintype.Codec(limits=tintype.Limits(max_memory=2**29, deadline=30))`.

    Parameters
    ----------
    max_pixels : of a picture
    max_network_pixels : that the networks work on: tiles with their margins and what pads them, all together. They
        decide the time. Default: twice `max_pixels`, but at least 2^23
    max_tile_pixels : that the networks work on at once. They decide the longest time between two looks at the deadline
    max_memory : bytes that a call may take, as the header lets expect; fewer tiles are worked on at the same time where
        that helps. Default: what is free when the call begins
    deadline : seconds that a call may take, looked at between tiles and coding steps. Default: none

    Raises
    ------
    InputError
        A value is outside its range.
    """

    max_pixels: int = MAX_PIXELS
    max_network_pixels: int | None = None
    max_tile_pixels: int = MAX_TILE_PIXELS
    max_memory: int | None = None
    deadline: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            name, value = field.name, getattr(self, field.name)
            if value is not None or field.default is not None:
                checked = number(name, value, 0) if name == "deadline" else whole(name, value, 1)
                object.__setattr__(self, name, checked)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Limits that variables such as TINTYPE_MAX_PIXELS set, and defaults for the others."""
        given = {}
        for name, parse in PARSERS.items():
            variable = f"TINTYPE_{name.upper()}"
            if text := environment.get(variable):
                try:
                    given[name] = parse(text)
                except ValueError as error:
                    raise InputError(f"{variable}={text}: {error}") from error
        return cls(**given)

    def check_work(self, name: str, network_pixels: int, tile_pixels: int) -> None:
        """Refuse a picture by the pixels that networks work on, in all and at once; `name` is for the message."""
        most = self.max_network_pixels or max(2 * self.max_pixels, LEAST_NETWORK_PIXELS)
        if network_pixels > most:
            raise _refusal(name, f"{network_pixels} pixels in tiles with margins", most, "max_network_pixels")
        if tile_pixels > self.max_tile_pixels:
            raise _refusal(
                name, f"a tile of {tile_pixels} pixels with margins", self.max_tile_pixels, "max_tile_pixels"
            )

    def memory(self) -> int | None:
        """Bytes that a call which begins now may take; None: nobody tells."""
        return free_memory() if self.max_memory is None else self.max_memory

    def tiles_at_once(self, name: str, most: int, picture_bytes: int, tile_bytes: int) -> int:
        """How many tiles may be worked on at the same time, 1 to `most`.

        Parameters
        ----------
        picture_bytes : memory that the picture takes as a whole
        tile_bytes : memory of each tile that is worked on

        Raises
        ------
        LimitError
            One tile is too much.
        """
        allowed = self.memory()
        if allowed is None:
            return most
        if picture_bytes + tile_bytes > allowed:
            needed = f"about {picture_bytes + tile_bytes} bytes of memory"
            if self.max_memory is not None:
                raise _refusal(name, needed, allowed, "max_memory")
            raise LimitError(
                f"{name}: {needed}, but {allowed} are free; to try nevertheless, set max_memory (--max-memory)"
            )
        return min(most, (allowed - picture_bytes) // tile_bytes)


def _refusal(name: str, asked: str, limit: int, option: str) -> LimitError:
    flag = f"--{option.replace('_', '-')}"
    return LimitError(f"{name}: {asked}, above the limit of {limit}; if you trust it, raise {option} ({flag})")


class Deadline:
    """The end of a call's time, so many seconds from now; None: it may take any."""

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    def check(self) -> None:
        """Raise DeadlineError after the end."""
        if self._end is not None and time.monotonic() > self._end:
            raise DeadlineError(
                f"not done after {self._seconds:g} seconds, the deadline; a smaller picture takes less time, or raise "
                "deadline (--deadline)"
            )


NO_DEADLINE = Deadline()


def size(text: str) -> int:
    """Bytes, from a number that may end in K, M or G (powers of 1024)."""
    number, unit = (text[:-1], _UNITS[text[-1].upper()]) if text[-1:].upper() in _UNITS else (text, 1)
    if not number.isdecimal():
        raise ValueError("not a number of bytes, such as 536870912 or 512M")
    return int(number) * unit


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("not a whole number")
    return int(text)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError("not a number of seconds") from error


PARSERS: Mapping[str, Callable[[str], Any]] = {
    "max_pixels": _whole,
    "max_network_pixels": _whole,
    "max_tile_pixels": _whole,
    "max_memory": size,
    "deadline": _seconds,
}
"""How each limit is written in the environment and on the command line."""
