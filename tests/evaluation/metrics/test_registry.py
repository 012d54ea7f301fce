"""Metrics beyond PSNR and MS-SSIM."""

import math

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.pictures import picture
from tintype import metrics
from tintype.errors import InputError
from tintype.evaluation.metrics import registry, texture


def blurred_and_noisy(original: np.ndarray, radius: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Detail removed, and detail replaced: by noise of the same strength everywhere."""
    blurred = np.asarray(Image.fromarray(original).filter(ImageFilter.GaussianBlur(radius)), np.float64)
    detail = original - blurred
    strength = np.sqrt(
        np.asarray(
            Image.fromarray(np.square(detail).clip(0, 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(3)), float
        )
    )
    noise = np.random.default_rng(251).normal(0, 1, original.shape)
    noisy = blurred + strength * noise
    return blurred.clip(0, 255).astype(np.uint8), noisy.clip(0, 255).round().astype(np.uint8)


def photos() -> list[np.ndarray]:
    data = pytest.importorskip("skimage.data", reason="photographs come with scikit-image")
    return [data.astronaut(), data.coffee()[:384, :512], data.chelsea()[:288, :448]]


def test_texture_distance_prefers_noise_of_the_right_strength_to_blur_and_psnr_does_not() -> None:
    for photo in photos():
        blurred, noisy = blurred_and_noisy(np.ascontiguousarray(photo))
        assert metrics.psnr(photo, blurred) > metrics.psnr(photo, noisy)
        (of_blurred,), (of_noisy,) = (
            [registry.measure(["texture"], photo, changed)["texture"]] for changed in (blurred, noisy)
        )
        assert of_noisy < of_blurred


def test_texture_distance_is_zero_for_equal_pictures_and_at_most_one() -> None:
    luma = registry.luma(picture(64, 80)) / np.float32(255)
    assert texture.distance(luma, luma) == (0, 0, 0, 0)
    flat = np.full_like(luma, 0.5)
    noise = np.random.default_rng(0).random(luma.shape, np.float32)
    total, *scales = texture.distance(flat, noise)
    assert 0.5 < total < 1
    assert total == pytest.approx(np.mean(scales))


def test_texture_distance_is_symmetric_and_turns_with_the_picture() -> None:
    a, b = (registry.luma(picture(96, 64, seed)) / np.float32(255) for seed in (0, 50))
    b = b + np.float32(0.05) * np.random.default_rng(1).standard_normal(b.shape).astype(np.float32)
    expected = texture.distance(a, b)
    assert texture.distance(b, a) == pytest.approx(expected, abs=1e-6)
    assert texture.distance(a.T, b.T) == pytest.approx(expected, abs=1e-5)


def test_texture_distance_follows_its_definition_tap_by_tap() -> None:
    """The definition written out with scipy's filters, on a small picture."""
    ndimage = pytest.importorskip("scipy.ndimage", reason="the definition is written with it")
    a, b = (registry.luma(picture(70, 90, seed)) / np.float32(255) for seed in (0, 7))
    b = np.clip(b * np.float32(0.8) + np.float32(0.1), 0, 1)
    expected = []
    for sigma in texture.SIGMAS:
        window = {"sigma": texture.WINDOW_SIGMA, "mode": "reflect", "truncate": texture.REACH}
        differences = []
        for angle in np.radians(texture.ANGLES):
            strengths = []
            for plane in (a.astype(float), b.astype(float)):
                across, down = (
                    ndimage.gaussian_filter(plane, sigma, order=order, mode="reflect", truncate=texture.REACH) * sigma
                    for order in ((0, 1), (1, 0))
                )
                response = np.cos(angle) * across + np.sin(angle) * down
                mean = ndimage.gaussian_filter(response, **window)
                square = ndimage.gaussian_filter(response**2, **window)
                strengths.append(np.sqrt(np.maximum(square - mean**2, 0)))
            s, t = strengths
            differences.append(np.mean(np.abs(s - t) / (s + t + 0.01)))
        expected.append(np.mean(differences))
    _, *found = texture.distance(a, b)
    assert found == pytest.approx(expected, abs=1e-4)


def test_psnr_y_of_grey_is_psnr_and_of_colour_weighs_green_most() -> None:
    grey = picture(40, 50)[..., 0]
    other = np.clip(grey.astype(int) + 5, 0, 255).astype(np.uint8)
    assert registry.psnr_y(grey, other) == pytest.approx(metrics.psnr(grey, other), abs=1e-4)
    original = np.full((8, 8, 3), 100, np.uint8)
    values = []
    for channel in range(3):
        changed = original.copy()
        changed[..., channel] += 10
        values.append(registry.psnr_y(original, changed))
    assert values[1] < values[0] < values[2]
    assert values[1] == pytest.approx(20 * math.log10(255 / 5.87), abs=1e-3)
    assert registry.psnr_y(original, original) == math.inf


def test_ssimulacra2_falls_with_the_quality_of_jpeg() -> None:
    pytest.importorskip("ssimulacra2", reason="the metric is that package")
    from tintype.evaluation.codecs.names import codec_named

    jpeg, original = codec_named("jpeg444"), photos()[0][:192, :192]
    values = [registry.ssimulacra2(original, jpeg.decode(jpeg.encode(original, q))) for q in (95, 60, 10)]
    assert 100 > values[0] > 80 > values[1] > 40 > values[2]


def test_every_metric_that_can_be_measured_here_fills_its_columns() -> None:
    original = picture(192, 192)
    for name, metric in registry.METRICS.items():
        if not metric.available():
            found = registry.measure([name], original, original)
            assert list(found) == [column.name for column in metric.columns]


def test_columns_have_names_of_their_own() -> None:
    columns = [column.name for metric in registry.METRICS.values() for column in metric.columns]
    assert sorted(registry.COLUMNS) == sorted(columns)


def test_unknown_and_missing_metrics_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert registry.named("psnr, ms_ssim,psnr") == ["psnr", "ms_ssim"]
    with pytest.raises(InputError, match="no metric named 'vmaf'; there is psnr"):
        registry.named("vmaf")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="butteraugli_main is not installed"):
        registry.named("butteraugli")
