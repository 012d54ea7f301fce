"""Changes of .tint files that get past the checksums: of bytes, of fields, of sections."""

import random
import struct
import zlib
from dataclasses import replace

from fuzz.mutate import edited
from tintype.codec.container.fields import FieldReader
from tintype.codec.container.file import MAGIC, Chunk, ChunkType, Container, parse, read_layout, write
from tintype.codec.container.header import MODEL_NAMES, Header, read_header
from tintype.codec.tiling import Tiling
from tintype.errors import FormatError, InputError, TintypeError

MAX_TILES = 64  # of a made-up header: more would only take time


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A changed file; seven of eight have right checksums, as far as the header can still be read."""
    kind = rng.randrange(8)
    if kind == 0:
        return edited(data, rng)
    if kind <= 2:
        return repaired(edited(data, rng, 0, _header_bytes(data)))
    try:
        container = parse(data)
        return write(_with_other_header(container, rng) if kind <= 4 else _with_other_sections(container, rng))
    except (TintypeError, ValueError):  # the seed is broken on purpose, or the values are outside the format
        return repaired(edited(data, rng))


def repaired(data: bytes) -> bytes:
    """The same bytes with right checksums, up to where the file is cut or its header cannot be read."""
    reader = FieldReader(data)
    try:
        reader.take(len(MAGIC) + 1, "signature")
        header = read_header(reader)
        lengths = []
        for _ in range(reader.varint("chunk count")):
            reader.varint("chunk type")
            lengths.append(reader.varint("chunk length"))
        lengths += [reader.varint("payload length") for _ in range(header.tile_count)]
    except FormatError:
        return data
    header_crc = zlib.crc32(data[: reader.offset])
    out = bytearray(data[: reader.offset]) + struct.pack("<I", header_crc)
    begin = reader.offset + 4
    for number, length in enumerate(lengths):
        end = begin + length
        if end + 4 > len(data):
            break
        out += data[begin:end]
        out += struct.pack("<I", zlib.crc32(struct.pack("<II", header_crc, number) + data[begin:end]))
        begin = end + 4
    return bytes(out) + data[begin:]


def _header_bytes(data: bytes) -> int:
    """Where the first section begins, roughly where that cannot be known."""
    try:
        sections = read_layout(data).sections
    except TintypeError:
        return 48
    return sections[0].begin if sections else len(data)


def _with_other_header(container: Container, rng: random.Random) -> Container:
    header = container.header
    for _ in range(rng.choice((1, 1, 2, 3))):
        header = _other_header(header, rng)
    count = header.tile_count
    if count > MAX_TILES:
        raise InputError(f"{count} tiles")
    payloads = tuple(container.payloads[i % len(container.payloads)] for i in range(count))
    return replace(container, header=header, payloads=payloads)


def _other_header(header: Header, rng: random.Random) -> Header:
    side = rng.choice((1, 2, 63, 64, 65, 127, 128, 129, 255, 256, 4096, 65535, rng.randint(1, 300)))
    match rng.randrange(8):
        case 0:
            return replace(header, width=side)
        case 1:
            return replace(header, height=side)
        case 2:
            return replace(header, level=rng.choice((0, 1, 70, 71, 127, 255, rng.randint(0, 70))))
        case 3:
            return replace(header, tiling=Tiling(rng.choice((0, 64, 120, side)), rng.choice((0, 1, 4, 64, 255))))
        case 4:
            return replace(header, samples=replace(header.samples, depth=rng.choice((8, 10, 12, 16))))
        case 5:
            codes = {name: rng.randrange(256) for name in ("primaries", "transfer", "matrix")}
            return replace(header, samples=replace(header.samples, full_range=rng.randrange(2), **codes))
        case 6:
            return replace(header, colour=rng.choice((0, 1, 1, 2, 15)))
        case _:
            return replace(header, model=rng.choice((*MODEL_NAMES, 0, 4, 65535)))


def _with_other_sections(container: Container, rng: random.Random) -> Container:
    payloads, chunks = list(container.payloads), list(container.chunks)
    kind = rng.randrange(6)
    if kind <= 2:
        tile = rng.randrange(len(payloads))
        payloads[tile] = edited(payloads[tile], rng)
    elif kind == 3 and chunks:
        at = rng.randrange(len(chunks))
        chunks[at] = replace(chunks[at], data=edited(chunks[at].data, rng))
    elif kind == 4 and chunks:
        del chunks[rng.randrange(len(chunks))]
    else:
        kind = rng.choice((*ChunkType, rng.randint(1, 2**16 - 1)))
        chunks.append(
            Chunk(kind, rng.choice(payloads)[:100] if rng.random() < 0.5 else rng.randbytes(rng.randrange(40)))
        )
    return replace(container, payloads=tuple(payloads), chunks=tuple(chunks))
