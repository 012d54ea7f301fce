"""Open files: read when their bytes are asked for, or as a whole up to a limit."""

import os
from typing import BinaryIO, Protocol

Bytes = bytes | bytearray | memoryview


class ByteSource(Protocol):
    """Content of a file: bytes in memory, or `FileBytes`."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Bytes: ...


class FileBytes:
    """Content of an open file that can seek, from where it is on. A slice reads its bytes and no others."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._begin = file, file.tell()
        self._length = file.seek(0, os.SEEK_END) - self._begin

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, part: slice) -> bytes:
        begin, end, _ = part.indices(self._length)
        self._file.seek(self._begin + begin)
        return self._file.read(max(0, end - begin))  # fewer, if somebody has cut the file since: a CRC tells


def can_seek(file: BinaryIO) -> bool:
    """Whether an open file can seek; all that callers need to give is `read`."""
    seekable = getattr(file, "seekable", None)
    return seekable is not None and bool(seekable())


def read_whole(file: BinaryIO, most: int) -> bytes:
    """Content of an open file from where it is on, or its first `most` bytes if there are more.

    Pipes and sockets without a buffer give less than they are asked for, and so are asked again.
    """
    parts = []
    while most > 0 and (part := file.read(most)):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)
