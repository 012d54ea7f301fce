"""Pillow as a guest in somebody's process: its errors, limits and warnings as ours."""

import ctypes
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from PIL import Image, UnidentifiedImageError, _imaging

from tintype.errors import InputError
from tintype.images.picture import check_pixels


@contextmanager
def pillow_errors(
    name: str, otherwise: str = "damaged, or of a kind that cannot be read", explained: bool = True
) -> Iterator[None]:
    """Errors of Pillow and of other readers as ours. Errors of the system and ours pass.

    Parameters
    ----------
    explained : the library's own words follow; not all libraries speak to users
    """
    try:
        yield
    except (InputError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise InputError(f"{name}: not a picture in a known format, or damaged") from error
    # whatever bytes can make Pillow's parsers raise: besides OSError and SyntaxError also struct.error,
    # ValueError, KeyError and more, so no list of them would hold
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(f"{name}: {otherwise}" + (f" ({error})" if explained else "")) from error


@contextmanager
def our_limits(name: str, max_pixels: int) -> Iterator[None]:
    """Inside the block Pillow refuses pictures by our limit, in this thread only, and its warnings are silent."""
    _answer_for_pillow()
    earlier = getattr(_OURS, "limit", None)
    _OURS.limit = name, max_pixels
    try:
        with _quiet():
            yield
    finally:
        _OURS.limit = earlier


_OURS = threading.local()  # limit: (name, max_pixels) while this thread reads for us
_LOCK = threading.Lock()
_readers = 0
_silence = ExitStack()


def _answer_for_pillow() -> None:
    """Take over the one function that Pillow asks about sizes; where it does not read for us it answers as before.

    Its limit is a global of the process: to change it would change it for everybody.
    """
    with _LOCK:
        theirs = Image._decompression_bomb_check
        if getattr(theirs, "asks_us", False):
            return

        def check(size: tuple[int, int], *args: bool, **options: bool) -> None:
            limit = getattr(_OURS, "limit", None)
            if limit is None:
                theirs(size, *args, **options)
            else:
                check_pixels(*size, *limit)

        check.asks_us = True  # type: ignore[attr-defined]
        Image._decompression_bomb_check = check


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings of Pillow's while somebody reads. Filters are the process's: the first sets, the last resets them."""
    global _readers
    with _LOCK:
        if _readers == 0:
            logging.getLogger("PIL").addHandler(_NOWHERE)  # else errors go to stderr where logging is not set up
            _silence.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", module=r"PIL\.|pillow_heif|pillow_jxl|rawpy")
            _silence.callback(_set_libtiff_handler, _set_libtiff_handler(None))
        _readers += 1
    try:
        yield
    finally:
        with _LOCK:
            _readers -= 1
            if _readers == 0:
                _silence.close()
                logging.getLogger("PIL").removeHandler(_NOWHERE)


_NOWHERE = logging.NullHandler()


def _set_libtiff_handler(handler: int | None) -> int | None:
    """Have Pillow's copy of libtiff call this for its errors, which it prints else; returns the handler before.

    Pillow raises an error of its own for each. Where libtiff is built into Pillow, nothing changes.
    """
    try:
        set_handler = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (OSError, AttributeError):
        return None
    set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
    before: int | None = set_handler(handler)
    return before
