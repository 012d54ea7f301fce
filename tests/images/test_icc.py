"""Profiles say what code points say; LittleCMS reads them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from tintype.images import CodePoints
from tintype.images.colour import PRIMARIES, profile

RAMP = np.stack(np.meshgrid(*[np.arange(0, 256, 51, dtype=np.uint8)] * 3), axis=-1).reshape(36, 6, 3)
SRGB = ImageCms.createProfile("sRGB")


def to_srgb(profile: bytes, pixels: np.ndarray) -> np.ndarray:
    """In relative colorimetric intent, by LittleCMS."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    image = ImageCms.profileToProfile(
        Image.fromarray(pixels), source, SRGB, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB"
    )
    return np.asarray(image).astype(int)


def test_srgb_is_srgb():
    made = profile(CodePoints(1, 13), grey=False)
    assert np.abs(to_srgb(made, RAMP) - RAMP).max() <= 1


def test_a_grey_profile_has_the_curve_alone():
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    made = profile(CodePoints(1, 13), grey=True)
    assert np.abs(to_srgb(made, grey) - grey[..., None]).max() <= 1
    linear = to_srgb(profile(CodePoints(1, 8), grey=True), grey)[..., 0]
    expected = 255 * (1.055 * (grey / 255) ** (1 / 2.4) - 0.055)
    assert np.abs(linear - expected)[2:].max() <= 1  # LittleCMS draws straight lines in the dark


@pytest.mark.parametrize("primaries", [1, 5, 6, 9, 11, 12, 22])
@pytest.mark.parametrize("transfer, power", [(4, 2.2), (8, 1.0)])
def test_colours_are_those_of_the_definition(primaries, transfer, power):
    places = np.array(PRIMARIES[primaries]).reshape(4, 2)
    white, red, green, blue = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in places)
    to_xyz = np.stack([red, green, blue], axis=1)
    to_xyz = to_xyz * np.linalg.solve(to_xyz, white)
    srgb = np.array(
        [[3.2404542, -1.5371385, -0.4985314], [-0.969266, 1.8760108, 0.041556], [0.0556434, -0.2040259, 1.0572252]]
    )
    d65 = np.array([0.95047, 1, 1.08883])
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    to_d65 = np.linalg.inv(bradford) @ np.diag((bradford @ d65) / (bradford @ white)) @ bradford
    # well inside every gamut, so that nothing is clipped
    pixels = (120 + RAMP // 8).astype(np.uint8)
    linear = (pixels / 255) ** power @ (srgb @ to_d65 @ to_xyz).T
    expected = 255 * (1.055 * np.clip(linear, 0.0031308, 1) ** (1 / 2.4) - 0.055)
    found = to_srgb(profile(CodePoints(primaries, transfer), grey=False), pixels)
    assert np.abs(found - expected).max() <= 1.5


@pytest.mark.parametrize("code_points", [(9, 16), (9, 18), (2, 13), (1, 2), (255, 255)])
def test_light_that_no_share_of_white_describes_has_no_profile(code_points):
    assert profile(CodePoints(*code_points), grey=False) is None


@pytest.mark.parametrize("primaries", PRIMARIES)
@pytest.mark.parametrize("transfer", [1, 4, 5, 6, 7, 8, 13, 14, 15])
@pytest.mark.parametrize("grey", [False, True])
def test_every_profile_is_read(primaries, transfer, grey):
    found = ImageCms.ImageCmsProfile(io.BytesIO(profile(CodePoints(primaries, transfer), grey))).profile
    assert found.xcolor_space.strip() == ("GRAY" if grey else "RGB")
    assert found.profile_description == f"H.273 {primaries}/{transfer}"
    assert found.version == pytest.approx(4.4)
