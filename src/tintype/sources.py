"""Where the bytes of a .tint file come from."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tintype.arguments import path
from tintype.errors import InputError, LimitError
from tintype.streams import Bytes, ByteSource, FileBytes, can_seek, read_whole

Encoded = Bytes | str | os.PathLike[str] | BinaryIO  # content of a .tint file, its path, or the open file


@contextmanager
def opened(data: Encoded, most: int | None = None, *, whole: bool = True) -> Iterator[ByteSource]:
    """The bytes of a file; those on a disk are read when they are needed.

    More than `most` are refused, unless they stay on the disk because not the `whole` file is needed.
    """
    if isinstance(data, memoryview):
        yield data if data.format == "B" and data.ndim == 1 else data.tobytes()
    elif isinstance(data, bytes | bytearray):
        yield data
    elif isinstance(data, str | os.PathLike):
        with Path(path(data)).open("rb") as file, opened(file, most, whole=whole) as source:
            yield source
    else:
        if isinstance(data, io.TextIOBase):
            raise InputError(f"{name_of(data)} was opened as text; open it in binary mode")
        if not hasattr(data, "read"):
            raise InputError(
                f"a {type(data).__name__} is not a .tint file; give its content as bytes, its path, or an open binary "
                "file"
            )
        if getattr(data, "closed", False):
            raise InputError(f"{name_of(data)}: the file is closed; open it in binary mode")
        on_disk = can_seek(data)
        source = FileBytes(data) if on_disk else data.read() if most is None else read_whole(data, most + 1)
        if most is not None and len(source) > most and (whole or not on_disk):
            raise LimitError(
                f"{name_of(data)}: more than {most} bytes; raise max_memory (--max-memory) if you trust it"
            )
        yield source


def name_of(source: object) -> str:
    """Of a picture or a file, for messages."""
    name = source if isinstance(source, str | os.PathLike) else getattr(source, "name", None)
    return os.fspath(name) if isinstance(name, str | os.PathLike) else "the picture"
