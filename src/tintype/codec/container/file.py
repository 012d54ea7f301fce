"""The .tint container: bytes to header, metadata chunks and tile payloads, and back.

docs/format.md is the specification; fields are read and written in the order of its table. Everything is
found from the header alone, which has its own CRC, so damage in one section leaves the others readable.
A payload is opaque here: docs/payload.md and `tintype.codec.entropy.rans` give it meaning.

`python -m tintype.codec.container FILE` prints a file field by field.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from itertools import pairwise

from tintype.codec.container.fields import Field, FieldReader, varint
from tintype.codec.container.header import SRGB_8_BIT, ColourType, Header, read_header, violation, write_header
from tintype.codec.container.numerics import read_numerics
from tintype.codec.tile_model import Numerics
from tintype.codec.tiling import Rect, Region, checked_region, tile_grid, tiles_showing
from tintype.errors import (
    CorruptError,
    FormatError,
    InputError,
    TintypeError,
    TruncatedError,
    UnsupportedError,
)
from tintype.streams import Bytes, ByteSource

MAGIC = b"\xd4i\r\n"
VERSION = 1

MAX_CHUNKS = 64
MAX_CHUNK_TYPE = 2**16 - 1
MAX_CHUNK_BYTES = 2**24
MAX_PAYLOAD_BYTES = 2**28 - 1
MAX_HEADER_BYTES = 2**19  # and more: 65536 lengths of payloads of 4 bytes, 64 chunks of 7, and the fixed part


class ChunkType(IntEnum):
    """Registered chunks. Odd types are critical: a reader that does not know one has to refuse the file."""

    ALPHA = 1
    ICC = 2
    NUMERICS = 3
    EXIF = 4
    GRAPHICS = 5
    XMP = 6
    PREVIEW = 8
    ROW_HASHES = 10
    VENDOR = 12
    ROW_REPAIRS = 14
    IPTC = 16


READABLE_CRITICAL: frozenset[int] = frozenset({ChunkType.ALPHA, ChunkType.NUMERICS, ChunkType.GRAPHICS})
"""Critical chunks that this version obeys."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes beside the picture. `type` is a `ChunkType`, or a number that only other versions know."""

    type: int
    data: bytes


@dataclass(frozen=True)
class Container:
    """A whole file, between bytes and codec: `parse` makes it, `write` takes it.

    It holds bytes: one payload for each tile of the header's grid, written and read by the entropy coder, and chunks of
    metadata. Only files that were parsed for salvage may have `damage` or lack chunks that their model needs.
    """

    header: Header
    payloads: tuple[bytes, ...]  # one per tile, in the order of `tile_grid`
    chunks: tuple[Chunk, ...] = ()  # in ascending order of type
    damage: Mapping[int, FormatError] = field(default_factory=dict, compare=False)  # by tile
    salvaged: bool = field(default=False, compare=False)  # parsed for salvage
    lost_chunks: tuple[int, ...] = field(default=(), compare=False)  # types of chunks that are damaged or missing
    region: Rect | None = field(default=None, compare=False)  # payloads of tiles that do not show in it are empty

    def payload(self, tile: int) -> bytes:
        """Payload of one tile; raises what was found wrong with it when the file was parsed."""
        if tile in self.damage:
            raise self.damage[tile]
        return self.payloads[tile]

    def chunk(self, type: int) -> bytes | None:
        """Data of the first chunk of this type."""
        return next((chunk.data for chunk in self.chunks if chunk.type == type), None)

    @cached_property
    def tiles(self) -> Sequence[int]:
        """Numbers of the tiles that are there: those that show in the region, or all."""
        return _numbers(self.header, self.region)

    @property
    def graphics(self) -> bool:
        """Whether payloads begin with a graphics layer."""
        return any(chunk.type == ChunkType.GRAPHICS for chunk in self.chunks)

    @cached_property
    def numerics(self) -> Numerics | None:
        """Content of the chunk NUMERICS, None if there is none; raises CorruptError or TruncatedError."""
        data = self.chunk(ChunkType.NUMERICS)
        return None if data is None else read_numerics(data)


def _numbers(header: Header, region: Rect | None) -> Sequence[int]:
    """Of the tiles that show in a region, or of all."""
    if region is None:
        return range(header.tile_count)
    return tiles_showing(region, tile_grid(header.width, header.height, header.tiling, 1))


@dataclass(frozen=True, slots=True)
class Section:
    """Where a chunk's or a tile's bytes stand in the file. Four bytes of CRC follow them."""

    name: str
    begin: int  # byte offset
    length: int  # bytes, without the CRC

    @property
    def end(self) -> int:
        return self.begin + self.length + 4


@dataclass(frozen=True, slots=True)
class Layout:
    """The header, and where everything else is."""

    header: Header
    chunk_types: tuple[int, ...]
    sections: tuple[Section, ...]  # chunks, then tiles
    header_crc: int
    file_bytes: int  # the whole file

    @property
    def tiles(self) -> tuple[Section, ...]:
        return self.sections[len(self.chunk_types) :]


def write(container: Container) -> bytes:
    """The bytes of a file.

    Raises
    ------
    InputError
        A value is outside the format's limits; the message names it.
    """
    header = container.header
    chunks = sorted(container.chunks, key=lambda chunk: chunk.type)
    broken = violation(header) or _chunk_violation([chunk.type for chunk in chunks])
    if broken:
        raise InputError(f"cannot be written as a .tint file: {broken}")
    if len(container.payloads) != header.tile_count or container.damage:
        raise ValueError(
            f"{header.tile_count} tiles need as many whole payloads, not {len(container.payloads)} "
            f"of which {len(container.damage)} are damaged"
        )

    out = bytearray(MAGIC)
    out += bytes([VERSION]) + write_header(header) + varint(len(chunks))
    for chunk in chunks:
        name = f"chunk {_numbered(chunk.type)}"
        out += varint(chunk.type) + _length(chunk.data, MAX_CHUNK_BYTES, name)
    for tile, payload in enumerate(container.payloads):
        out += _length(payload, MAX_PAYLOAD_BYTES, f"the payload of tile {tile}")
    header_crc = zlib.crc32(out)
    out += struct.pack("<I", header_crc)
    for number, data in enumerate([*(chunk.data for chunk in chunks), *container.payloads]):
        out += data + struct.pack("<I", _section_crc(header_crc, number, data))
    return bytes(out)


def _length(data: bytes, limit: int, name: str) -> bytes:
    if len(data) > limit:
        raise InputError(f"{name} has {len(data)} bytes; a .tint file holds at most {limit}")
    return varint(len(data))


def _section_crc(header_crc: int, number: int, data: bytes) -> int:
    # bound to this header and this place: sections that were swapped or come from another file do not pass
    return zlib.crc32(data, zlib.crc32(struct.pack("<II", header_crc, number)))


def parse(data: ByteSource, *, salvage: bool = False, region: Region | None = None) -> Container:
    """A whole file, every checksum verified; or what a region needs of it.

    Parameters
    ----------
    salvage : bool
        Ask only that the header holds. Tiles that are damaged or missing are then listed in `damage`, and
        `payload` raises for them; chunks that are damaged or missing are left out and listed in `lost_chunks`.
    region : left, top, width, height in pixels
        Only the tiles that show in it are read and verified, besides the header, the chunks and the file's length.

    Raises
    ------
    FormatError, TruncatedError, CorruptError
        As `read_layout`; also where a section is cut short or fails its CRC, or bytes follow the last one.
    UnsupportedError
        A newer version; a bit depth, colour type or critical chunk that this version cannot decode.
    InputError
        The region is empty, or not inside the picture.
    """
    if isinstance(data, bytes | bytearray):
        data = memoryview(data)  # whose slices are no copies
    layout = read_layout(data[:MAX_HEADER_BYTES])
    _require_supported(layout)
    if not salvage:
        _require_exact_length(layout, len(data))
    header, tile_0 = layout.header, len(layout.chunk_types)
    shown = None if region is None else checked_region(region, header.width, header.height)
    tiles = _numbers(header, shown)

    contents = [b""] * len(layout.sections)
    damage: dict[int, FormatError] = {}
    for number in [*range(tile_0), *(tile_0 + tile for tile in tiles)]:
        try:
            contents[number] = _read_section(data, layout, number)
        except FormatError as error:
            if not salvage:
                raise
            damage[number] = error
    _require_empty_graphics(layout, contents)

    return Container(
        header=header,
        payloads=tuple(contents[tile_0:]),
        chunks=tuple(
            Chunk(kind, contents[number])
            for number, kind in enumerate(layout.chunk_types)
            if number not in damage or kind == ChunkType.GRAPHICS  # which is empty: that it stands there says all
        ),
        damage={number - tile_0: error for number, error in damage.items() if number >= tile_0},
        salvaged=salvage,
        lost_chunks=tuple(t for i, t in enumerate(layout.chunk_types) if i in damage),
        region=shown,
    )


def read_layout(data: Bytes) -> Layout:
    """Header and section table of a file; the bytes after the header may be missing, damaged or many.

    Raises
    ------
    FormatError, TruncatedError, CorruptError
        Not a .tint file; it ends within the header; the header is damaged.
    UnsupportedError
        A newer version of the format.
    """
    return _read_layout(FieldReader(data))


def _read_layout(reader: FieldReader) -> Layout:
    _read_signature(reader)
    header = read_header(reader)
    types, lengths = _read_chunk_table(reader)
    names = [f"chunk {_numbered(type)}" for type in types]
    for tile in range(header.tile_count):
        names.append(f"tile {tile}")
        lengths.append(_read_length(reader, "payload length", MAX_PAYLOAD_BYTES))

    computed = zlib.crc32(reader.data[: reader.offset])
    stored = int.from_bytes(reader.take(4, "header CRC"), "little")
    reader.describe("holds" if stored == computed else "WRONG")
    if stored != computed:
        raise CorruptError(f"the header is damaged: its CRC is {computed:08x}, but {stored:08x} is stored")

    sections = []
    begin = reader.offset
    for name, length in zip(names, lengths, strict=True):
        sections.append(Section(name, begin, length))
        begin = sections[-1].end
    return Layout(header, tuple(types), tuple(sections), computed, file_bytes=begin)


_TEXT_DAMAGE: Mapping[bytes, str] = {
    b"Ti\r\n": "its bytes have lost their highest bit",
    b"\xd4i\n": "its line ends were changed from CR LF to LF",
    b"\xd4i\r\r\n": "its line ends were changed from LF to CR LF",
    b"\xc3\x94i": "its bytes were turned into UTF-8",
}


def _read_signature(reader: FieldReader) -> None:
    start = bytes(reader.data[:5])
    for damaged, cause in _TEXT_DAMAGE.items():
        if start.startswith(damaged):
            raise CorruptError(f"the file was moved as text, {cause}; move it as binary")
    if not start.startswith(MAGIC[: len(start)]):
        raise FormatError(f"not a .tint file: it starts with {start[:4].hex(' ')}, not {MAGIC.hex(' ')}")
    reader.take(len(MAGIC), "magic")
    reader.describe("'T' + 0x80, 'i', CR, LF")
    version = reader.u8("version")
    if version == 0:
        raise CorruptError("format version 0 at byte 4 does not exist; the file is damaged")
    if version > VERSION:
        if _is_this_version(reader.data):
            raise CorruptError(f"format version {version} at byte 4 is damage: the header's CRC holds with {VERSION}")
        raise UnsupportedError(
            f"format version {version} is newer than {VERSION}, the newest that this tintype reads; update it"
        )


def _is_this_version(data: Bytes) -> bool:
    """Whether a header that names another version is one of this version but for that byte."""
    mended = bytearray(data)
    mended[len(MAGIC)] = VERSION
    try:
        _read_layout(FieldReader(mended))
    except (FormatError, UnsupportedError):
        return False
    return True


def _read_chunk_table(reader: FieldReader) -> tuple[list[int], list[int]]:
    """Types and lengths of the chunks."""
    count = reader.varint("chunk count")
    if count > MAX_CHUNKS:
        raise CorruptError(f"the chunk count {count} is above the limit {MAX_CHUNKS}; the file is damaged")
    types, lengths = [], []
    for _ in range(count):
        types.append(reader.varint("chunk type"))
        reader.describe(_numbered(types[-1]))
        lengths.append(_read_length(reader, "chunk length", MAX_CHUNK_BYTES))
    broken = _chunk_violation(types)
    if broken:
        raise CorruptError(f"{broken}; the file is damaged")
    return types, lengths


def _read_length(reader: FieldReader, name: str, limit: int) -> int:
    at = reader.offset
    length = reader.varint(name)
    if length > limit:
        raise CorruptError(f"{name} {length} at byte {at} is above the limit {limit}; the file is damaged")
    return length


def _chunk_violation(types: list[int]) -> str | None:
    """The first rule that a list of chunk types breaks, in words."""
    if len(types) > MAX_CHUNKS:
        return f"the chunk count {len(types)} is above the limit {MAX_CHUNKS}"
    for type in types:
        if not 1 <= type <= MAX_CHUNK_TYPE:
            return f"chunk type {type} is not in 1 to {MAX_CHUNK_TYPE}"
    for first, second in pairwise(types):
        if first > second:
            return f"chunk {_numbered(second)} stands after chunk {_numbered(first)}"
        if first == second != ChunkType.VENDOR:
            return f"chunk {_numbered(second)} stands there twice"
    return None


def chunk_name(type: int) -> str | None:
    """Name of a registered type of chunk."""
    return ChunkType(type).name if type in tuple(ChunkType) else None


def _numbered(type: int) -> str:
    return f"{type} ({chunk_name(type) or 'unknown'})"


def _read_section(data: ByteSource, layout: Layout, number: int) -> bytes:
    """Content of one section, verified."""
    section = layout.sections[number]
    if section.end > len(data):
        raise TruncatedError(f"{section.name} ends at byte {section.end}, but the file at byte {len(data)}")
    content = bytes(data[section.begin : section.end - 4])
    stored = int.from_bytes(data[section.end - 4 : section.end], "little")
    computed = _section_crc(layout.header_crc, number, content)
    if computed != stored:
        raise CorruptError(
            f"{section.name}, {section.length} bytes from byte {section.begin}, is damaged: its CRC is "
            f"{computed:08x}, but {stored:08x} is stored"
        )
    return content


def _require_supported(layout: Layout) -> None:
    header = layout.header
    if header.colour not in tuple(ColourType):
        raise UnsupportedError(f"colour type {header.colour} is not grey or RGB; a newer tintype may read it")
    s = header.samples
    if (s.matrix, s.full_range) != (SRGB_8_BIT.matrix, SRGB_8_BIT.full_range):
        raise UnsupportedError(
            f"samples with matrix {s.matrix} and range {s.full_range}: this tintype reads RGB or grey (matrix 0) of "
            "full range (1); a newer one may read more"
        )
    for type in layout.chunk_types:
        if type % 2 == 1 and type not in READABLE_CRITICAL:
            raise UnsupportedError(f"chunk {_numbered(type)} has to be obeyed, which needs a newer tintype")


def _require_empty_graphics(layout: Layout, contents: list[bytes]) -> None:
    for kind, content in zip(layout.chunk_types, contents, strict=False):
        if kind == ChunkType.GRAPHICS and content:
            raise CorruptError(f"chunk {_numbered(kind)} has {len(content)} bytes, not 0; the file is damaged")


def _require_exact_length(layout: Layout, file_bytes: int) -> None:
    if file_bytes < layout.file_bytes:
        whole = sum(tile.end <= file_bytes for tile in layout.tiles)
        raise TruncatedError(
            f"the file ends at byte {file_bytes} of {layout.file_bytes}; {whole} of {len(layout.tiles)} "
            "tiles are whole; fetch it again"
        )
    if file_bytes > layout.file_bytes:
        raise CorruptError(
            f"{file_bytes - layout.file_bytes} bytes follow the last tile, which ends at byte "
            f"{layout.file_bytes}; if something appended them, remove them"
        )


def describe(data: Bytes) -> tuple[list[Field], TintypeError | None]:
    """All fields of a file up to where it is cut or unreadable, and what `parse` says is wrong with it."""
    reader = FieldReader(data)
    try:
        layout = _read_layout(reader)
    except TintypeError as error:
        return reader.fields, error
    for number, section in enumerate(layout.sections):
        if section.end > len(reader.data):
            break
        reader.take(section.length, section.name)
        reader.describe(f"{section.length} bytes")
        reader.take(4, f"{section.name} CRC")
        try:
            _read_section(reader.data, layout, number)
            reader.describe("holds")
        except CorruptError:
            reader.describe("WRONG")
    try:
        parse(data)
    except TintypeError as error:
        return reader.fields, error
    return reader.fields, None
