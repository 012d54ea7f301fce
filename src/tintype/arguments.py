"""Arguments of callers, who may give anything: checked, as Python's own kinds, or refused by `InputError`."""

import os
from collections.abc import Sequence
from operator import index
from reprlib import repr as short
from types import UnionType
from typing import SupportsFloat

from tintype.errors import InputError


def number(name: str, value: object, least: float | None = None) -> int | float:
    """A number: an int where it is one, else a float. Those of numpy count too."""
    found = _number(value)
    if found is None:
        raise InputError(f"{name}={shown(value)}: a number is needed{_at_least(least)}")
    if least is not None and not found >= least:  # false for NaN
        raise InputError(f"{name}={found}: at least {least} is needed")
    return found


def whole(name: str, value: object, least: int | None = None) -> int:
    """A whole number; a float that is whole counts too."""
    found = _number(value)
    if found is not None and least is not None:
        found = number(name, found, least)
    if found is None or (isinstance(found, float) and not found.is_integer()):
        raise InputError(f"{name}={shown(value)}: a whole number is needed{_at_least(least)}")
    return int(found)


def flag(name: str, value: object) -> bool:
    """True or False; 1 and 0 count too. Others are refused, for "no" is true."""
    found = _number(value)
    if found not in (0, 1):
        raise InputError(f"{name}={shown(value)}: True or False is needed")
    return bool(found)


def choice(name: str, value: object, allowed: Sequence[str | None]) -> None:
    """One of a few values, by their exact spelling."""
    if not isinstance(value, str | None) or value not in allowed:
        raise InputError(f"{name}={shown(value)}: possible are {', '.join(map(str, allowed))}")


def kind(name: str, value: object, type: type | UnionType, given: str) -> None:
    """An object of a type; `given` is how callers write it."""
    if not isinstance(value, type):
        raise InputError(f"{name}={shown(value)}: give {given}")


def callback(name: str, value: object) -> None:
    """A function, or None."""
    if value is not None and not callable(value):
        raise InputError(f"{name}={shown(value)}: give a function, or None")


def path(value: str | os.PathLike[str]) -> str:
    """A path that a file can have."""
    text = os.fsdecode(value)
    if "\0" in text:
        raise InputError(f"{shown(text)}: no file has such a name, with a null character in it; give another path")
    return text


def shown(value: object) -> str:
    """Whatever a caller gave, short and in one line, for messages."""
    return " ".join(short(value).split())


def _number(value: object) -> int | float | None:
    """As Python's own; None: it is none."""
    try:
        return index(value)  # type: ignore[arg-type]  # what is no integer raises
    except TypeError:
        pass
    try:
        return float(value) if isinstance(value, SupportsFloat) else None
    except (TypeError, ValueError, OverflowError):  # arrays of several, and complex numbers
        return None


def _at_least(least: float | None) -> str:
    return "" if least is None else f", at least {least}"
