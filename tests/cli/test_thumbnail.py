"""`tintype thumbnail`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

import tintype as library
from tests.cli.command import DONE, tintype
from tests.pictures import deep_picture, picture
from tintype.cli.main import main

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize(
    "height, width, size, expected", [(90, 180, 60, (60, 30)), (180, 90, 60, (30, 60)), (20, 10, 60, (10, 20))]
)
def test_the_longer_side_gets_the_size_and_small_pictures_stay(
    tmp_path: Path, height: int, width: int, size: int, expected: tuple[int, int]
) -> None:
    (tmp_path / "a.tint").write_bytes(library.encode(picture(height, width)))
    assert tintype(tmp_path, "thumbnail", "a.tint", "a", "--size", str(size)).all == DONE
    with Image.open(tmp_path / "a") as image:
        assert (image.size, image.mode, image.format) == (expected, "RGB", "PNG")


def test_of_large_pictures_a_reduced_one_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tint").write_bytes(library.encode(picture(90, 330)))
    reductions = []
    decode = library.Codec.decode_picture

    def spied(*arguments: Any, **options: Any) -> Any:
        reductions.append(options["reduce"])
        return decode(*arguments, **options)

    monkeypatch.setattr(library.Codec, "decode_picture", spied)
    for size in (400, 83, 82, 41, 20):
        assert main(["thumbnail", str(tmp_path / "a.tint"), str(tmp_path / f"{size}.png"), "--size", str(size)]) == 0
    assert reductions == [1, 1, 2, 4, 8]
    with Image.open(tmp_path / "20.png") as found, Image.fromarray(picture(90, 330)) as whole:
        whole.thumbnail((20, 20))
        assert found.size == whole.size
        assert np.abs(np.asarray(found).astype(float) - np.asarray(whole)).mean() < 6


@pytest.mark.parametrize(
    "pixels, mode",
    [
        (np.dstack([picture(40, 40), np.full((40, 40), 99, np.uint8)]), "RGBA"),
        (picture(40, 40)[..., 0], "L"),
        (deep_picture(40, 40, 16)[..., 0], "L"),
    ],
)
def test_transparency_and_grey_stay_and_depth_becomes_8_bits(
    tmp_path: Path, pixels: NDArray[np.uint8], mode: str
) -> None:
    codec = library.Codec(threads=1)
    (tmp_path / "a.tint").write_bytes(codec.encode(pixels, lossless=True))
    assert tintype(tmp_path, "thumbnail", "a.tint", "a.png").all == DONE
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == mode
        expected = pixels if pixels.dtype == np.uint8 else np.round(pixels / 257)
        np.testing.assert_array_equal(np.asarray(image), expected)


def test_the_profile_stays_and_other_metadata_do_not(tmp_path: Path) -> None:
    image = Image.fromarray(picture(40, 40))
    exif = image.getexif()
    exif[0x010E] = "a secret"
    image.info |= {"icc_profile": ICC, "exif": exif.tobytes()}
    (tmp_path / "a.tint").write_bytes(library.encode(image))
    assert tintype(tmp_path, "thumbnail", "a.tint", "a.png").all == DONE
    data = (tmp_path / "a.png").read_bytes()
    assert b"secret" not in data and b"iCCP" in data


def test_what_exists_is_kept_and_damage_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.tint").write_bytes(library.encode(picture(8, 8)))
    (tmp_path / "a.png").write_bytes(b"precious")
    kept = tintype(tmp_path, "thumbnail", "a.tint", "a.png")
    assert kept.all == (2, "", "a.tint: a.png exists; --force overwrites it, -o names another file\n")
    (tmp_path / "bad.tint").write_bytes(b"bad")
    assert tintype(tmp_path, "thumbnail", "bad.tint", "a.png", "--force").status == 3
    assert (tmp_path / "a.png").read_bytes() == b"precious"


def test_large_pictures_are_decoded_at_smaller_sides(tmp_path: Path) -> None:
    codec, pixels = library.Codec(threads=1), picture(160, 320)
    data = codec.encode(pixels)
    (tmp_path / "a.tint").write_bytes(data)
    assert tintype(tmp_path, "thumbnail", "a.tint", "a.png", "--size", "40").all == DONE
    expected = codec.decode(data, reduce=4)
    expected.thumbnail((40, 40))
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))


def test_names_of_other_formats_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tint").write_bytes(library.encode(picture(8, 8)))
    refused = tintype(tmp_path, "thumbnail", "a.tint", "b.jpg")
    message = "b.jpg is the name of another format, but a thumbnail is a PNG; name it b.png"
    assert refused.all == (2, "", f"a.tint: {message}\n")
    assert not (tmp_path / "b.jpg").exists()
    assert tintype(tmp_path, "thumbnail", "a.tint", "b.part").all == DONE
