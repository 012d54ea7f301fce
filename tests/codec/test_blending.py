import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pictures import deep_picture
from tintype.codec.blending import Canvas
from tintype.codec.tiling import Rect, Tiling, extract, tile_grid

STRIDE = 16


@pytest.mark.parametrize("depth", [8, 10, 12, 16])
@pytest.mark.parametrize("grey", [False, True])
@given(width=st.integers(1, 400), height=st.integers(1, 300), core=st.integers(64, 150), margin=st.integers(0, 37))
def test_tiles_that_agree_come_together_to_the_picture(
    grey: bool, depth: int, width: int, height: int, core: int, margin: int
) -> None:
    original = deep_picture(height, width, depth)
    if grey:
        original = original[..., 0]
    tiling = Tiling.of(width, height, core, min(margin, core // 4))  # the format's limit
    canvas = Canvas(width, height, grey, tiling, depth)
    for tile in tile_grid(width, height, tiling, STRIDE):
        canvas.add(extract(original, tile, depth), tile)
    assert canvas.picture().dtype == original.dtype
    assert np.array_equal(canvas.picture(), original)


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("region", [None, Rect(37, 60, 101, 70)])
def test_tiles_that_differ_are_weighed_by_their_distance(grey: bool, region: Rect | None) -> None:
    width, height, tiling = 200, 170, Tiling(64, 16)
    rng = np.random.default_rng(3)
    whole = Rect(0, 0, width, height)
    canvas = Canvas(width, height, grey, tiling, region=region)
    sums, weights = np.zeros((3, height, width)), np.zeros((height, width))
    for tile in tile_grid(width, height, tiling, STRIDE):
        pixels = rng.random((3, tile.height, tile.width)).astype(np.float32)
        if tile.source.common(region or whole).pixels:
            canvas.add(pixels, tile)
        # of a pixel's centre to the edges of the source that other tiles reach across, as a share of the ramp
        y, x = (np.arange(length) + 0.5 for length in (tile.source.height, tile.source.width))
        ramps = [
            np.clip(distance / 32, 0, 1) if reached else np.ones_like(distance)
            for distance, reached in (
                (y, tile.source.top > 0),
                (y[::-1], tile.source.bottom < height),
                (x, tile.source.left > 0),
                (x[::-1], tile.source.right < width),
            )
        ]
        share = np.outer(ramps[0] * ramps[1], ramps[2] * ramps[3])
        sums[(slice(None), *tile.source.slices)] += share * pixels[:, : tile.source.height, : tile.source.width]
        weights[tile.source.slices] += share
    np.testing.assert_allclose(weights, 1, atol=1e-9)
    expected = 255 * (sums.mean(0) if grey else sums.transpose(1, 2, 0))[(region or whole).slices]
    assert np.abs(canvas.picture() - expected).max() <= 0.5 + 4 / 256  # of four shares, in 1/256 of a level


def test_across_a_border_the_picture_passes_linearly_from_tile_to_tile() -> None:
    tiling = Tiling(100, 4)
    canvas = Canvas(200, 100, True, tiling)
    for value, tile in zip((0.2, 0.8), tile_grid(200, 100, tiling, STRIDE), strict=True):
        canvas.add(np.full((3, tile.height, tile.width), value, np.float32), tile)
    row = canvas.picture()[50]
    assert (row[:96] == 51).all()
    assert (row[104:] == 204).all()
    expected = 51 + 153 * (np.arange(8) + 0.5) / 8
    assert np.abs(row[96:104] - expected).max() <= 0.5 + 1e-3


def test_across_a_border_of_a_deep_picture_no_level_is_lost() -> None:
    tiling = Tiling(100, 4)
    canvas = Canvas(200, 100, True, tiling, 16)
    for value, tile in zip((1000, 1008), tile_grid(200, 100, tiling, STRIDE), strict=True):
        canvas.add(np.full((3, tile.height, tile.width), value / 65535, np.float32), tile)
    np.testing.assert_array_equal(canvas.picture()[50, 94:106], [1000, 1000, *range(1001, 1009), 1008, 1008])


@pytest.mark.parametrize("depth", [8, 12])
@pytest.mark.parametrize("margin", [0, 4])
def test_values_outside_the_range_and_nan_are_clipped(margin: int, depth: int) -> None:
    tiling = Tiling(100, margin)
    tiles = tile_grid(200, 100, tiling, STRIDE)
    canvas = Canvas(200, 100, False, tiling, depth)
    for value, tile in zip((np.inf, np.nan), tiles, strict=True):
        canvas.add(np.full((3, tile.height, tile.width), value, np.float32), tile)
    assert (canvas.picture()[:, :96] == 2**depth - 1).all()
    assert (canvas.picture()[:, 104:] == 0).all()


def test_a_missing_tile_is_mid_grey() -> None:
    tiling = Tiling(100, 4)
    first, second = tile_grid(200, 100, tiling, STRIDE)
    canvas = Canvas(200, 100, False, tiling)
    canvas.add(np.ones((3, first.height, first.width), np.float32), first)
    canvas.add_missing(second)
    assert (canvas.picture()[:, 104:] == 128).all()
    assert (canvas.picture()[:, :96] == 255).all()
