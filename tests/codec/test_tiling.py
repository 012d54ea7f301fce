"""Tiles partition the picture, look at real neighbours, and come back to where they were cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.codec.tiling import (
    Rect,
    Tile,
    Tiling,
    core_of,
    extract,
    largest_tile_pixels,
    network_size,
    tile_count,
    tile_grid,
)

STRIDE = 64
Layout = tuple[int, int, Tiling, int]  # width, height, tiling, stride

no_deadline = settings(deadline=None)  # the machine may be busy

SIZES = [
    (1, 1),
    (1, 2000),
    (2000, 1),
    (7, 9),
    (504, 504),
    (505, 1009),
    (1024, 1024),
    (1025, 1024),
    (4032, 3024),
]


def pattern(width: int, height: int, channels: int = 3) -> np.ndarray:
    """A picture whose values repeat with the prime period 251, so that swapped blocks cannot pass."""
    values = np.arange(width * height * channels) % 251
    picture = values.astype(np.uint8).reshape(height, width, channels)
    return picture if channels == 3 else picture[:, :, 0]


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Small pictures with small tiles: every case of the rule within a few pixels."""
    width, height = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    core = draw(st.one_of(st.just(0), st.integers(9, 40)))
    margin = draw(st.integers(0, 9)) if core else 0
    return width, height, Tiling(core, margin), draw(st.sampled_from([1, 2, 8, 64]))


@no_deadline
@given(layouts())
def test_cores_partition_the_picture(layout: Layout) -> None:
    width, height, tiling, stride = layout
    covered = np.zeros((height, width), int)
    for tile in tile_grid(width, height, tiling, stride):
        covered[tile.core.slices] += 1
    assert (covered == 1).all()


@no_deadline
@given(layouts())
def test_sources_are_cores_and_margins_inside_the_picture(layout: Layout) -> None:
    width, height, tiling, stride = layout
    for tile in tile_grid(width, height, tiling, stride):
        core, source = tile.core, tile.source
        assert source.left == max(0, core.left - tiling.margin)
        assert source.top == max(0, core.top - tiling.margin)
        assert source.right == min(width, core.right + tiling.margin)
        assert source.bottom == min(height, core.bottom + tiling.margin)


@no_deadline
@given(layouts())
def test_sides_at_the_network_are_the_least_multiples_of_the_stride(layout: Layout) -> None:
    width, height, tiling, stride = layout
    for tile in tile_grid(width, height, tiling, stride):
        assert tile.width % stride == tile.height % stride == 0
        needed = min(width, tile.core.right + tiling.margin) - tile.source.left
        assert needed <= tile.width < needed + stride


@no_deadline
@given(layouts())
def test_count_and_largest_tile_are_known_without_the_grid(layout: Layout) -> None:
    width, height, tiling, stride = layout
    tiles = tile_grid(width, height, tiling, stride)
    assert tile_count(width, height, tiling) == len(tiles)
    assert largest_tile_pixels(width, height, tiling) == max(t.core.width * t.core.height for t in tiles)
    seen = [tile.width * tile.height for tile in tiles]
    assert network_size(width, height, tiling, stride) == (sum(seen), max(seen))


@no_deadline
@given(layouts())
def test_no_core_is_a_sliver(layout: Layout) -> None:
    width, height, tiling, stride = layout
    for tile in tile_grid(width, height, tiling, stride):
        for side, whole in ((tile.core.width, width), (tile.core.height, height)):
            assert side == whole or tiling.core / 2 <= side < 1.5 * tiling.core


@no_deadline
@given(layouts())
def test_every_pixel_comes_back_to_its_place(layout: Layout) -> None:
    width, height, tiling, stride = layout
    picture = pattern(width, height)
    decoded = np.full_like(picture, 255)
    for tile in tile_grid(width, height, tiling, stride):
        decoded[tile.core.slices] = core_of(extract(picture, tile), tile, grey=False)
    np.testing.assert_array_equal(decoded, picture)


@pytest.mark.parametrize("width, height", SIZES)
def test_real_sizes_come_back_under_the_default_tiling(width: int, height: int) -> None:
    picture = pattern(width, height)
    decoded = np.full_like(picture, 255)
    for tile in tile_grid(width, height, Tiling.default(width, height), STRIDE):
        decoded[tile.core.slices] = core_of(extract(picture, tile), tile, grey=False)
    np.testing.assert_array_equal(decoded, picture)


def test_grey_pictures_come_back_in_two_dimensions() -> None:
    picture = pattern(1100, 1000, channels=1)
    decoded = np.full_like(picture, 255)
    for tile in tile_grid(1100, 1000, Tiling.default(1100, 1000), STRIDE):
        pixels = extract(picture, tile)
        assert (pixels[0] == pixels[1]).all() and (pixels[0] == pixels[2]).all()
        decoded[tile.core.slices] = core_of(pixels, tile, grey=True)
    np.testing.assert_array_equal(decoded, picture)


def test_a_picture_of_two_to_the_twenty_pixels_is_one_tile() -> None:
    assert Tiling.default(1024, 1024) == Tiling()
    assert Tiling.default(1025, 1024) == Tiling(504, 4)
    assert Tiling.default(16384, 64) == Tiling.default(1, 16384) == Tiling()  # a row costs as much as 64
    assert Tiling.default(16385, 1) == Tiling.default(1, 65535) == Tiling.default(64, 65535) == Tiling(4088, 4)
    assert Tiling.default(65, 65535) == Tiling(504, 4)


def test_a_thin_picture_above_the_limit_is_one_row_of_tiles_as_large_as_others() -> None:
    tiles = tile_grid(65535, 17, Tiling.default(65535, 17), STRIDE)
    assert [tile.core.width for tile in tiles] == [4088] * 15 + [65535 - 15 * 4088]
    assert {tile.core.height for tile in tiles} == {17}
    assert tiles[1].width * tiles[1].height == 512 * 512


def test_tiles_that_would_be_only_one_become_the_whole_picture() -> None:
    assert Tiling.of(600, 500, 504, 4) == Tiling()
    assert Tiling.of(756, 500, 504, 4) == Tiling(504, 4)


@pytest.mark.parametrize("width, cores", [(1259, [504, 755]), (1260, [504, 504, 252]), (1261, [504, 504, 253])])
def test_a_remainder_of_less_than_half_a_core_joins_its_neighbour(width: int, cores: list[int]) -> None:
    tiles = tile_grid(width, 504, Tiling(504, 4), STRIDE)
    assert [tile.core.width for tile in tiles] == cores


def test_every_tile_of_twelve_megapixels_is_512_at_the_network() -> None:
    tiles = tile_grid(4032, 3024, Tiling.default(4032, 3024), STRIDE)
    assert len(tiles) == 48
    assert {(tile.width, tile.height) for tile in tiles} == {(512, 512)}


def test_margins_are_real_neighbours() -> None:
    first, second, third = tile_grid(1512, 400, Tiling(504, 4), STRIDE)
    assert first == Tile(Rect(0, 0, 504, 400), Rect(0, 0, 508, 400), height=448, width=512)
    assert second == Tile(Rect(504, 0, 504, 400), Rect(500, 0, 512, 400), height=448, width=512)
    assert third == Tile(Rect(1008, 0, 504, 400), Rect(1004, 0, 508, 400), height=448, width=512)
    assert [tile.crop.left for tile in (first, second, third)] == [0, 4, 4]


def test_extracted_tiles_are_contiguous_float32() -> None:
    (tile,) = tile_grid(7, 9, Tiling(), STRIDE)
    pixels = extract(pattern(7, 9), tile)
    assert pixels.dtype == np.float32 and pixels.flags.c_contiguous and pixels.shape == (3, 64, 64)


def test_placing_rounds_halves_up_and_clips() -> None:
    (tile,) = tile_grid(7, 1, Tiling(), 1)
    values = np.array([-1.0, 0.5 / 255, 1.5 / 255, 2.49 / 255, 254.5 / 255, 1.5, np.nan], np.float32)
    picture = core_of(np.broadcast_to(values, (3, 1, 7)), tile, grey=False)
    assert picture[0, :, 0].tolist() == [0, 1, 2, 2, 255, 255, 0]


def test_infinite_pixels_are_clipped() -> None:
    (tile,) = tile_grid(2, 1, Tiling(), 1)
    picture = core_of(np.broadcast_to(np.array([-np.inf, np.inf], np.float32), (3, 1, 2)), tile, grey=True)
    assert picture.tolist() == [[0, 255]]
