"""Our files beside those of another codec at equal bytes."""

from math import inf

import numpy as np
import pytest

from benchmarks.screens import Coded, Point, largest_within, lossless_bytes, points, small, verdict
from benchmarks.sheet import Sheet
from tintype.evaluation.codecs.names import codec_named

pytest.importorskip("ssimulacra2")


@pytest.mark.parametrize(("limit", "expected"), [(-1, 0), (0, 0), (1, 1), (9, 9), (10, 10), (57, 57), (100, 100)])
def test_the_highest_quality_that_fits_is_found(limit: int, expected: int) -> None:
    assert largest_within(lambda quality: quality, limit) == expected
    assert largest_within(lambda quality: min(quality, 60), max(limit, 60)) == 100  # exact from 60 on


def test_our_files_need_no_more_bytes_or_are_counted_as_larger() -> None:
    sheet = Sheet(96, 64)
    sheet.text(4, 4, "some text")
    found = list(points("text", sheet.pixels, True, codec_named("webp_m6"), codec_named("avif444_s6")))
    assert len(found) == 4
    assert all(point.fits == (point.ours.size_bytes <= point.peer.size_bytes) for point in found)
    assert found[-1].ours.quality >= found[0].ours.quality
    assert "At 4 points no quality" in verdict([Point("x", True, Coded(1, 9, (1, 1)), Coded(1, 10, (2, 2)))] * 4)


def test_points_of_equal_or_higher_quality_are_counted() -> None:
    exact, good, bad = (Coded(50, 100, values) for values in ((inf, 100.0), (40.0, 90.0), (30.0, 95.0)))
    text = verdict([Point("a", True, exact, exact), Point("b", True, exact, good), Point("c", True, good, bad)])
    assert "PSNR: at least equal at 1 of 3 points (33%); the worst, -inf dB, is b" in text
    assert "SSIMULACRA2: at least equal at 2 of 3 points (67%); the worst, -10.00 points, is b" in text


def test_lossless_sizes_are_of_whole_files() -> None:
    flat, noise = np.zeros((32, 32, 3), np.uint8), np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    assert all(10 < small < large < 5000 for small, large in zip(*map(lossless_bytes, (flat, noise)), strict=True))


def test_small_pictures_are_listed_where_they_are_bad_or_large() -> None:
    text = small(codec_named("jpeg444"))
    assert "small pictures at quality 60" in text and "| checker 8 |" in text and "| white 17x17 |" in text
    assert text.count("| icon") >= 10  # below 34 dB or above PNG
