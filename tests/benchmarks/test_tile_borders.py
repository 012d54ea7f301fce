"""Borders between tiles, what tiles cost, and the mosaics they are measured on."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.mosaic import mosaic
from benchmarks.tile_borders import report, tile_borders, tiling_costs
from tests.natural import model_with_natural_look
from tests.pictures import picture
from tests.toy import ToyModel
from tintype.codec.tiling import Tiling, tile_grid
from tintype.errors import InputError
from tintype.models import load

TILES = tile_grid(200, 150, Tiling(64, 4), 16)


def test_an_equal_picture_has_no_excess() -> None:
    original = picture(150, 200)
    found = tile_borders(original, original.copy(), TILES)
    assert found.excess == 0
    assert found.error_border == found.error_elsewhere == 0


def test_an_offset_in_one_tile_shows_at_its_borders_alone() -> None:
    original = np.full((150, 200, 3), 100, np.uint8)
    decoded = original.copy()
    decoded[TILES[0].core.slices] += 10
    found = tile_borders(original, decoded, TILES)
    assert found.decoded_elsewhere == found.error_elsewhere == 0
    core = TILES[0].core
    columns = len({tile.core.left for tile in TILES}) - 1
    rows = len({tile.core.top for tile in TILES}) - 1
    expected = 10 * (core.height + core.width) / (columns * 150 + rows * 200)
    assert found.decoded_border == found.error_border == pytest.approx(expected)


def test_noise_that_knows_no_tiles_has_next_to_no_excess() -> None:
    original = picture(150, 200)
    noise = np.random.default_rng(3).integers(-3, 4, original.shape)
    found = tile_borders(original, np.clip(original + noise, 0, 255).astype(np.uint8), TILES)
    assert abs(found.excess) < 0.05
    assert abs(found.error_excess) < 0.05


def test_the_cost_of_tiles_is_measured_on_whole_files() -> None:
    pixels = picture(1100, 1010)
    costs = tiling_costs(pixels, ToyModel(), (0, 40, 70, 100))
    assert [cost.quality for cost in costs] == [0, 40, 70, 100]
    assert all(cost.tiled_bytes > cost.whole_bytes for cost in costs)  # at least the lengths of the tiles
    sizes = [cost.tiled_bytes for cost in costs]
    assert sizes == sorted(sizes)
    text = report(costs, 1100 * 1010)
    assert "BD-rate" in text and f"| {costs[1].tiled_bytes} | {costs[1].whole_bytes} |" in text


def test_larger_tiles_are_fewer_and_cost_less() -> None:
    pixels, model = picture(300, 300), ToyModel()
    small, large = (tiling_costs(pixels, model, (40,), tile=tile)[0].tiled_bytes for tile in (64, 128))
    assert small > large


def test_borders_are_those_of_the_look_that_reads(tmp_path: Path) -> None:
    path = model_with_natural_look(tmp_path)
    pixels, model = picture(150, 200), load.model(path)
    plain, drawn = (
        tiling_costs(pixels, model, (20,), tile=64, reader=reader)[0] for reader in (None, load.natural(path))
    )
    assert (plain.tiled_bytes, plain.whole_bytes) == (drawn.tiled_bytes, drawn.whole_bytes)
    assert plain.borders.original_border == drawn.borders.original_border
    assert plain.borders.decoded_border != drawn.borders.decoded_border


@pytest.mark.parametrize("tile", [None, -5, 0, 63, 400])
def test_a_picture_that_is_not_cut_or_cannot_be_is_an_error(tile: int | None) -> None:
    with pytest.raises(InputError, match="tile"):
        tiling_costs(picture(300, 300), ToyModel(), (40,), tile=tile)


def test_a_mosaic_fills_its_size_with_rows_of_pictures() -> None:
    a, b = np.full((20, 30, 3), 1, np.uint8), np.full((25, 40, 3), 2, np.uint8)
    found = mosaic([a, b], 75, 50)
    assert found.shape == (50, 75, 3)
    assert list(found[0, :, 0]) == [1] * 30 + [2] * 40 + [1] * 5
    assert list(found[20, :, 0]) == [2] * 40 + [1] * 30 + [2] * 5  # the next row begins with the next picture
    assert list(found[40, :, 0]) == list(found[0, :, 0])
    with pytest.raises(InputError, match="at least one picture"):
        mosaic([], 10, 10)
