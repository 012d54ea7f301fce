"""What is written is read back; what is damaged is noticed, named, and as far as possible survived."""

import re
import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.codec.container.fields import FieldReader, format_fields, varint
from tintype.codec.container.file import MAX_CHUNKS, Chunk, ChunkType, Container, describe, parse, read_layout, write
from tintype.codec.container.header import MODEL_NAMES, ColourType, Header, Samples
from tintype.codec.tiling import Tiling
from tintype.errors import CorruptError, FormatError, InputError, TruncatedError, UnsupportedError

FORMAT_MD = Path(__file__).parents[3] / "docs" / "format.md"
HASH = bytes(range(8))

ONE_TILE = Container(Header(1, HASH, 7, 9, level=35), payloads=(b"payload",))

EXAMPLE = Container(  # the worked example of docs/format.md
    Header(1, HASH, 1008, 504, level=35, colour=ColourType.GREY, tiling=Tiling(504, 4)),
    payloads=(bytes.fromhex("01 02 03 04 05"), bytes.fromhex("fa fb fc fd fe ff")),
    chunks=(Chunk(ChunkType.XMP, b"<x/>"),),
)

# The smallest file, byte by byte: tests below change one field of it and give the header its new CRC.
SMALLEST = bytes.fromhex(
    "d4 69 0d 0a 01"  # magic, version
    "01 00 01 02 03 04 05 06 07"  # pico-s, weights hash
    "07 09 01 23 00"  # 7 x 9, RGB, level 35, one tile
    "00 07"  # no chunks, payload of 7 bytes
)
VERSION_AT, MODEL_AT, WIDTH_AT, HEIGHT_AT, COLOUR_AT, LEVEL_AT, CORE_AT, CHUNKS_AT, LENGTH_AT = (
    4, 5, 14, 15, 16, 17, 18, 19, 20
)  # fmt: skip


def sealed(head: bytes, *sections: bytes) -> bytes:
    """A file with right CRCs around whatever header."""
    header_crc = zlib.crc32(head)
    out = head + struct.pack("<I", header_crc)
    for number, section in enumerate(sections):
        crc = zlib.crc32(struct.pack("<II", header_crc, number) + section)
        out += section + struct.pack("<I", crc)
    return out


def changed(at: int, new: str, *, old: int = 1) -> bytes:
    """The smallest file with other bytes (in hexadecimal) at one place, and CRCs that fit."""
    return sealed(SMALLEST[:at] + bytes.fromhex(new) + SMALLEST[at + old :], b"payload")


@st.composite
def containers(draw: st.DrawFn) -> Container:
    width, height = draw(st.integers(1, 3000)), draw(st.integers(1, 3000))
    core = draw(st.integers(64, 1000))
    tiling = Tiling.of(width, height, core, draw(st.integers(0, core // 4)))
    header = Header(
        model=draw(st.integers(1, 65535)),
        weights_hash=draw(st.binary(min_size=8, max_size=8)),
        width=width,
        height=height,
        level=draw(st.integers(0, 255)),
        colour=draw(st.sampled_from(ColourType)),
        tiling=tiling,
    )
    payload = draw(st.binary(max_size=300))
    even_types = st.integers(1, 32767).map(lambda n: 2 * n)
    types = sorted(draw(st.sets(even_types, max_size=4)))
    return Container(
        header,
        payloads=tuple(payload[i % 7 :] for i in range(header.tile_count)),
        chunks=tuple(Chunk(type, draw(st.binary(max_size=200))) for type in types),
    )


@settings(deadline=None)
@given(containers())
def test_what_is_written_is_read_back(container: Container) -> None:
    assert parse(write(container)) == container


def test_the_smallest_file_has_these_bytes() -> None:
    assert write(ONE_TILE) == sealed(SMALLEST, b"payload")
    assert len(write(ONE_TILE)) == 29 + len(b"payload")


def test_crc_is_the_one_of_png() -> None:
    assert zlib.crc32(b"123456789") == 0xCBF43926


def test_all_field_types_are_read_back() -> None:
    container = Container(
        Header(300, b"\xff" * 8, 65535, 200, level=255, colour=ColourType.GREY, tiling=Tiling(504, 126)),
        payloads=tuple(b"x" * n for n in range(130)),
        chunks=(Chunk(2, b"icc"), Chunk(12, b"one\0"), Chunk(12, b"two\0"), Chunk(40000, b"")),
    )
    again = parse(write(container))
    assert again == container
    assert again.chunk(ChunkType.ICC) == b"icc"
    assert again.chunk(ChunkType.XMP) is None
    assert again.header.model_name == "unknown model 300"


def test_chunks_are_written_in_ascending_order() -> None:
    chunks = (Chunk(ChunkType.XMP, b"x"), Chunk(ChunkType.ICC, b"i"))
    assert parse(write(replace(ONE_TILE, chunks=chunks))).chunks == chunks[::-1]


@pytest.mark.parametrize(
    "container, besides_payloads",
    [
        (Container(Header(1, HASH, 1, 1, level=0), (b"",)), 29),
        (Container(Header(1, HASH, 768, 512, level=70), (b"x" * 200,)), 32),
        (Container(Header(1, HASH, 65535, 256, level=70), (b"x" * 20000,)), 34),
        (
            Container(Header(1, HASH, 2048, 1363, level=70, tiling=Tiling(504, 4)), (b"x" * 200,) * 12),
            28 + 12 * 6,
        ),
        (
            Container(Header(1, HASH, 4032, 3024, level=70, tiling=Tiling(504, 4)), (b"x" * 20000,) * 48),
            28 + 48 * 7,
        ),
    ],
)
def test_overhead_leaves_room_for_the_coder_state(container: Container, besides_payloads: int) -> None:
    state = 5
    tiles = container.header.tile_count
    overhead = len(write(container)) - sum(map(len, container.payloads))
    assert overhead == besides_payloads
    assert overhead + state * tiles <= 40 + 12 * (tiles - 1)


def fails(data: bytes, error: type[Exception], message: str) -> None:
    """Both readers refuse these bytes for the same reason, and say which."""
    with pytest.raises(error, match=message) as caught:
        parse(data)
    assert type(caught.value) is error
    _, problem = describe(data)
    assert type(problem) is error and str(problem) == str(caught.value)


@pytest.mark.parametrize(
    "data, error, message",
    [
        (b"", TruncatedError, "ends at byte 0, within magic"),
        (b"\xd4i", TruncatedError, "within magic"),
        (b"\x89PNG\r\n\x1a\n", FormatError, "starts with 89 50 4e 47"),
        (b"\0", FormatError, "not a .tint file"),
        (b"Ti\r\n\x01", CorruptError, "lost their highest bit"),
        (b"\xd4i\n\x01", CorruptError, "from CR LF to LF"),
        (b"\xd4i\r\r\n\x01", CorruptError, "from LF to CR LF"),
        (b"\xc3\x94i\r\n", CorruptError, "turned into UTF-8"),
        (b"\xd4i\r\n", TruncatedError, "within version"),
        (b"\xd4i\r\n\x00", CorruptError, "version 0 at byte 4"),
        (b"\xd4i\r\n\x02", UnsupportedError, "version 2 is newer than 1"),
    ],
)
def test_a_bad_signature_is_named(data: bytes, error: type[Exception], message: str) -> None:
    fails(data, error, message)


@pytest.mark.parametrize(
    "at, new, message",
    [
        (MODEL_AT, "00", "model number 0 "),
        (MODEL_AT, "80 80 04", "model number 65536 "),
        (MODEL_AT, "81 00", "model at byte 5 is not a number"),
        (WIDTH_AT, "00", "side of 0 x 9"),
        (WIDTH_AT, "80 80 04", "side of 65536 x 9"),
        (WIDTH_AT, "87 00", "width at byte 14 .* shortest form"),
        (WIDTH_AT, "ff ff ff ff 10", "width at byte 14 .* below 2\\*\\*32"),
        (WIDTH_AT, "ff ff ff ff ff 01", "width at byte 14 .* below 2\\*\\*32"),
        (HEIGHT_AT, "00", "side of 7 x 0"),
        (COLOUR_AT, "21", "upper half of the colour byte is 2"),
        (COLOUR_AT, "11 09 01 0d 00 01", "bit depth 9"),
        (COLOUR_AT, "11 0a 09 10 00 02", "full range 2"),
        (COLOUR_AT, "11 08 01 0d 00 01", "8 bit sRGB is written in the long form"),
        (LEVEL_AT, "80 02", "level 256"),
        (CORE_AT, "3f 00", "tile core 63 is neither 0"),
        (CORE_AT, "40 00", "tile core 64 makes a single tile"),
        (CORE_AT, "40 11", "tile margin 17 is not in 0 to 16"),
        (CORE_AT, "80 10 80 02", "tile margin 256 is not in 0 to 255"),
        (CHUNKS_AT, "41", "chunk count 65 is above the limit 64"),
        (CHUNKS_AT, "01 00 00", "chunk type 0 "),
        (CHUNKS_AT, "01 80 80 04 00", "chunk type 65536 "),
        (CHUNKS_AT, "02 04 00 02 00", r"chunk 2 \(ICC\) stands after chunk 4 \(EXIF\)"),
        (CHUNKS_AT, "02 04 00 04 00", r"chunk 4 \(EXIF\) stands there twice"),
        (CHUNKS_AT, "01 02 81 80 80 08", "chunk length 16777217 at byte 21 is above the limit"),
        (LENGTH_AT, "80 80 80 80 01", "payload length 268435456 at byte 20 is above the limit"),
    ],
)
def test_a_value_outside_its_range_is_named_even_where_the_crc_holds(at: int, new: str, message: str) -> None:
    fails(changed(at, new), CorruptError, message)


def test_a_tile_above_the_limit_is_refused_before_anything_is_allocated() -> None:
    fails(
        changed(WIDTH_AT, "80 20 81 20", old=2),
        CorruptError,
        "tile of 16781312 pixels is above the limit 16777216",
    )


def test_too_many_tiles_are_refused_before_anything_is_allocated() -> None:
    huge = changed(WIDTH_AT, "ff ff 03 ff ff 03 01 23 40 00", old=5)
    fails(huge, CorruptError, "tile count 1048576 is above the limit 65536")


@pytest.mark.parametrize(
    "at, new, message",
    [
        (COLOUR_AT, "02", "colour type 2"),
        (COLOUR_AT, "11 0a 09 10 09 01", "matrix 9 and range 1"),
        (COLOUR_AT, "11 08 01 0d 00 00", "matrix 0 and range 0"),
        (COLOUR_AT, "10 10 01 0d 01 00", "matrix 1 and range 0"),
    ],
)
def test_what_a_newer_version_may_write_is_unsupported_not_damaged(at: int, new: str, message: str) -> None:
    fails(changed(at, new), UnsupportedError, message)


@pytest.mark.parametrize("type, name", [("07", "7 (unknown)"), ("7f", "127 (unknown)")])
def test_an_unknown_critical_chunk_is_refused_by_name(type: str, name: str) -> None:
    head = SMALLEST[:CHUNKS_AT] + bytes.fromhex(f"01 {type} 03") + SMALLEST[LENGTH_AT:]
    fails(sealed(head, b"abc", b"payload"), UnsupportedError, re.escape(f"chunk {name} has to be obeyed"))


def test_an_unknown_skippable_chunk_is_kept() -> None:
    head = SMALLEST[:CHUNKS_AT] + bytes.fromhex("01 7e 03") + SMALLEST[LENGTH_AT:]
    container = parse(sealed(head, b"abc", b"payload"))
    assert container == replace(ONE_TILE, chunks=(Chunk(126, b"abc"),))
    assert write(container) == sealed(head, b"abc", b"payload")


@pytest.mark.parametrize(
    "new, samples",
    [
        ("11 0a 09 10 00 01", Samples(10, primaries=9, transfer=16)),
        ("11 08 0c 0d 00 01", Samples(primaries=12)),
        ("11 10 01 0d 00 01", Samples(16)),
        ("11 0c ff ff 00 01", Samples(12, primaries=255, transfer=255)),
    ],
)
def test_depths_and_code_points_are_written_in_the_long_form(new: str, samples: Samples) -> None:
    data = changed(COLOUR_AT, new)
    assert parse(data).header.samples == samples
    assert write(parse(data)) == data


def test_matrices_that_are_not_coded_can_be_written_and_described() -> None:
    deep = replace(ONE_TILE.header, samples=Samples(10, primaries=9, transfer=16, matrix=9, full_range=0))
    data = write(replace(ONE_TILE, header=deep))
    assert read_layout(data).header == deep


def test_bytes_after_the_end_are_refused() -> None:
    fails(write(ONE_TILE) + b"\0", CorruptError, "1 bytes follow the last tile, which ends at byte 36")


def test_a_damaged_header_is_refused() -> None:
    data = bytearray(write(ONE_TILE))
    data[LEVEL_AT] ^= 1
    fails(bytes(data), CorruptError, "the header is damaged: its CRC is")


def test_a_damaged_payload_is_named() -> None:
    data = bytearray(write(EXAMPLE))
    data[-5] ^= 1
    fails(bytes(data), CorruptError, "tile 1, 6 bytes from byte 49, is damaged")


def test_tiles_that_changed_places_do_not_pass() -> None:
    header = replace(EXAMPLE.header)
    data = write(Container(header, (b"one", b"two")))
    swapped = data[:-14] + data[-7:] + data[-14:-7]
    fails(swapped, CorruptError, "tile 0, .* is damaged")


def test_a_tile_of_another_file_does_not_pass() -> None:
    data = write(ONE_TILE)
    other = write(replace(ONE_TILE, header=replace(ONE_TILE.header, level=36)))
    fails(data[:-11] + other[-11:], CorruptError, "tile 0, .* is damaged")


def test_every_single_byte_counts() -> None:
    data = write(EXAMPLE)
    for at in range(len(data)):
        for value in range(256):
            if value == data[at]:
                continue
            with pytest.raises((FormatError, UnsupportedError)):
                parse(data[:at] + bytes([value]) + data[at + 1 :])


@pytest.mark.parametrize("length", range(len(write(EXAMPLE))))
def test_every_shorter_file_is_truncated(length: int) -> None:
    fails(write(EXAMPLE)[:length], TruncatedError, f"ends at byte {length}")


def test_truncations_and_splices_are_refused() -> None:
    rng = np.random.default_rng(251)
    data = write(EXAMPLE)
    for _ in range(2000):
        a, b, c, d = rng.integers(0, len(data) + 1, 4)
        noise = rng.bytes(rng.integers(0, 4))
        spliced = data[:a] + noise + data[min(b, c) : max(b, c)] + data[d:]
        with suppress(FormatError, UnsupportedError):
            assert parse(spliced) == EXAMPLE and spliced == data
        _, problem = describe(spliced)
        assert (problem is None) == (spliced == data)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_after_a_right_start_crash_a_reader(tail: bytes) -> None:
    for start in (b"", SMALLEST[:5], SMALLEST[:CHUNKS_AT], SMALLEST[:LENGTH_AT]):
        data = sealed(start + tail, tail)
        with suppress(FormatError, UnsupportedError):
            parse(data)
        describe(data)


def test_salvage_keeps_undamaged_tiles_and_names_the_others() -> None:
    data = bytearray(write(EXAMPLE))
    data[40] ^= 1  # first byte of tile 0
    container = parse(data, salvage=True)
    assert container.payload(1) == EXAMPLE.payloads[1]
    assert container.chunks == EXAMPLE.chunks
    with pytest.raises(CorruptError, match="tile 0, 5 bytes from byte 40, is damaged"):
        container.payload(0)


def test_salvage_of_a_cut_file_keeps_what_came_before() -> None:
    container = parse(write(EXAMPLE)[:-1], salvage=True)
    assert container.payload(0) == EXAMPLE.payloads[0]
    with pytest.raises(TruncatedError, match="tile 1 ends at byte 59, but the file at byte 58"):
        container.payload(1)


def test_salvage_drops_a_damaged_chunk_and_keeps_all_tiles() -> None:
    data = bytearray(write(EXAMPLE))
    data[33] ^= 1
    container = parse(data, salvage=True)
    assert container.chunks == () and container.damage == {}
    assert container.payloads == EXAMPLE.payloads


def test_salvage_asks_that_the_header_holds() -> None:
    data = bytearray(write(EXAMPLE))
    data[19] ^= 1
    with pytest.raises(CorruptError, match="the header is damaged"):
        parse(data, salvage=True)


def test_the_header_is_enough_to_know_the_layout() -> None:
    data = write(EXAMPLE)
    layout = read_layout(data[:32])
    assert layout.header == EXAMPLE.header
    assert layout.file_bytes == len(data)
    assert [(s.name, s.begin, s.length) for s in layout.sections] == [
        ("chunk 6 (XMP)", 32, 4),
        ("tile 0", 40, 5),
        ("tile 1", 49, 6),
    ]


@pytest.mark.parametrize(
    "container, message",
    [
        (replace(ONE_TILE, header=replace(ONE_TILE.header, level=256)), "level 256 is not in 0 to 255"),
        (replace(ONE_TILE, header=replace(ONE_TILE.header, width=65536)), "side of 65536 x 9"),
        (replace(ONE_TILE, header=replace(ONE_TILE.header, weights_hash=b"")), "hash has 0 bytes"),
        (replace(ONE_TILE, header=replace(ONE_TILE.header, tiling=Tiling(504, 4))), "single tile"),
        (replace(ONE_TILE, header=replace(ONE_TILE.header, colour=16)), "colour type 16"),
        (replace(ONE_TILE, header=replace(ONE_TILE.header, samples=Samples(primaries=256))), "256/13/0"),
        (replace(ONE_TILE, header=replace(ONE_TILE.header, tiling=Tiling(0, 4))), "tile margin 4"),
        (replace(ONE_TILE, chunks=(Chunk(2, b""), Chunk(2, b""))), "stands there twice"),
        (replace(ONE_TILE, chunks=(Chunk(12, b""),) * (MAX_CHUNKS + 1)), "chunk count 65"),
        (replace(ONE_TILE, chunks=(Chunk(2, bytes(2**24 + 1)),)), r"chunk 2 \(ICC\) has 16777217 bytes"),
    ],
)
def test_the_writer_keeps_the_same_limits(container: Container, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write(container)


def test_the_writer_wants_every_payload_whole() -> None:
    with pytest.raises(ValueError, match="1 tiles need as many whole payloads, not 2"):
        write(replace(ONE_TILE, payloads=(b"", b"")))
    with pytest.raises(ValueError, match="1 are damaged"):
        write(parse(write(ONE_TILE)[:-1], salvage=True))


@pytest.mark.parametrize("value", [0, 1, 127, 128, 16383, 16384, 2**21 - 1, 2**21, 2**28, 2**32 - 1])
def test_numbers_have_one_spelling(value: int) -> None:
    spelling = varint(value)
    reader = FieldReader(spelling)
    assert reader.varint("number") == value and reader.offset == len(spelling)
    longer = spelling[:-1] + bytes([spelling[-1] | 0x80, 0])
    with pytest.raises(CorruptError, match="shortest form"):
        FieldReader(longer).varint("number")


def test_any_buffer_can_be_parsed() -> None:
    data = write(EXAMPLE)
    assert parse(bytearray(data)) == parse(memoryview(data)) == EXAMPLE


def test_the_hexdump_in_the_documents_is_what_the_writer_writes() -> None:
    fields, problem = describe(write(EXAMPLE))
    assert problem is None
    (block,) = re.findall(r"## Example\n.*?```\n(.*?)\n```", FORMAT_MD.read_text(), flags=re.DOTALL)
    assert block == format_fields(fields)


def test_the_field_table_in_the_documents_is_what_the_writer_writes() -> None:
    table = re.findall(r"^\| ([a-zA-Z ]+) \|", FORMAT_MD.read_text().split("## Fields")[1].split("## Tiles")[0], re.M)
    header = replace(EXAMPLE.header, samples=Samples(10))
    fields, _ = describe(write(replace(EXAMPLE, header=header)))
    names = [re.sub(r"^(chunk|tile) \d+( \(.*\))?", r"\1", f.name) for f in fields]
    assert list(dict.fromkeys(names)) == [name for name in table if name != "field"]


def test_the_model_registry_in_the_documents_is_the_writers() -> None:
    section = FORMAT_MD.read_text().split("## Models")[1].split("## ")[0]
    rows = re.findall(r"^\| ([\d, ]+) \| ([\w, -]+) \|", section, re.M)
    listed = {
        int(number): name
        for numbers, names in rows
        for number, name in zip(numbers.split(", "), names.split(", "), strict=True)
    }
    assert listed == MODEL_NAMES


def test_the_chunk_registry_in_the_documents_is_the_readers() -> None:
    section = FORMAT_MD.read_text().split("## Chunks")[1].split("## ")[0]
    rows = re.findall(r"^\| (\d+) \| ([\w ]+) \|", section, re.M)
    assert {int(n): name.upper().replace(" ", "_") for n, name in rows} == {t.value: t.name for t in ChunkType}


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tintype.codec.container", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_module_prints_a_file_field_by_field(tmp_path: Path) -> None:
    path = tmp_path / "example.tint"
    path.write_bytes(write(EXAMPLE))
    done = run_module(str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == format_fields(describe(write(EXAMPLE))[0]) + "\n"


def test_the_module_prints_a_damaged_file_and_says_where(tmp_path: Path) -> None:
    path = tmp_path / "damaged.tint"
    data = bytearray(write(EXAMPLE))
    data[40] ^= 1
    path.write_bytes(data)
    done = run_module(str(path))
    assert done.returncode == 3
    assert re.search(r"tile 0 CRC +WRONG", done.stdout) and re.search(r"tile 1 CRC +holds", done.stdout)
    assert done.stderr.startswith(f"{path}: tile 0, 5 bytes from byte 40, is damaged")


def test_the_module_says_what_it_cannot_open(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.tint")
    done = run_module(missing)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == f"{missing}: No such file or directory\n"
    assert run_module().returncode == 2
