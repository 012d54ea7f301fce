"""The filling continues a picture smoothly, and leaves its pixels alone."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.pictures import picture
from tintype.codec.filling import fill, mirrored


def filled(real: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """`real`, (3, h, w), continued to (3, height, width)."""
    pixels = np.full((3, height, width), np.nan, np.float32)
    pixels[:, : real.shape[1], : real.shape[2]] = real
    fill(pixels, *real.shape[1:])
    return pixels


@pytest.mark.parametrize("height, width", [(1, 1), (1, 64), (64, 1), (1, 200), (63, 65), (64, 64), (50, 7)])
def test_real_pixels_stay_and_all_others_are_filled(height: int, width: int) -> None:
    real = (picture(height, width) / np.float32(255)).transpose(2, 0, 1)
    pixels = filled(real, -(-height // 64) * 64, -(-width // 64) * 64)
    np.testing.assert_array_equal(pixels[:, :height, :width], real)
    # a mean of real pixels with positive weights that add up to 1
    assert pixels.min() >= real.min() - 1e-5
    assert pixels.max() <= real.max() + 1e-5


def test_a_flat_picture_stays_flat() -> None:
    real = np.broadcast_to(np.float32([0.0, 0.3, 1.0])[:, None, None], (3, 37, 53))
    expected = np.broadcast_to(real[:, :1, :1], (3, 64, 64))
    np.testing.assert_allclose(filled(real, 64, 64), expected, atol=1e-6)


@pytest.mark.parametrize("waves", [1, 5, 20])
def test_a_wave_along_the_edge_decays_as_in_laplaces_equation(waves: int) -> None:
    frequency = waves / (2 * 64)  # cycles per pixel
    edge = np.cos(2 * np.pi * frequency * (np.arange(64) + 0.5))  # its reflection continues it
    real = np.broadcast_to(edge[:, None], (3, 64, 48)).astype(np.float32)  # 48: no latent is half covered, so no fade
    distance = np.arange(1, 17)
    expected = edge[:, None] * np.exp(-2 * np.pi * frequency * distance)
    np.testing.assert_allclose(filled(real, 64, 64)[0, :, 48:], expected, atol=1e-5)


# covered pixels of the last latent: one, some, half, nearly all, all
@pytest.mark.parametrize("width, fade", [(33, 1), (35, 5), (40, 8), (47, 1), (48, 0)])
def test_the_reflected_picture_fades_under_the_last_latent(width: int, fade: int) -> None:
    ramp = np.linspace(0, 1, width, dtype=np.float32)
    row = filled(np.broadcast_to(ramp, (3, 64, width)), 64, 64)[0, 0, width:]
    reflected = ramp[::-1][: len(row)]
    share = np.clip(1.5 * (1 - np.arange(1, len(row) + 1) / (fade + 1)), 0, 1)
    np.testing.assert_allclose(row, share * reflected + (1 - share) * ramp[-1], atol=1e-5)


def test_downwards_is_rightwards_with_the_axes_swapped() -> None:
    real = (picture(64, 41) / np.float32(255)).transpose(2, 0, 1)
    right, down = filled(real, 64, 64), filled(real.transpose(0, 2, 1), 64, 64)
    np.testing.assert_array_equal(down, right.transpose(0, 2, 1))


@pytest.mark.parametrize("length, padded", [(1, 5), (2, 9), (7, 7), (7, 20)])
def test_mirrored_is_numpys_symmetric_reflection(length: int, padded: int) -> None:
    expected = np.pad(np.arange(length), (0, padded - length), mode="symmetric")
    np.testing.assert_array_equal(mirrored(length, padded), expected)
