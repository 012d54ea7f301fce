"""What a picture is comes back from a file: depth, transparency, colour, metadata."""

import dataclasses

import numpy as np
import pytest

import tintype
from tests.pictures import deep_picture, picture
from tintype.codec.container.file import Chunk, ChunkType, parse, write
from tintype.errors import CorruptError
from tintype.images import CodePoints, Picture

DISC = np.hypot(*np.mgrid[-50:50, -70:70]) < 40


def there_and_back(original: Picture, quality: float = 75, tile: int | None = None) -> Picture:
    codec = tintype.Codec(threads=1, tile=tile)
    return codec.decode_picture(codec.encode(original, quality, content="photo"))  # graphics depend on the depth


def error_of(found: Picture, original: Picture) -> float:
    """Root of the mean squared error, 0 to 255."""
    scale = 255 / (2**original.depth - 1)
    return float(np.sqrt(np.mean((scale * (found.pixels.astype(float) - original.pixels)) ** 2)))


@pytest.mark.parametrize("tile", [None, 64])
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("depth", [10, 12, 16])
def test_deep_pictures_come_back_as_well_as_those_of_8_bits(depth: int, grey: bool, tile: int | None) -> None:
    deep, plain = (
        Picture(deep_picture(100, 140, bits)[..., slice(0, 3) if not grey else 0], depth=bits) for bits in (depth, 8)
    )
    found = there_and_back(deep, tile=tile)
    assert (found.depth, found.pixels.dtype, found.pixels.shape) == (depth, np.uint16, deep.pixels.shape)
    assert error_of(found, deep) < error_of(there_and_back(plain, tile=tile), plain) + 0.05


@pytest.mark.parametrize("tile", [None, 64])
@pytest.mark.parametrize("depth, levels", [(10, 600), (12, 1024), (16, 1024)])
def test_a_smooth_gradient_has_no_bands(depth: int, levels: int, tile: int | None) -> None:
    white = 2**depth - 1
    ramp = np.linspace(0.15 * white, 0.8 * white, 1500).astype(np.uint16)
    found = there_and_back(Picture(np.tile(ramp, (72, 1)), depth=depth), tile=tile)
    assert len(np.unique(found.pixels[40])) > levels
    steps = np.abs(np.diff(found.pixels[40].astype(float))) / (white / 255)  # in grey levels of 8 bits
    assert steps[4:-4].max() < 1 and steps.max() < 2  # the networks see zeros beyond the picture's edge


@pytest.mark.parametrize("tile", [None, 64])
@pytest.mark.parametrize("type", [np.uint8, np.uint16])
@pytest.mark.parametrize("depth", [8, 16])
def test_transparency_comes_back_exactly(depth: int, type: type, tile: int | None) -> None:
    rng = np.random.default_rng(251)
    alpha = np.where(DISC, rng.integers(1, np.iinfo(type).max, DISC.shape, endpoint=True), 0).astype(type)
    original = Picture(deep_picture(100, 140, depth), depth=depth, alpha=alpha)
    found = there_and_back(original, tile=tile)
    assert found.alpha is not None and found.alpha.dtype == type
    np.testing.assert_array_equal(found.alpha, alpha)
    seen = dataclasses.replace(original, pixels=original.pixels[DISC])
    assert error_of(dataclasses.replace(found, pixels=found.pixels[DISC]), seen) < 12


def test_colour_under_full_transparency_costs_nothing() -> None:
    pixels = picture(100, 140)
    noise = np.random.default_rng(251).integers(0, 256, pixels.shape, np.uint8)
    hidden = np.where(DISC[..., None], pixels, noise).astype(np.uint8)
    alpha = DISC.astype(np.uint8) * 255
    data, same = (tintype.encode(Picture(each, alpha=alpha)) for each in (pixels, hidden))
    assert data == same
    ((_, alpha_bytes),) = tintype.info(data).chunks
    square = tintype.encode(pixels[10:90, 30:110])  # around the disc
    assert len(data) - alpha_bytes < 1.1 * len(square)


@pytest.mark.parametrize("points", [CodePoints(9, 16), CodePoints(12, 13), CodePoints(1, 18), None])
def test_code_points_come_back(points: CodePoints | None) -> None:
    data = tintype.encode(Picture(picture(20, 30), code_points=points))
    assert tintype.info(data).code_points == points
    assert tintype.Codec().decode_picture(data).code_points == points


def test_srgb_takes_the_short_form_of_the_header() -> None:
    pixels = picture(20, 30)
    assert tintype.encode(Picture(pixels, code_points=CodePoints(1, 13))) == tintype.encode(pixels)


def test_metadata_come_back_as_they_were() -> None:
    original = Picture(picture(20, 30), icc=b"profile", exif=b"MM\0*\0\0\0\x08\0\0", xmp=b"<x/>", iptc=b"\x1c\x02")
    found = there_and_back(original)
    for name in ("icc", "exif", "xmp", "iptc"):
        assert getattr(found, name) == getattr(original, name)


def test_info_names_depth_and_transparency() -> None:
    about = tintype.info(tintype.encode(Picture(deep_picture(100, 140, 12), depth=12, alpha=DISC.astype(np.uint8))))
    assert (about.depth, about.alpha, about.grey) == (12, True, False)
    assert about.chunks[0][0] == "ALPHA"
    assert not tintype.info(tintype.encode(picture(20, 30))).alpha


@pytest.mark.parametrize("plane", [b"", b"nonsense" * 9, "another size"])
def test_transparency_that_is_no_plane_of_the_picture_is_damage(plane: bytes | str) -> None:
    container = parse(tintype.encode(Picture(picture(100, 140), alpha=DISC.astype(np.uint8))))
    if isinstance(plane, str):
        other = parse(tintype.encode(Picture(picture(30, 20), alpha=DISC[:30, :20].astype(np.uint8))))
        plane = other.chunk(ChunkType.ALPHA) or b""
    data = write(dataclasses.replace(container, chunks=(Chunk(ChunkType.ALPHA, plane),)))
    with pytest.raises(CorruptError, match="transparency"):
        tintype.decode(data)
