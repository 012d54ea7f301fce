"""Bytes of a file that are read when they are asked for."""

import os
from typing import BinaryIO, Protocol

from tintype.codec.container.fields import Bytes


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
