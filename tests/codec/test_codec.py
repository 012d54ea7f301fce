"""The whole codec without a network: encoder, container, coder, decoder on the toy model."""

import threading
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.codec.graphics.drawings import page
from tests.pictures import deep_picture, picture
from tests.toy import ToyModel
from tintype.codec import decoder
from tintype.codec.container.file import ChunkType, Container, parse, write
from tintype.codec.container.header import Samples
from tintype.codec.encoder import Encoder
from tintype.codec.graphics.choose import Content
from tintype.codec.reducing import boxed
from tintype.codec.tile_model import Numerics
from tintype.codec.tiling import Region, Tiling
from tintype.errors import CorruptError, InputError
from tintype.pixels import Pixels

SIZES = [(1, 1), (1, 2000), (7, 9), (504, 504), (505, 300)]


@pytest.mark.parametrize("size", SIZES)
def test_sizes_come_back_and_quality_rises_with_the_level(size: tuple[int, int]) -> None:
    model, original = ToyModel(), picture(*size)
    errors = []
    for level in (0, 4, 7):
        decoded = decoder.decode(parse(Encoder(model, original).encode(level)), model)
        assert decoded.shape == original.shape
        errors.append(np.mean((decoded.astype(float) - original) ** 2))
    assert errors[0] >= errors[1] >= errors[2]
    assert errors[2] < 1.0


def test_any_number_of_threads_gives_the_same_bytes_and_pixels() -> None:
    model, original = ToyModel(), picture(300, 410)
    tiling = Tiling.of(410, 300, 96, 16)
    files = {Encoder(model, original, tiling, threads).encode(4) for threads in (1, 2, 5)}
    assert len(files) == 1
    container = parse(files.pop())
    one, five = (decoder.decode(container, model, threads) for threads in (1, 5))
    assert np.array_equal(one, five)


class _TwoAtATime(ToyModel):
    """Its analysis ends only when that of another tile has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.both = threading.Barrier(2, timeout=20)

    def analyse(self, pixels: Pixels) -> NDArray[np.float32]:
        self.both.wait()
        return super().analyse(pixels)


def test_threads_do_not_wait_for_each_other_where_tiles_are_looked_at() -> None:
    original = picture(128, 64)
    data = Encoder(_TwoAtATime(), original, Tiling.of(128, 64, 64, 8), threads=2, content="auto").encode(4)
    assert len(parse(data).tiles) == 2


class _OneAtATime(ToyModel):
    """Refuses to work on a thread of a pool."""

    tiles_in_parallel = False

    def analyse(self, pixels: Pixels) -> NDArray[np.float32]:
        assert threading.current_thread() is threading.main_thread()
        return super().analyse(pixels)

    def synthesise(self, latents: NDArray[np.float32], level: int) -> Pixels:
        assert threading.current_thread() is threading.main_thread()
        return super().synthesise(latents, level)


def test_a_model_that_takes_one_tile_at_a_time_is_asked_by_one_thread() -> None:
    original, tiling = picture(150, 210), Tiling.of(210, 150, 64, 4)
    data = Encoder(_OneAtATime(), original, tiling, threads=5).encode(4)
    assert data == Encoder(ToyModel(), original, tiling, threads=5).encode(4)
    decoder.decode(parse(data), _OneAtATime(), threads=5)


def test_grey_pictures_stay_grey() -> None:
    model, original = ToyModel(), picture(40, 50)[..., 0]
    decoded = decoder.decode(parse(Encoder(model, original).encode(7)), model)
    assert decoded.shape == (40, 50)
    assert np.abs(decoded.astype(int) - original).max() <= 3


def test_kept_analyses_give_the_same_files_as_fresh_ones() -> None:
    model, original = ToyModel(), picture(60, 70)
    kept = Encoder(model, original, keep=True)
    assert [kept.encode(level) for level in (1, 6)] == [Encoder(model, original).encode(level) for level in (1, 6)]


def test_a_level_above_the_models_is_damage() -> None:
    model = ToyModel()
    container = parse(Encoder(model, picture(8, 8)).encode(3))
    broken = Container(
        header=type(container.header)(
            **{name: getattr(container.header, name) for name in container.header.__slots__} | {"level": 8}
        ),
        payloads=container.payloads,
    )
    with pytest.raises(CorruptError, match="level 8"):
        decoder.decode(broken, model)


def test_a_payload_of_other_content_is_an_error_that_names_the_tile() -> None:
    model, original = ToyModel(), picture(200, 200)
    container = parse(Encoder(model, original, Tiling.of(200, 200, 100, 4)).encode(4))
    first, *others = container.payloads
    broken = Container(container.header, (first, bytes(len(others[0])), *others[1:]))
    with pytest.raises(CorruptError, match="tile 1"):
        decoder.decode(broken, model, threads=2)


def test_salvage_decodes_the_tiles_that_are_whole() -> None:
    model, original = ToyModel(), picture(200, 200)
    data = bytearray(Encoder(model, original, Tiling.of(200, 200, 100, 4)).encode(7))
    data[-10] ^= 1  # in the last tile's payload
    container = parse(bytes(data), salvage=True)
    salvaged, damage = decoder.salvage(container, model)
    assert list(damage) == [3] and damage == container.damage
    assert np.abs(salvaged[:96, :96].astype(int) - original[:96, :96]).max() <= 3
    assert (salvaged[104:, 104:] == 128).all()


def test_salvage_also_greys_tiles_whose_payload_cannot_be_decoded() -> None:
    model, original = ToyModel(), picture(200, 200)
    container = parse(Encoder(model, original, Tiling.of(200, 200, 100, 4)).encode(7))
    first, second, *others = container.payloads
    broken = write(replace(container, payloads=(first, bytes(len(second)), *others)))
    for threads in (1, 2):
        salvaged, damage = decoder.salvage(parse(broken, salvage=True), model, threads)
        assert list(damage) == [1] and "tile 1: " in str(damage[1])
        assert (salvaged[:96, 104:] == 128).all()
        assert np.array_equal(salvaged[104:], decoder.decode(container, model)[104:])
    with pytest.raises(CorruptError, match="tile 1"):  # `decode` gives whole pictures alone
        decoder.decode(parse(broken, salvage=True), model)


class _FloatToy(ToyModel):
    """Claims rows that depend on the machine, so that its files need row hashes."""

    def __init__(self) -> None:
        super().__init__()
        self.identity = replace(self.identity, numerics=Numerics("float32", 1, "toy", "CPU"))


def test_a_float_models_file_without_row_hashes_is_decoded_only_in_salvage() -> None:
    model, original = _FloatToy(), picture(40, 50)
    data = bytearray(Encoder(model, original).encode(7))
    whole = decoder.decode(parse(data), model)
    container = parse(data)
    others = tuple(chunk for chunk in container.chunks if chunk.type != ChunkType.ROW_HASHES)
    assert len(others) < len(container.chunks)
    with pytest.raises(CorruptError, match="lacks the chunk ROW_HASHES"):
        decoder.decode(replace(container, chunks=others), model)
    data[data.index(container.chunk(ChunkType.ROW_HASHES))] ^= 1
    salvaged = parse(data, salvage=True)
    assert salvaged.chunk(ChunkType.ROW_HASHES) is None and not salvaged.damage
    assert np.array_equal(decoder.salvage(salvaged, model)[0], whole)


@pytest.mark.parametrize("tiling", [Tiling(), Tiling(64, 4)])
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("depth", [8, 10, 12, 16])
def test_pictures_of_any_depth_come_back_in_it(depth: int, grey: bool, tiling: Tiling) -> None:
    model, original = ToyModel(), deep_picture(150, 200, depth)[..., slice(0, 3) if not grey else 0]
    samples = Samples(depth, primaries=9, transfer=16)
    files = {Encoder(model, original, tiling, threads, samples=samples).encode(7) for threads in (1, 2)}
    container = parse(files.pop())
    assert not files
    assert container.header.samples == samples
    one, two = (decoder.decode(container, model, threads) for threads in (1, 2))
    assert (one.shape, one.dtype) == (original.shape, original.dtype)
    assert np.array_equal(one, two)
    error = np.abs(one.astype(float) - original) / (2**depth - 1) * 255
    assert error.mean() < 1


def test_salvage_of_a_deep_picture_with_tiles_puts_mid_grey_where_one_is_damaged() -> None:
    model, original = ToyModel(), deep_picture(150, 200, 16)
    data = bytearray(Encoder(model, original, Tiling(64, 4), samples=Samples(16)).encode(7))
    data[-10] ^= 1  # in the last tile's payload
    salvaged, _ = decoder.salvage(parse(bytes(data), salvage=True), model)
    assert np.abs(salvaged[:60].astype(float) - original[:60]).max() < 4 * 257
    assert (salvaged[70:, 140:] == 128 * 257).all()


# Regions


class _CountingToy(ToyModel):
    """Counts the tiles that are decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.tiles = 0

    def synthesise(self, latents: NDArray[np.float32], level: int) -> Pixels:
        self.tiles += 1
        return super().synthesise(latents, level)


@st.composite
def regions(draw: st.DrawFn, width: int, height: int) -> Region:
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    return left, top, draw(st.integers(1, width - left)), draw(st.integers(1, height - top))


@pytest.mark.parametrize("depth, grey", [(8, False), (8, True), (16, False), (12, True)])
@settings(deadline=None, max_examples=25)  # the machine may be busy
@given(data=st.data(), core=st.integers(64, 130), margin=st.integers(0, 32))
def test_a_region_is_a_crop_of_the_whole(depth: int, grey: bool, data: st.DataObject, core: int, margin: int) -> None:
    width, height, model = 310, 270, ToyModel()
    original = deep_picture(height, width, depth)[..., 0 if grey else slice(0, 3)]
    tiling = Tiling.of(width, height, core, min(margin, core // 4))
    file = Encoder(model, original, tiling, samples=Samples(depth)).encode(4)
    whole = decoder.decode(parse(file), model)
    for _ in range(4):
        left, top, w, h = region = data.draw(regions(width, height))
        found = decoder.decode(parse(file, region=region), model, threads=2)
        assert np.array_equal(found, whole[top : top + h, left : left + w])


@pytest.mark.parametrize("content", ["screen", "exact"])
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_a_region_of_graphics_is_a_crop_too(content: Content, data: st.DataObject) -> None:
    file = _mixed_file(content)
    container, model = parse(file), ToyModel()
    assert container.graphics
    whole = decoder.decode(container, model)
    left, top, w, h = region = data.draw(regions(whole.shape[1], whole.shape[0]))
    found = decoder.decode(parse(file, region=region), model)
    assert np.array_equal(found, whole[top : top + h, left : left + w])


@cache
def _mixed_file(content: Content) -> bytes:
    """Pages beside photographs, so that tiles are covered as a whole, in part, and not at all."""
    original = picture(420, 560)
    original[:200, :300] = page(200, 300)
    original[250:420, 200:380] = page(170, 180)
    margin = 0 if content == "exact" else 8
    return Encoder(ToyModel(), original, Tiling.of(560, 420, 90, margin), content=content).encode(4)


def test_a_region_decodes_its_tiles_alone() -> None:
    model = _CountingToy()
    file = Encoder(model, picture(300, 300), Tiling.of(300, 300, 100, 4)).encode(4)
    for region, tiles in (((0, 0, 96, 96), 1), ((0, 0, 97, 96), 2), ((104, 104, 92, 92), 1), ((95, 95, 110, 110), 9)):
        model.tiles = 0
        decoder.decode(parse(file, region=region), model)
        assert model.tiles == tiles, region


def test_a_region_does_not_mind_damage_elsewhere() -> None:
    model = ToyModel()
    data = bytearray(Encoder(model, picture(200, 200), Tiling.of(200, 200, 100, 4)).encode(4))
    whole = decoder.decode(parse(data), model)
    data[-10] ^= 1  # in the last tile's payload
    assert np.array_equal(decoder.decode(parse(data, region=(3, 4, 90, 80)), model), whole[4:84, 3:93])
    with pytest.raises(CorruptError, match="tile 3"):
        parse(data, region=(3, 4, 100, 100))
    pixels, damage = decoder.salvage(parse(data, salvage=True, region=(90, 90, 60, 60)), model)
    assert list(damage) == [3] and (pixels[14:, 14:] == 128).all()


@pytest.mark.parametrize(
    "region", [(0, 0, 0, 1), (0, 0, 1, 0), (-1, 0, 5, 5), (0, 0, 201, 1), (0, 150, 5, 51), (200, 0, 1, 1)]
)
def test_a_region_outside_the_picture_is_refused(region: Region) -> None:
    data = Encoder(ToyModel(), picture(200, 200)).encode(4)
    with pytest.raises(InputError, match="is not inside the picture of 200 x 200 pixels"):
        parse(data, region=region)


@pytest.mark.parametrize("region", [(1, 2, 3), (1, 2, 3, 4, 5), (0.5, 0, 1, 1), 7])
def test_what_is_no_region_is_refused(region: Any) -> None:
    with pytest.raises(InputError, match="four whole numbers"):
        parse(Encoder(ToyModel(), picture(20, 20)).encode(4), region=region)


# Reduced pictures


@pytest.mark.parametrize("tiling", [Tiling(), Tiling(64, 4), Tiling(100, 8), Tiling(90, 6), Tiling(65, 3)], ids=str)
@pytest.mark.parametrize("depth, grey", [(8, False), (16, True)])
@pytest.mark.parametrize("reduce", [2, 4, 8])
def test_a_reduced_picture_has_the_means_of_boxes(reduce: int, depth: int, grey: bool, tiling: Tiling) -> None:
    model, original = ToyModel(), deep_picture(157, 203, depth)[..., 0 if grey else slice(0, 3)]
    container = parse(Encoder(model, original, tiling, samples=Samples(depth)).encode(6))
    expected = boxed(decoder.decode(container, model), reduce)
    found = decoder.decode(container, model, threads=2, reduce=reduce)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    # at the right and at the bottom a box may also hold what continues the picture
    inside = np.abs(found.astype(float) - expected)[: 157 // reduce, : 203 // reduce] / (2**depth - 1) * 255
    # rounding to samples comes before the means in one and after them in the other, and blending is coarser
    assert inside.max() < 3 and inside.mean() < 0.6
    assert np.abs(found.astype(float) - expected).max() < 0.2 * 2**depth


@pytest.mark.parametrize("content", ["screen", "exact"])
@pytest.mark.parametrize("reduce", [2, 4, 8])
def test_graphics_are_reduced_too(content: Content, reduce: int) -> None:
    original = picture(420, 560)
    original[:200, :300] = page(200, 300)
    tiling = Tiling.of(560, 420, 92, 0 if content == "exact" else 8)
    container, model = parse(Encoder(ToyModel(), original, tiling, content=content).encode(6)), ToyModel()
    assert container.graphics
    expected = boxed(decoder.decode(container, model), reduce).astype(float)
    found = decoder.decode(container, model, reduce=reduce)
    error = np.abs(found - expected)
    assert found.shape == expected.shape and error.mean() < 0.6 and np.quantile(error, 0.99) < 6


@pytest.mark.parametrize("reduce", [2, 4, 8])
def test_a_reduced_region_is_a_crop_of_the_reduced_picture(reduce: int) -> None:
    model, original = ToyModel(), picture(157, 203)
    file = Encoder(model, original, Tiling(64, 4)).encode(6)
    whole = decoder.decode(parse(file), model, reduce=reduce)
    for left, top, right, bottom in ((8, 16, 200, 152), (64, 0, 203, 157), (56, 56, 72, 80), (0, 152, 203, 157)):
        found = decoder.decode(parse(file, region=(left, top, right - left, bottom - top)), model, reduce=reduce)
        rows, columns = slice(top // reduce, -(-bottom // reduce)), slice(left // reduce, -(-right // reduce))
        assert np.array_equal(found, whole[rows, columns])
    for region in ((1, 0, 8, 8), (0, 0, 8, 9), (8, 8, 193, 8)):
        with pytest.raises(InputError, match=f"multiples of {reduce}"):
            decoder.decode(parse(file, region=region), model, reduce=reduce)


def test_a_quarter_needs_no_synthesis_where_the_model_can_do_without() -> None:
    model = _CountingToy()
    container = parse(Encoder(model, picture(300, 300), Tiling.of(300, 300, 100, 4)).encode(4))
    for reduce, synthesised in ((2, 9), (4, 0), (8, 0)):
        model.tiles = 0
        decoder.decode(container, model, reduce=reduce)
        assert model.tiles == synthesised


@pytest.mark.parametrize("reduce", [0, 3, 16, -2])
def test_other_factors_are_refused(reduce: int) -> None:
    model = ToyModel()
    with pytest.raises(InputError, match=f"reduce={reduce}: possible are 1, 2, 4, 8"):
        decoder.decode(parse(Encoder(model, picture(20, 20)).encode(4)), model, reduce=reduce)


def test_salvage_of_a_reduced_picture_is_grey_where_a_tile_is_damaged() -> None:
    model = ToyModel()
    data = bytearray(Encoder(model, picture(200, 200), Tiling.of(200, 200, 100, 4)).encode(7))
    data[-10] ^= 1  # in the last tile's payload
    for reduce in (2, 4, 8):
        pixels, damage = decoder.salvage(parse(bytes(data), salvage=True), model, reduce=reduce)
        assert list(damage) == [3] and (pixels[-(-104 // reduce) :, -(-104 // reduce) :] == 128).all()
