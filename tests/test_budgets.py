"""Targets met, with and without a network."""

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tintype
from tests.codec.graphics.drawings import page
from tests.pictures import deep_picture, picture
from tintype import Target, metrics
from tintype.api import EncodedFile
from tintype.errors import DeadlineError, InputError, LimitError, TargetError, UnsupportedError
from tintype.images import Picture

CODEC = tintype.Codec(threads=1)
PHOTO = picture(96, 130)


def encode(*arguments: Any, **options: Any) -> EncodedFile:
    """By the networks alone: small drawn pictures become exact at high levels."""
    return CODEC.encode(*arguments, content="photo", **options)


def level_of(data: bytes) -> int:
    return tintype.info(data).level


@pytest.mark.parametrize("quality", [0, 30, 75, 99])
def test_a_size_is_met_to_the_byte(quality: float) -> None:
    fitting = encode(PHOTO, quality)
    assert encode(PHOTO, target=Target("size", len(fitting))) == fitting
    if quality:
        below = encode(PHOTO, target=Target("size", len(fitting) - 1))
        assert len(below) == below.reached < len(fitting)
        assert level_of(fitting) - 3 < level_of(below) < level_of(fitting)


def test_bpp_counts_the_whole_file() -> None:
    data = encode(PHOTO, target=Target("bpp", 1.5))
    assert data.reached == tintype.info(data).bpp == 8 * len(data) / (96 * 130)
    assert 0.93 * 1.5 < data.reached <= 1.5


def test_metadata_and_transparency_are_part_of_the_size() -> None:
    rgba = np.dstack([PHOTO, np.add.outer(np.arange(96), np.arange(130)).astype(np.uint8)])
    image = Image.fromarray(rgba)
    exif = image.getexif()
    exif[0x010E] = "a title " * 100
    image.info["exif"] = exif.tobytes()
    extra = len(encode(image, 40)) - len(encode(PHOTO, 40))
    assert extra > 800
    most = len(encode(image, 40))
    found = encode(image, target=Target("size", most))
    assert 0.9 * most < len(found) <= most
    with pytest.raises(TargetError, match=r"the smallest has \d+ bytes, \d+ of them transparency and metadata"):
        encode(image, target=Target("size", extra))


def test_a_size_below_the_smallest_file_is_an_error_that_tells_the_smallest() -> None:
    least = len(encode(PHOTO, 0))
    message = f"the picture: no file of at most 100 bytes is possible; the smallest has {least} bytes. Allow {least} "
    with pytest.raises(TargetError, match=message):
        encode(PHOTO, target=Target("size", 100))
    with pytest.raises(TargetError, match=r"at most 0\.01 bpp \(15 bytes\) is possible"):
        encode(PHOTO, target=Target("bpp", 0.01))
    assert level_of(encode(PHOTO, target=Target("size", least))) == 0


def test_a_size_that_holds_all_gives_a_file_without_loss() -> None:
    exact = encode(PHOTO, lossless=True)
    assert encode(PHOTO, target=Target("size", len(exact))) == exact
    assert level_of(encode(PHOTO, target=Target("size", len(exact) - 1))) == 70


@pytest.mark.parametrize("quality", [5, 35, 90])
@pytest.mark.parametrize("measure", ["psnr", "ms_ssim"])
def test_a_quality_is_reached_by_the_lowest_level_that_has_it(measure: str, quality: float) -> None:
    data = encode(PHOTO, quality)
    decoded = np.asarray(CODEC.decode(data))
    least = metrics.psnr(PHOTO, decoded) if measure == "psnr" else metrics.decibels(metrics.ms_ssim(PHOTO, decoded))
    found = encode(PHOTO, target=Target(measure, least))  # type: ignore[arg-type]
    assert (found, found.reached) == (data, least)
    above = encode(PHOTO, target=Target(measure, least + 1e-6))  # type: ignore[arg-type]
    assert above.reached is not None and above.reached > least
    assert level_of(above) == level_of(data) + 1


def test_a_quality_above_the_levels_gives_a_file_without_loss_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "tintype"):
        found = encode(PHOTO, target=Target("psnr", 70))
    assert found == encode(PHOTO, lossless=True)
    assert found.reached == float("inf")
    (message,) = caplog.messages
    assert message.startswith("the picture: 70.00 dB PSNR is above what the levels reach, ")
    assert message.endswith("; encoded without loss")


def test_drawn_pictures_meet_their_targets_too() -> None:
    drawn = page()[:64, :320]
    most = len(CODEC.encode(drawn, 40))
    assert 0.9 * most < len(CODEC.encode(drawn, target=Target("size", most))) <= most
    found = CODEC.encode(drawn, target=Target("psnr", 36))
    assert metrics.psnr(drawn, np.asarray(CODEC.decode(found))) == found.reached >= 36


def test_pictures_of_tiles_are_measured_as_they_are_decoded_and_threads_change_nothing() -> None:
    pixels = picture(300, 200)
    one, two = (tintype.Codec(threads=threads, tile=128) for threads in (1, 2))
    found = one.encode(pixels, target=Target("psnr", 30))
    assert found == two.encode(pixels, target=Target("psnr", 30))
    assert tintype.info(found).tiles == 4
    assert metrics.psnr(pixels, np.asarray(one.decode(found))) == found.reached


def test_deep_pictures_are_compared_in_8_bits() -> None:
    deep = deep_picture(64, 64, 16)
    found = CODEC.encode(deep, target=Target("psnr", 32))
    decoded = CODEC.decode_picture(found)
    assert (decoded.depth, decoded.pixels.dtype) == (16, np.uint16)
    assert found.reached == metrics.psnr(*(np.round(each / 257).astype(np.uint8) for each in (deep, decoded.pixels)))


def test_points_of_ssimulacra2_are_reached() -> None:
    pytest.importorskip("ssimulacra2", reason="the measure is that package")
    found = encode(PHOTO, target=Target("ssimulacra2", 70))
    assert found.reached is not None and 70 <= found.reached < 75


def test_without_its_package_a_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tintype.ssimulacra2.missing", lambda: "the package ssimulacra2 is not installed")
    with pytest.raises(UnsupportedError, match=r'is not installed; pip install "tintype\[eval\]"'):
        encode(PHOTO, target=Target("ssimulacra2", 40))


def test_one_target_serves_threads_and_repeats() -> None:
    target = Target("bpp", 1)
    first, second = (encode(PHOTO, target=target) for _ in range(2))
    assert (first, first.reached) == (second, second.reached)


def test_without_a_target_a_file_is_plain_bytes_in_all_but_name() -> None:
    data = encode(PHOTO)
    assert isinstance(data, bytes) and isinstance(data, EncodedFile)
    assert data.reached is None


def test_a_target_excludes_other_ways_to_say_how_good() -> None:
    with pytest.raises(InputError, match=r"a target of 1 bpp excludes quality and lossless"):
        encode(PHOTO, 50, target=Target("bpp", 1))
    with pytest.raises(InputError, match=r"excludes quality and lossless"):
        encode(PHOTO, lossless=True, target=Target("bpp", 1))


def test_progress_counts_all_trials_and_ends_complete() -> None:
    seen: list[tuple[int, int]] = []
    tintype.Codec(threads=1, tile=64).encode(
        PHOTO, progress=lambda done, total: seen.append((done, total)), target=Target("psnr", 33)
    )
    done = [each for each, _ in seen]
    assert seen[0][0] == 0 and done == sorted(done)
    assert all(each <= total for each, total in seen)
    assert seen[-1][0] == seen[-1][1] > 6  # more than the tiles of one pass


def test_the_deadline_is_that_of_the_whole_search() -> None:
    codec = tintype.Codec(threads=1, limits=tintype.Limits(deadline=0.2))
    codec.load()
    with pytest.raises(DeadlineError):
        codec.encode(PHOTO, progress=lambda done, total: time.sleep(0.06), target=Target("psnr", 33))


def test_a_search_needs_more_memory_than_an_encoding() -> None:
    most = 41_000_000
    codec = tintype.Codec(threads=1, limits=tintype.Limits(max_memory=most))
    pixels = picture(330, 330)
    codec.encode(pixels)
    with pytest.raises(LimitError, match="max_memory"):
        codec.encode(pixels, target=Target("ms_ssim", 15))


def test_pictures_as_they_come_from_files_are_taken(tmp_path: Path) -> None:
    Image.fromarray(PHOTO).save(tmp_path / "a.png")
    target = Target("size", 3000)
    assert encode(tmp_path / "a.png", target=target) == encode(Picture(PHOTO), target=target)
    with pytest.raises(TargetError, match=r"a\.png: no file of at most 10 bytes"):
        CODEC.encode(tmp_path / "a.png", target=Target("size", 10))


def test_colour_under_transparency_does_not_count_for_a_quality() -> None:
    text = 255 - page(128, 192)  # white on black
    rgba = np.dstack([text, np.where(text.max(axis=2) > 0, 255, 0).astype(np.uint8)])  # graphics keep the black
    found = CODEC.encode(Image.fromarray(rgba), target=Target("psnr", 25.0))
    assert found.reached is not None and found.reached >= 25 and not found.lossless


def test_verifying_a_target_that_gave_a_file_without_loss_compares_colour_under_transparency_exactly() -> None:
    rgba = np.dstack([PHOTO, np.full(PHOTO.shape[:2], 255, np.uint8)])
    rgba[:40, :40] = 0  # black, which levels replace by what is around, and files without loss keep
    for target in (Target("size", 10**6), Target("psnr", 60.0)):
        found = encode(Image.fromarray(rgba), target=target, verify=True)
        assert found.lossless
        assert np.array_equal(np.asarray(tintype.decode(found)), rgba)
    assert not encode(Image.fromarray(rgba), target=Target("psnr", 30.0), verify=True).lossless
