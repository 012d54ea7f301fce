"""The chunk NUMERICS as bytes."""

from dataclasses import replace

import pytest

from tintype.codec.container.file import Chunk, ChunkType, Container
from tintype.codec.container.header import Header
from tintype.codec.container.numerics import read_numerics, write_numerics
from tintype.codec.tile_model import Numerics
from tintype.errors import CorruptError, TruncatedError

NUMERICS = Numerics("float32", 2, "torch 2", "some CPU")


def test_numerics_come_back_from_their_bytes() -> None:
    assert read_numerics(write_numerics(NUMERICS)) == NUMERICS
    assert write_numerics(NUMERICS) == b"\0\2\7torch 2\x08some CPU"
    assert str(NUMERICS) == "torch 2, float32, 2 threads, some CPU"
    other = replace(NUMERICS, precision="bfloat16", compiled=True)
    assert read_numerics(write_numerics(other)) == other and write_numerics(other)[0] == 3
    long = replace(NUMERICS, device="ä" * 200)
    assert read_numerics(write_numerics(long)).device == "ä" * 127


@pytest.mark.parametrize(
    "data, error, message",
    [
        (b"", TruncatedError, "mode"),
        (b"\4\1\0\0", CorruptError, "mode 4"),
        (b"\0\0\0\0", CorruptError, "0 threads"),
        (b"\0\1\1a", TruncatedError, "device length"),
        (b"\0\1\1\xff\0", CorruptError, "not UTF-8"),
        (b"\0\1\0\0x", CorruptError, "1 bytes follow"),
    ],
)
def test_damaged_numerics_are_refused(data: bytes, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_numerics(data)


def test_a_file_gives_its_numerics_and_parses_them_once() -> None:
    header = Header(16, bytes(8), 7, 9, level=0)
    assert Container(header, (b"",)).numerics is None
    container = Container(header, (b"",), (Chunk(ChunkType.NUMERICS, write_numerics(NUMERICS)),))
    assert container.numerics == NUMERICS
    assert container.numerics is container.numerics
    with pytest.raises(CorruptError, match="mode 4"):
        _ = Container(header, (b"",), (Chunk(ChunkType.NUMERICS, b"\4\1\0\0"),)).numerics
