"""Files that are damaged, unsupported or ask for too much end in an error of the decoder for browsers, at once."""

import random
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.golden.make_tagged import FOLDER
from tests.hostile import claiming
from tests.pictures import deep_picture, picture
from tintype import Codec
from tintype.codec.container.file import MAGIC, Chunk, Container, parse, read_layout, write
from tintype.codec.container.header import MODEL_NAMES, Samples
from tintype.codec.tiling import WHOLE_PICTURE, Tiling
from tintype.errors import CorruptError, FormatError, TintypeError, TruncatedError, UnsupportedError

if TYPE_CHECKING:
    from tests.web.browser import Browser


def error_of(browser: "Browser", data: bytes, **options: object) -> tuple[str, str]:
    """Kind and message; fails if the file is decoded, or something else is thrown."""
    from tests.web.browser import TintError

    with pytest.raises(TintError) as caught:
        browser.samples(data, **options)
    return caught.value.kind, str(caught.value)


def golden(kind: str) -> bytes:
    return (FOLDER / "0.2.0" / f"pico-s-{kind}.tint").read_bytes()


@pytest.fixture(scope="module")
def small() -> bytes:
    """Every field of the header, chunks, graphics and symbols in few bytes."""
    image = np.dstack([picture(90, 100), picture(90, 100, 2)[..., 0]])
    image[:40, :50] = 255 * (np.arange(50)[:, None] // 3 % 2)
    return Codec(tile=64).encode(image, quality=5, content="screen")


def test_a_file_that_ends_early_is_truncated(browser: "Browser", small: bytes) -> None:
    for length in {*range(60), *range(60, len(small), 23), len(small) - 1}:
        assert error_of(browser, small[:length])[0] == "truncated"


def test_bytes_after_the_end_are_refused(browser: "Browser", small: bytes) -> None:
    assert error_of(browser, small + b"\0")[0] == "corrupt"


def test_a_changed_bit_anywhere_is_noticed(browser: "Browser", small: bytes) -> None:
    layout = read_layout(small)
    rest = range(layout.sections[0].begin, len(small), 11)
    for at in [*range(layout.sections[0].begin), *rest, *(section.end - 1 for section in layout.sections)]:
        damaged = bytearray(small)
        damaged[at] ^= 1 << at % 8
        assert error_of(browser, bytes(damaged))[0] in {"format", "corrupt", "truncated", "unsupported"}, at


def resigned(container: Container, rng: random.Random) -> Iterator[bytes]:
    """Files whose checksums hold, with bytes of payloads or chunks changed."""
    parts = [*(chunk.data for chunk in container.chunks), *container.payloads]
    for _ in range(25):
        changed = [bytearray(part) for part in parts]
        part = rng.choice([part for part in changed if part])
        for _ in range(rng.choice([1, 1, 3])):
            part[min(int(rng.expovariate(0.1)), len(part) - 1)] = rng.randrange(256)
        if rng.random() < 0.2:
            del part[rng.randrange(len(part)) :]
        count = len(container.chunks)
        chunks = tuple(Chunk(old.type, bytes(new)) for old, new in zip(container.chunks, changed, strict=False))
        yield write(replace(container, chunks=chunks, payloads=tuple(bytes(each) for each in changed[count:])))


@pytest.mark.parametrize("kind", ["low", "tiny", "png", "avif", "webp", "alpha", "deep-exact"])
def test_damage_under_checksums_is_judged_as_python_judges_it(browser: "Browser", kind: str) -> None:
    from tests.web.browser import TintError

    refused = 0
    for data in resigned(parse(golden(kind)), random.Random(kind)):
        verdict, pixels = "decoded", None
        try:
            pixels = Codec().decode_picture(data).pixels
        except FormatError as error:
            verdict = "truncated" if isinstance(error, TruncatedError) else "corrupt"
        try:
            found = browser.samples(data)
        except TintError as error:
            refused += 1
            # PNG is read by other code, which may be the stricter one: Pillow passes over some damage of streams
            assert error.kind == verdict or (kind in {"png", "deep-exact"} and verdict == "decoded")
        else:
            assert pixels is not None
            np.testing.assert_array_equal(found.samples, pixels)
    assert refused > 5


def test_changed_headers_under_their_checksum_are_judged_as_python_judges_them(
    browser: "Browser", small: bytes
) -> None:
    kinds = {TruncatedError: "truncated", CorruptError: "corrupt", UnsupportedError: "unsupported"}
    rng, seen = random.Random(3), set()
    end = read_layout(small).sections[0].begin - 4
    for _ in range(200):
        header = bytearray(small[:end])
        for _ in range(rng.choice([1, 1, 2])):
            # small numbers are what most fields hold
            header[rng.randrange(len(MAGIC), end)] = rng.choice([rng.randrange(256), rng.randrange(8), 0x80])
        if bytes(header) == small[:end]:
            continue
        data = bytes(header) + zlib.crc32(header).to_bytes(4, "little") + small[end + 4 :]
        with pytest.raises(TintypeError) as wanted:
            parse(data)
        kind = kinds[wanted.type]
        assert error_of(browser, data)[0] == kind, str(wanted.value)
        seen.add(kind)
    assert seen == set(kinds.values())


@pytest.mark.parametrize(
    ("width", "height", "tiling", "limit"),
    [
        (16000, 16000, Tiling(504, 4), "maxPixels"),
        (65535, 1000, Tiling(64, 16), "maxNetworkPixels"),
        (4000, 4000, WHOLE_PICTURE, "maxTilePixels"),
    ],
)
def test_files_that_ask_for_much_are_refused_at_once(
    browser: "Browser", width: int, height: int, tiling: Tiling, limit: str
) -> None:
    data = claiming(width, height, tiling)
    browser.samples(golden("tiny"))  # what is loaded once
    begin = time.perf_counter()
    kind, message = error_of(browser, data)
    assert kind == "limit" and limit in message
    assert time.perf_counter() - begin < 2


def test_limits_can_be_set(browser: "Browser") -> None:
    data = golden("low")  # 210 x 150
    assert error_of(browser, data, limits={"maxPixels": 210 * 150 - 1})[0] == "limit"
    assert browser.samples(data, limits={"maxPixels": 210 * 150}).samples.shape == (150, 210, 3)
    assert error_of(browser, data, limits={"maxPixel": 5})[0] == "input"
    assert error_of(browser, data, limits={"maxPixels": "many"})[0] == "input"


def test_planes_and_graphics_of_another_size_are_refused_before_they_are_decoded(browser: "Browser") -> None:
    opaque, (plane, *_) = parse(Codec().encode(picture(90, 71), content="photo")), parse(golden("alpha")).chunks
    moved = [replace(opaque, chunks=(plane,))]  # of a picture of 70 x 90
    for kind in ("webp", "avif"):
        container = parse(golden(kind))
        moved.append(replace(container, header=replace(container.header, tiling=Tiling(112, 4))))  # cores of 120
    for container in moved:
        asked = len(browser.images)
        assert error_of(browser, write(container))[0] == "corrupt"
        assert len(browser.images) == asked


def test_what_browsers_do_not_decode_is_unsupported(browser: "Browser") -> None:
    container = parse(golden("tiny"))
    header = container.header
    hpcm = next(number for number, name in MODEL_NAMES.items() if name.startswith("hpcm"))
    newer = bytearray(golden("tiny"))
    newer[len(MAGIC)] = 2
    for data, words in [
        (bytes(newer), "version 2"),
        (write(replace(container, header=replace(header, model=hpcm))), "not pico"),
        (write(replace(container, header=replace(header, weights_hash=bytes(8)))), "0000000000000000"),
        (write(replace(container, header=replace(header, colour=2))), "colour type 2"),
        (write(replace(container, header=replace(header, samples=Samples(matrix=1)))), "matrix 1"),
        (write(replace(container, chunks=(Chunk(1023, b""),))), "chunk 1023"),
    ]:
        kind, message = error_of(browser, data)
        assert kind == "unsupported" and words in message
    kind, message = error_of(browser, golden("psnr-tiny"), models=["pico-s"])
    assert kind == "unsupported" and header.weights_hash.hex() in message
    assert error_of(browser, golden("alpha"), images=False)[0] == "unsupported"


def test_levels_and_models_that_the_weights_lack_are_damage(browser: "Browser") -> None:
    container = parse(golden("tiny"))
    for header in (replace(container.header, level=71), replace(container.header, model=2)):
        assert error_of(browser, write(replace(container, header=header)))[0] == "corrupt"


def test_unknown_even_chunks_are_skipped(browser: "Browser") -> None:
    container = parse(golden("tiny"))
    data = write(replace(container, chunks=(Chunk(12, b"a\0"), Chunk(12, b"b\0"), Chunk(1022, b"new"))))
    np.testing.assert_array_equal(browser.samples(data).samples, Codec().decode_picture(golden("tiny")).pixels)


def test_other_files_are_no_tint_files(browser: "Browser") -> None:
    assert error_of(browser, b"\x89PNG\r\n\x1a\n" + bytes(40))[0] == "format"


def test_a_caller_can_abort(browser: "Browser") -> None:
    assert error_of(browser, golden("low"), abort=True)[0] == "aborted"


def test_deep_pictures_refuse_samples_above_their_depth(browser: "Browser") -> None:
    exact = parse(Codec().encode(deep_picture(20, 28, 16), lossless=True))
    header = replace(exact.header, samples=replace(exact.header.samples, depth=12))
    kind, message = error_of(browser, write(replace(exact, header=header)))
    assert kind == "corrupt" and "more than 12 bits" in message


def test_a_sound_file_is_decoded_after_each_of_these(browser: "Browser") -> None:
    damaged = parse(golden("low"))
    error_of(browser, write(replace(damaged, payloads=tuple(part[:-9] for part in damaged.payloads))))
    found = browser.samples(golden("low"))
    np.testing.assert_array_equal(found.samples, Codec().decode_picture(golden("low")).pixels)


def test_models_and_engines_that_are_damaged_are_refused(browser: "Browser") -> None:
    model = bytearray((browser.built / "pico-s.tintweb").read_bytes())
    model[100000] ^= 1
    (browser.built / "damaged.tintweb").write_bytes(model)
    (browser.built / "short.tintweb").write_bytes(model[:10])
    for name in ("damaged", "short"):
        assert error_of(browser, golden("tiny"), models=[name])[0] == "input"
    (browser.built / "empty.wasm").write_bytes(b"\0asm\1\0\0\0")
    assert error_of(browser, golden("tiny"), engine="empty.wasm")[0] == "input"
    (browser.built / "damaged.wasm").write_bytes(b"\0asm\1\0\0\0\xff")
    assert error_of(browser, golden("tiny"), engine="damaged.wasm")[0] == "unsupported"
    assert error_of(browser, golden("tiny"), engine=None, missing=["engine.wasm", "engine-relaxed.wasm"])[0] == "input"


def test_a_model_that_is_cut_under_its_checksum_is_refused(browser: "Browser") -> None:
    whole = (browser.built / "pico-s.tintweb").read_bytes()
    for length in (60, 100_000, 4_000_000, len(whole) - 5):
        cut = whole[:length]
        (browser.built / f"cut{length}.tintweb").write_bytes(cut + zlib.crc32(cut).to_bytes(4, "little"))
        kind, message = error_of(browser, golden("tiny"), models=[f"cut{length}"])
        assert kind == "input" and "the model's file ends within" in message


def test_a_picture_for_which_there_is_no_memory_is_refused_and_the_next_one_is_decoded(
    browser: "Browser", monkeypatch: pytest.MonkeyPatch
) -> None:
    from web import build

    monkeypatch.setattr(build, "LINK", (*build.LINK, f"--max-memory={24 * 2**20}"))
    build.build_engine(browser.built / "small.wasm")
    large = Codec().encode(picture(512, 512), quality=30, content="photo")
    for _ in range(2):
        kind, message = error_of(browser, large, engine="small.wasm", models=["pico-s"])
        assert kind == "limit" and "not enough memory" in message
        found = browser.samples(golden("tiny"), engine="small.wasm", models=["pico-s"])
        np.testing.assert_array_equal(found.samples, Codec().decode_picture(golden("tiny")).pixels)


def test_an_engine_that_rounds_twice_is_refused(browser: "Browser") -> None:
    # a module whose function `fuses` returns 0, as that of engine-relaxed.wasm does on such machines
    types, functions = b"\x01\x05\x01\x60\x00\x01\x7f", b"\x03\x02\x01\x00"
    exports, code = b"\x07\x09\x01\x05fuses\x00\x00", b"\x0a\x06\x01\x04\x00\x41\x00\x0b"
    (browser.built / "twice.wasm").write_bytes(b"\0asm\1\0\0\0" + types + functions + exports + code)
    kind, message = error_of(browser, golden("tiny"), engine="twice.wasm")
    assert kind == "unsupported" and "rounds differently" in message
