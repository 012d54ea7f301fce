"""Samples keep their ends in every depth, and lie over colours as alpha says."""

import numpy as np
import pytest

from tintype.images import Picture
from tintype.images.samples import flattened, interleaved, scaled, stored_bits


@pytest.mark.parametrize("depth", [8, 10, 12, 16])
@pytest.mark.parametrize("to", [8, 10, 12, 16])
def test_samples_are_rounded_to_another_depth(depth, to):
    samples = np.arange(2**depth).astype(np.uint8 if depth == 8 else np.uint16).reshape(-1, 2)
    found = scaled(samples, depth, to)
    assert found.dtype == (np.uint8 if to == 8 else np.uint16)
    exact = samples.astype(float) * (2**to - 1) / (2**depth - 1)
    assert np.abs(found - exact).max() <= 0.5
    if to >= depth:
        np.testing.assert_array_equal(scaled(found, to, depth), samples)


@pytest.mark.parametrize("depth, dtype", [(8, np.uint8), (10, np.uint16), (16, np.uint16)])
def test_a_picture_is_put_on_white(depth, dtype):
    most = 2**depth - 1
    pixels = np.array([[[0, most, most // 3]] * 3], dtype)
    alpha = np.array([[0, 51, 255]], np.uint8)
    found = flattened(Picture(pixels, depth=depth, alpha=alpha))
    assert found.alpha is None
    exact = pixels * (alpha[..., None] / 255) + most * (1 - alpha[..., None] / 255)
    assert np.abs(found.pixels - exact).max() <= 0.5
    assert found.pixels.dtype == dtype


def test_grey_stays_grey_over_grey_alone():
    picture = Picture(np.full((300, 2), 90, np.uint8), alpha=np.full((300, 2), 2**15, np.uint16))
    assert flattened(picture).pixels.shape == (300, 2)
    over_red = flattened(picture, (255, 0, 0)).pixels
    assert over_red.shape == (300, 2, 3)
    assert over_red[299, 1].tolist() == [172, 45, 45]
    assert flattened(Picture(picture.pixels)).pixels is picture.pixels


def test_channels_stand_together_in_one_depth():
    grey, alpha = np.full((4, 3), 1023, np.uint16), np.full((4, 3), 7, np.uint8)
    picture = Picture(grey, depth=10, alpha=alpha)
    assert interleaved(picture, 16)[0, 0].tolist() == [65535, 7 * 257]
    assert interleaved(picture, 8)[0, 0].tolist() == [255, 7]
    assert stored_bits(picture) == stored_bits(Picture(alpha, alpha=grey)) == 16
    assert stored_bits(Picture(alpha, alpha=alpha)) == stored_bits(Picture(alpha)) == 8
