import numpy as np
import pytest

from tests.pictures import deep_picture, picture
from tintype.codec.hidden import fill_hidden, hidden_as

DISC = np.hypot(*np.mgrid[-60:60, -80:80]) < 50


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("grey", [False, True])
def test_visible_pixels_stay_and_hidden_ones_no_longer_matter(depth: int, grey: bool) -> None:
    pixels = deep_picture(120, 160, depth)[..., slice(0, 3) if not grey else 0]
    hidden = pixels.copy()
    hidden[~DISC] = np.random.default_rng(251).integers(0, 2**depth, hidden[~DISC].shape)
    filled = fill_hidden(hidden, DISC.astype(np.uint8))
    assert filled.dtype == pixels.dtype
    np.testing.assert_array_equal(filled[DISC], pixels[DISC])
    np.testing.assert_array_equal(filled, fill_hidden(pixels, DISC.astype(np.uint8)))


def test_the_extension_is_smooth_and_keeps_to_the_range_of_what_is_visible() -> None:
    i, j = np.mgrid[:120, :160]
    pixels = np.stack([i, j, 100 + 0 * i], -1).astype(np.uint8)
    filled = fill_hidden(pixels, DISC.astype(np.uint8)).astype(int)
    assert (filled[..., 2] == 100).all()
    for channel in range(2):
        seen = pixels[DISC][:, channel]
        assert seen.min() <= filled[..., channel].min() and filled[..., channel].max() <= seen.max()
        assert max(np.abs(np.diff(filled[..., channel], axis=axis)).max() for axis in (0, 1)) <= 8


def test_without_hidden_pixels_nothing_is_copied() -> None:
    pixels = picture(30, 40)
    assert fill_hidden(pixels, np.ones((30, 40), np.uint8)) is pixels


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (64, 33)])
def test_nothing_visible_becomes_flat(size: tuple[int, int]) -> None:
    assert (fill_hidden(picture(*size), np.zeros(size, np.uint16)) == 0).all()


@pytest.mark.parametrize("grey", [True, False])
def test_hidden_pixels_of_a_decoded_picture_are_taken_from_the_one_that_was_meant(grey: bool) -> None:
    shape = DISC.shape if grey else (*DISC.shape, 3)
    meant, decoded = np.full(shape, 7, np.uint8), np.full(shape, 9, np.uint8)
    seen = hidden_as(meant, decoded, DISC.astype(np.uint8))
    assert (seen[DISC] == 9).all() and (seen[~DISC] == 7).all() and (decoded == 9).all()
    assert hidden_as(meant, decoded, np.ones(DISC.shape, np.uint8)) is decoded
