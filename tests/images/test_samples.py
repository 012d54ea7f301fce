"""Samples keep their ends in every depth, and lie over colours as alpha says."""

import numpy as np
import pytest

from tintype.images import Picture
from tintype.images.raster import rescaled
from tintype.images.samples import in_eight_bits, interleaved, on_white, stored_bits


@pytest.mark.parametrize("depth", [8, 10, 12, 16])
@pytest.mark.parametrize("to", [8, 10, 12, 16])
def test_samples_are_rounded_to_another_depth(depth, to):
    samples = np.arange(2**depth).astype(np.uint8 if depth == 8 else np.uint16).reshape(-1, 2)
    found = rescaled(samples, depth, to)
    assert found.dtype == (np.uint8 if to == 8 else np.uint16)
    exact = samples.astype(float) * (2**to - 1) / (2**depth - 1)
    assert np.abs(found - exact).max() <= 0.5
    if to >= depth:
        np.testing.assert_array_equal(rescaled(found, to, depth), samples)


@pytest.mark.parametrize("depth, dtype", [(8, np.uint8), (10, np.uint16), (16, np.uint16)])
def test_a_picture_is_put_on_white(depth, dtype):
    most = 2**depth - 1
    pixels = np.array([[[0, most, most // 3]] * 3], dtype)
    alpha = np.array([[0, 51, 255]], np.uint8)
    found = on_white(Picture(pixels, depth=depth, alpha=alpha))
    assert found.alpha is None
    exact = pixels * (alpha[..., None] / 255) + most * (1 - alpha[..., None] / 255)
    assert np.abs(found.pixels - exact).max() <= 1
    assert found.pixels.dtype == dtype


def test_grey_stays_grey_on_white():
    picture = Picture(np.full((300, 2), 90, np.uint8), alpha=np.full((300, 2), 2**15, np.uint16))
    assert on_white(picture).pixels.tolist() == [[172, 172]] * 300
    assert on_white(Picture(picture.pixels)).pixels is picture.pixels


def test_eight_bits_are_rounded_from_all_others():
    deep = Picture(np.full((4, 3), 1000, np.uint16), depth=10, alpha=np.full((4, 3), 40_000, np.uint16))
    found = in_eight_bits(deep)
    assert (found.depth, found.pixels[0, 0], found.alpha[0, 0]) == (8, 249, 156)
    assert found.pixels.dtype == found.alpha.dtype == np.uint8


def test_channels_stand_together_in_one_depth():
    grey, alpha = np.full((4, 3), 1023, np.uint16), np.full((4, 3), 7, np.uint8)
    picture = Picture(grey, depth=10, alpha=alpha)
    assert interleaved(picture, 16)[0, 0].tolist() == [65535, 7 * 257]
    assert interleaved(picture, 8)[0, 0].tolist() == [255, 7]
    assert stored_bits(picture) == stored_bits(Picture(alpha, alpha=grey)) == 16
    assert stored_bits(Picture(alpha, alpha=alpha)) == stored_bits(Picture(alpha)) == 8
