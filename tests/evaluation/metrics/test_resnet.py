"""The judges by features order pictures as people do, and are not won by noise."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage import data

from tintype import metrics
from tintype.evaluation.codecs.names import codec_named
from tintype.evaluation.metrics import resnet
from tintype.weights import store

pytestmark = pytest.mark.skipif(bool(resnet.available()), reason=resnet.available())


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    return np.ascontiguousarray(data.astronaut()[:256, 100:356])


def as_jpeg(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling=0)
    return np.asarray(Image.open(file))


def with_noise_of_missing_energy(original: NDArray[np.uint8], decoded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """White noise of the local energy that a decoded picture lacks: statistics of texture without its shape."""
    detail = [picture - ndimage.gaussian_filter(picture, (2, 2, 0)) for picture in (original + 0.0, decoded + 0.0)]
    energy = [ndimage.gaussian_filter(np.square(part), (4, 4, 0)) for part in detail]
    missing = np.sqrt(np.maximum(energy[0] - energy[1], 0))
    noise = np.random.default_rng(0).standard_normal(original.shape) * missing
    return np.clip(np.rint(decoded + noise), 0, 255).astype(np.uint8)


def test_equal_pictures_have_no_distance(photo: NDArray[np.uint8]) -> None:
    assert resnet.distances(photo, photo) == (0, pytest.approx(0, abs=1e-6))


def test_a_better_jpeg_is_nearer(photo: NDArray[np.uint8]) -> None:
    found = np.array([resnet.distances(photo, as_jpeg(photo, quality)) for quality in (90, 60, 30, 15)])
    assert (np.diff(found, axis=0) > 0).all(), found


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_noise_in_place_of_lost_texture_does_not_win(name: str) -> None:
    picture = np.ascontiguousarray(getattr(data, name)()[:256, 100:356])
    blurred = ndimage.gaussian_filter(picture, (1.5, 1.5, 0))
    plain = resnet.distances(picture, blurred)
    cheat = resnet.distances(picture, with_noise_of_missing_energy(picture, blurred))
    assert cheat[0] > 1.2 * plain[0] and cheat[1] > 1.2 * plain[1], (plain, cheat)


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_the_natural_look_is_nearer_and_costs_less_psnr_than_noise(name: str) -> None:
    picture = np.ascontiguousarray(getattr(data, name)()[:256, 100:356])
    file = codec_named(store.DEFAULT).encode(picture, 20)
    faithful, natural = (codec_named(codec).decode(file) for codec in (store.DEFAULT, f"{store.DEFAULT}+natural"))
    plain, drawn = (np.array(resnet.distances(picture, decoded)) for decoded in (faithful, natural))
    assert (drawn < plain).all(), (plain, drawn)
    # of a grainy picture noise can be nearer still (chelsea); PSNR beside the distances tells it from texture
    noisy = with_noise_of_missing_energy(picture, faithful)
    assert metrics.psnr(picture, natural) > 1 + metrics.psnr(picture, noisy)


def test_grey_pictures_of_odd_sides_are_taken(photo: NDArray[np.uint8]) -> None:
    grey = np.ascontiguousarray(photo[:101, :67, 1])
    assert min(resnet.distances(grey, as_jpeg(grey, 20))) > 0
