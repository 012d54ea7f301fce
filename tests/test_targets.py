"""Targets are checked when they are made."""

import math

import pytest

from tests.pictures import picture
from tintype.errors import InputError
from tintype.targets import MEASURES, Target, described


@pytest.mark.parametrize("measure", ["size", "bpp", "psnr", "ms_ssim", "ssimulacra2"])
def test_values_outside_the_range_are_refused(measure: str) -> None:
    negative = measure == "ssimulacra2"
    for value in (math.nan, math.inf, -math.inf, 10**400, *(() if negative else (0, -1))):
        with pytest.raises(InputError, match=f"{measure} {value}: a finite number"):
            Target(measure, value)  # type: ignore[arg-type]
    Target(measure, -20 if negative else 1e-3)  # type: ignore[arg-type]


def test_points_of_ssimulacra2_end_at_100() -> None:
    assert Target("ssimulacra2", 100).value == 100
    with pytest.raises(InputError, match="at most 100"):
        Target("ssimulacra2", 100.1)


def test_unknown_measures_are_refused_with_the_known() -> None:
    with pytest.raises(InputError, match="no measure is named 'butteraugli'; there is size, bpp, psnr"):
        Target("butteraugli", 1)  # type: ignore[arg-type]


def test_bytes_and_bpp_are_converted_without_exceeding_the_target() -> None:
    assert Target("size", 1000).most_bytes(pixels=77) == 1000
    assert Target("size", 1000.9).most_bytes(pixels=77) == 1000
    assert Target("bpp", 0.5).most_bytes(pixels=1000) == 62  # 62.5
    assert Target("bpp", 0.5).reached(62, pixels=1000) == 0.496
    assert Target("bpp", 1e308).most_bytes(pixels=1000) > 1e18
    assert Target("size", 1000).reached(998, pixels=77) == 998


def test_values_are_shown_with_their_unit() -> None:
    assert str(Target("size", 200_000)) == "200000 bytes"
    assert str(Target("bpp", 0.5)) == "0.5 bpp"
    assert str(Target("psnr", 38)) == "38.00 dB PSNR"
    assert described("ms_ssim", math.inf) == "inf dB MS-SSIM"


@pytest.mark.parametrize("measure", ["psnr", "ms_ssim"])
def test_equal_pictures_have_the_most_of_every_quality(measure: str) -> None:
    its = MEASURES[measure]  # type: ignore[index]
    assert its.quality is not None
    assert its.quality(picture(40, 30), picture(40, 30)) == its.most == math.inf
