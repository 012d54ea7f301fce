"""PSNR and MS-SSIM against their definitions and against pytorch-msssim."""

import math

import numpy as np
import pytest

from tintype import metrics
from tintype.errors import InputError


def texture(height: int, width: int, channels: int = 3) -> np.ndarray:
    """Smooth waves with a little noise: structure at every scale."""
    rng = np.random.default_rng(height * 1009 + width)
    y, x = np.mgrid[:height, :width]
    waves = [128 + 60 * np.sin(x / (3 + c) + y / 7) + 40 * np.cos(y / (23 + c)) for c in range(channels)]
    return np.clip(np.stack(waves, -1) + rng.normal(0, 6, (height, width, channels)), 0, 255).astype(np.uint8)


def noisy(picture: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(251).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def test_psnr_of_a_known_error_is_exact():
    a = np.full((7, 9, 3), 100, np.uint8)
    b = a.copy()
    b[0, 0, 0] += 27  # MSE = 27 * 27 / 189
    assert metrics.mse(a, b) == 27 * 27 / 189
    assert metrics.psnr(a, b) == pytest.approx(10 * math.log10(255**2 * 189 / 729), abs=1e-12)


def test_psnr_does_not_wrap_around_below_zero():
    black, white = np.zeros((2, 2), np.uint8), np.full((2, 2), 255, np.uint8)
    assert metrics.psnr(black, white) == metrics.psnr(white, black) == 0


def test_equal_pictures_have_infinite_psnr_and_similarity_one():
    picture = texture(40, 50)
    assert metrics.psnr(picture, picture.copy()) == math.inf
    assert metrics.ms_ssim(picture, picture.copy()) == pytest.approx(1, abs=1e-6)
    assert metrics.decibels(1.0) == math.inf


@pytest.mark.parametrize("sigma", [1, 8, 40])
@pytest.mark.parametrize("size", [(161, 161), (162, 177), (163, 301), (256, 384), (255, 383)])
def test_ms_ssim_agrees_with_pytorch_msssim_at_even_and_odd_sizes(size, sigma):
    torch = pytest.importorskip("torch", reason="the reference runs on PyTorch")
    reference = pytest.importorskip("pytorch_msssim", reason="the reference itself")
    a = texture(*size)
    b = noisy(a, sigma)
    planes = [torch.from_numpy(p.astype(np.float64).transpose(2, 0, 1))[None] for p in (a, b)]
    expected = float(reference.ms_ssim(*planes, data_range=255))
    assert metrics.ms_ssim(a, b) == pytest.approx(expected, abs=1e-6)


def test_ms_ssim_falls_as_noise_grows():
    picture = texture(200, 180)
    values = [metrics.ms_ssim(picture, noisy(picture, sigma)) for sigma in (1, 4, 16, 64)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.99 > 0.9 > values[-1]


def test_similarity_of_opposites_is_not_negative():
    picture = texture(200, 200)
    assert 0 <= metrics.ms_ssim(picture, 255 - picture) < 0.1


@pytest.mark.parametrize(
    ("side", "scales"), [(1, 1), (10, 1), (11, 1), (20, 1), (21, 2), (160, 4), (161, 5), (176, 5), (4000, 5)]
)
def test_scales_are_those_at_which_the_window_fits(side, scales):
    assert metrics.scale_count(side, side + 3) == scales


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (7, 9), (11, 11), (21, 400)])
def test_any_size_gives_a_similarity_between_0_and_1(size):
    picture = texture(*size)
    value = metrics.ms_ssim(picture, noisy(picture, 20))
    assert 0 <= value < 1
    assert metrics.ms_ssim(picture, picture) == pytest.approx(1, abs=1e-6)


def test_grey_is_the_same_as_three_equal_channels():
    a = texture(170, 190, channels=1)[..., 0]
    b = noisy(a, 10)
    rgb = [np.repeat(p[..., None], 3, axis=2) for p in (a, b)]
    assert metrics.ms_ssim(a, b) == pytest.approx(metrics.ms_ssim(*rgb), abs=1e-12)
    assert metrics.psnr(a, b) == pytest.approx(metrics.psnr(*rgb), abs=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.zeros((4, 4), np.float32), np.zeros((4, 4), np.float32), "8-bit"),
        (np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8), "equal sides"),
        (np.zeros((0, 4), np.uint8), np.zeros((0, 4), np.uint8), "not a picture"),
    ],
)
def test_what_cannot_be_compared_is_refused(a, b, message):
    for metric in (metrics.psnr, metrics.ms_ssim):
        with pytest.raises(InputError, match=message):
            metric(a, b)
