"""`tintype encode` for a size or a quality, only if smaller, and verified."""

import argparse
import re
from pathlib import Path

import numpy as np
import pytest

import tintype as library
from tests.cli.command import DONE, names, photo, tintype
from tintype import metrics
from tintype.cli import main as cli
from tintype.cli.targets import size
from tintype.codec.encoder import Encoder

PHOTO = ("--content", "photo")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("200000", 200_000),
        ("200000B", 200_000),
        ("200KB", 200_000),
        ("200 kb", 200_000),
        ("200k", 200_000),
        ("200KiB", 204_800),
        ("1.5MB", 1_500_000),
        ("1.5MiB", 1_572_864),
        ("0.9", 0),
    ],
)
def test_sizes_are_read_with_their_unit(text: str, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize("text", ["", "KB", "-5", "1e3", "5GB5", "1,5MB", "nan", "five"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a size, such as 200000, 200KB"):
        size(text)


def test_a_size_above_all_numbers_is_refused() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="above any that a file can have"):
        size(f"{'9' * 400}MB")


def test_a_size_is_met_and_verbose_says_what_came_out(tmp_path: Path) -> None:
    photo(tmp_path / "a.png", 80, 90)
    result = tintype(tmp_path, "encode", "a.png", "--size", "2KB", "-v", *PHOTO)
    data = (tmp_path / "a.tint").read_bytes()
    assert 1600 < len(data) <= 2000
    level = library.info(data).level
    assert re.fullmatch(
        rf"a\.png: {len(data)} bytes, [\d.]+ bpp, level {level}, opens in every later version, [\d.]+ s\n", result.err
    )


def test_a_quality_is_met_and_verbose_says_what_was_reached(tmp_path: Path) -> None:
    pixels = photo(tmp_path / "a.png", 80, 90)
    result = tintype(tmp_path, "encode", "a.png", "--psnr", "33.5", "-v", *PHOTO)
    data = (tmp_path / "a.tint").read_bytes()
    reached = metrics.psnr(pixels, np.asarray(library.decode(data)))
    assert 33.5 <= reached < 34.5
    assert f", {reached:.2f} dB PSNR, " in result.err
    assert tintype(tmp_path, "encode", "a.png", "--ms-ssim", "12", "--force", *PHOTO).all == DONE


def test_a_size_that_cannot_be_met_leaves_no_file_and_the_others_are_encoded(tmp_path: Path) -> None:
    photo(tmp_path / "a.png", 200, 200)
    photo(tmp_path / "b.png", 16, 16)
    result = tintype(tmp_path, "encode", "a.png", "b.png", "--size", "400", *PHOTO)
    assert result.status == 3
    assert re.fullmatch(r"a\.png: no file of at most 400 bytes is possible; the smallest has \d+ bytes.*\n", result.err)
    assert names(tmp_path) == ["a.png", "b.png", "b.tint"]


def test_a_quality_above_the_levels_is_met_without_loss_and_said(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    result = tintype(tmp_path, "encode", "a.png", "--psnr", "80", *PHOTO)
    assert result.status == 0
    assert re.fullmatch(
        r"a\.png: 80\.00 dB PSNR is above what the levels reach, [\d.]+ dB PSNR; encoded without loss\n", result.err
    )
    assert library.info((tmp_path / "a.tint").read_bytes()).exact == 1


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--size", "9KB", "-q", "50"), "argument -q/--quality: not allowed with argument --size"),
        (("--psnr", "30", "--bpp", "1"), "argument --bpp: not allowed with argument --psnr"),
        (("--psnr", "30", "--lossless"), "tintype encode: --lossless has no target; leave out --psnr"),
        (("--bpp", "nan"), "tintype encode: --bpp: bpp nan: a finite number above 0 is needed"),
        (("--size", "0"), "tintype encode: --size: size 0: a finite number above 0 is needed"),
        (("--ms-ssim", "x"), "argument --ms-ssim: 'x' is not a number"),
        (("--only-if-smaller", "-o", "-"), "--only-if-smaller may write nothing, which a reader of standard output"),
    ],
)
def test_options_that_do_not_fit_together_are_wrong_usage(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    photo(tmp_path / "a.png")
    result = tintype(tmp_path, "encode", "a.png", *arguments)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert names(tmp_path) == ["a.png"]


def test_a_missing_package_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(tmp_path / "a.png")
    photo(tmp_path / "b.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tintype.ssimulacra2.missing", lambda: "the package ssimulacra2 is not installed")
    assert cli.main(["encode", "a.png", "b.png", "--ssimulacra2", "70"]) == 4
    expected = 'SSIMULACRA2: the package ssimulacra2 is not installed; pip install "tintype[eval]"'
    assert capsys.readouterr().err == f"tintype encode: {expected}\n"


def test_only_smaller_results_are_written(tmp_path: Path) -> None:
    photo(tmp_path / "in/large.bmp", 64, 64)
    photo(tmp_path / "in/small.jpg", 64, 64, quality=60)
    result = tintype(tmp_path, "encode", "in", "--lossless", "--only-if-smaller")
    bytes_in = (tmp_path / "in/small.jpg").stat().st_size
    assert result.status == 0
    line, count = result.err.splitlines()
    assert re.fullmatch(rf"in/small\.jpg: not written; \d+ bytes would be no less than its {bytes_in}", line)
    assert count == "1 of 2 pictures encoded"
    assert names(tmp_path / "in") == ["large.bmp", "large.tint", "small.jpg"]


def test_only_if_smaller_counts_the_bytes_of_standard_input(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg", 64, 64, quality=60)
    content = (tmp_path / "a.jpg").read_bytes()
    options = ("encode", "-", "-o", "a.tint", "--lossless", "--only-if-smaller")
    result = tintype(tmp_path, *options, stdin=content)
    assert (result.status, names(tmp_path)) == (0, ["a.jpg"])
    assert result.err.endswith(f" bytes would be no less than its {len(content)}\n")


def test_verified_files_are_those_of_every_day(tmp_path: Path) -> None:
    pixels = photo(tmp_path / "a.png")
    assert tintype(tmp_path, "encode", "a.png", "--verify").all == DONE
    assert (tmp_path / "a.tint").read_bytes() == library.encode(pixels)


def test_a_file_that_fails_its_check_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(tmp_path / "a.png")
    photo(tmp_path / "b.png", seed=3)
    other = library.encode(tmp_path / "b.png")
    (tmp_path / "a.tint").write_bytes(b"precious")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Encoder, "encode", lambda *_: bytes(other))
    assert cli.main(["encode", "a.png", "--verify", "--force"]) == 4
    assert "a.png: the file that was just made does not give the picture back" in capsys.readouterr().err
    assert (tmp_path / "a.tint").read_bytes() == b"precious"
