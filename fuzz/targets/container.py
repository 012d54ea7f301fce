"""The parser of .tint files, strict, for salvage, and as `describe` reads them."""

import zlib
from pathlib import Path

from fuzz.target import Target
from fuzz.tint import mutated
from tintype.codec.container.file import Chunk, ChunkType, Container, describe, parse, write
from tintype.codec.container.header import ColourType, Header, Samples
from tintype.codec.container.numerics import write_numerics
from tintype.codec.tile_model import Numerics
from tintype.codec.tiling import Tiling
from tintype.errors import FormatError, UnsupportedError

HASH = bytes(range(8))
METADATA = tuple(Chunk(kind, kind.name.encode()) for kind in (ChunkType.ICC, ChunkType.EXIF, ChunkType.XMP))


def target(folder: Path) -> Target:
    numerics = Chunk(ChunkType.NUMERICS, write_numerics(Numerics("float32", 2, "torch", "cpu")))
    grey = Header(1, HASH, 200, 100, 35, ColourType.GREY, Samples(depth=12), Tiling(64, 4))
    containers = (
        Container(Header(1, HASH, 7, 9, level=35), (b"payload",)),
        Container(grey, tuple(bytes([i]) * i for i in range(grey.tile_count)), METADATA),
        Container(Header(16, HASH, 64, 64, level=0), (bytes(99),), (numerics, Chunk(ChunkType.ROW_HASHES, b"hash"))),
    )
    return Target(read, (FormatError, UnsupportedError), [write(each) for each in containers], mutated)


def read(data: bytes) -> None:
    """Parse; what that refuses is read for salvage. Of one input in eight all fields are described, which is slow."""
    if zlib.crc32(data) % 8 == 0:
        describe(data)
    try:
        parse(data)
    except FormatError:
        parse(data, salvage=True)
        raise
