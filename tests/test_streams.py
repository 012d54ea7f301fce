"""Files that are read in parts, and those that come in parts."""

import io
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest

from tests.codec.container.test_file import EXAMPLE
from tintype.codec.container.file import MAX_HEADER_BYTES, parse, write
from tintype.errors import CorruptError, LimitError, TruncatedError
from tintype.images import load
from tintype.sources import opened
from tintype.streams import FileBytes, read_whole


class _Counted(io.FileIO):
    """A file that counts the bytes read from it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(-1 if size is None else size)
        self.count += len(data)
        return data


def test_slices_are_those_of_the_bytes_from_where_the_file_is() -> None:
    file = io.BytesIO(b"before" + bytes(range(100)))
    file.seek(6)
    content, data = FileBytes(file), bytes(range(100))
    assert len(content) == 100
    for begin, end in ((0, 0), (0, 5), (7, 50), (90, 100), (90, 200), (100, 104), (150, 200), (60, 50)):
        assert content[begin:end] == data[begin:end]


def test_a_region_reads_header_and_tiles_that_show_and_no_more(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    container = replace(EXAMPLE, payloads=(random.bytes(3 * 2**20), random.bytes(2**20)))
    (tmp_path / "a.tint").write_bytes(write(container))
    with _Counted(tmp_path / "a.tint") as file:
        found = parse(FileBytes(file), region=(600, 100, 30, 30))
        assert file.count <= MAX_HEADER_BYTES + 2**20 + 100
    assert found.payloads == (b"", container.payloads[1]) and found.tiles == [1]
    with (tmp_path / "a.tint").open("rb") as whole:
        assert parse(FileBytes(whole)) == container


def test_files_without_a_buffer_are_asked_until_they_end() -> None:
    class Pipe:
        """What a pipe or socket without a buffer does: it gives what is there."""

        def __init__(self, data: bytes) -> None:
            self.file = io.BytesIO(data)

        def read(self, size: int = -1) -> bytes:
            return self.file.read(min(size, 7))

    data = bytes(range(100))
    for most in (1, 7, 99, 100, 101):
        assert read_whole(cast(BinaryIO, Pipe(data)), most) == data[:most]
    file = write(EXAMPLE)
    with opened(cast(BinaryIO, Pipe(file)), most=len(file)) as source:
        assert source == file
    with (
        pytest.raises(LimitError, match="more than 58 bytes"),
        opened(cast(BinaryIO, Pipe(file)), most=len(file) - 1),
    ):
        pass
    np.testing.assert_array_equal(load(cast(BinaryIO, Pipe(b"P5 3 2 255 123456"))).pixels, [[49, 50, 51], [52, 53, 54]])


@pytest.mark.parametrize("region", [None, (0, 0, 10, 10)])
def test_damage_and_a_lost_end_are_found_in_files_as_in_bytes(region: tuple[int, int, int, int] | None) -> None:
    data = write(EXAMPLE)
    with pytest.raises(TruncatedError, match="the file ends at byte 58 of 59"):
        parse(FileBytes(io.BytesIO(data[:-1])), region=region)
    with pytest.raises(CorruptError, match="1 bytes follow the last tile"):
        parse(FileBytes(io.BytesIO(data + b"!")), region=region)
    with pytest.raises(CorruptError, match="tile 0, 5 bytes from byte 40, is damaged"):
        parse(FileBytes(io.BytesIO(data[:40] + b"\x07" + data[41:])), region=region)
