"""Samples of the decoder for browsers are those of Python's native engine."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.codec.graphics.drawings import page
from tests.golden.make_tagged import FOLDER
from tests.pictures import deep_picture, picture
from tintype import Codec
from tintype.images import Picture
from tintype.pixels import IntPixels

if TYPE_CHECKING:
    from tests.web.browser import Browser

ENGINES = ("engine.wasm", "engine-relaxed.wasm")
GOLDEN = [
    f"{folder.name}/{file}"
    for folder in sorted(FOLDER.iterdir())
    for file in json.loads((folder / "golden.json").read_text())
]


def require_equal(browser: "Browser", data: bytes, **options: Any) -> None:
    found, wanted = browser.samples(data, **options), Codec().decode_picture(data)
    assert found.samples.dtype == wanted.pixels.dtype
    np.testing.assert_array_equal(found.samples, wanted.pixels)
    assert (found.alpha is None) == (wanted.alpha is None)
    if wanted.alpha is not None:
        assert found.alpha is not None and found.alpha.dtype == wanted.alpha.dtype
        np.testing.assert_array_equal(found.alpha, wanted.alpha)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("file", GOLDEN)
def test_files_of_releases_have_the_native_engine_s_samples(browser: "Browser", file: str, engine: str) -> None:
    require_equal(browser, (FOLDER / file).read_bytes(), engine=engine)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 65), (63, 2), (64, 64), (65, 129), (300, 1)])
def test_sizes_around_a_tile_s_padding(browser: "Browser", height: int, width: int) -> None:
    require_equal(browser, Codec().encode(picture(height, width), quality=40, content="photo"))


@pytest.mark.parametrize("depth", [8, 10, 16])
@pytest.mark.parametrize(("height", "width"), [(250, 190), (300, 96)])
def test_tiles_are_blended_over_their_margins(browser: "Browser", height: int, width: int, depth: int) -> None:
    image = Picture(deep_picture(height, width, depth), depth=depth)
    require_equal(browser, Codec(tile=64).encode(image, quality=35, content="photo"))


def mosaic(height: int, width: int) -> IntPixels:
    """A photograph with pages of text at its corners: graphics hide some tiles whole, others in part."""
    image, text = picture(height, width), page(height, width)
    image[: height // 2, : width // 2] = text[: height // 2, : width // 2]
    image[-70:, -90:] = text[-70:, -90:]
    return image


KINDS: Mapping[str, tuple[IntPixels, Mapping[str, Any]]] = {
    "graphics in colour": (mosaic(300, 330), {"quality": 50}),
    "graphics in grey": (mosaic(200, 190)[..., 1], {"quality": 20}),
    "screen": (mosaic(150, 160), {"quality": 60, "content": "screen"}),
    "grey without loss": (picture(70, 81)[..., 0], {"lossless": True}),
    "deep grey without loss": (deep_picture(33, 81, 16)[..., 2].copy(), {"lossless": True}),
    "transparent": (np.dstack([picture(90, 150), picture(90, 150, 3)[..., 0]]), {"quality": 30}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_pictures_in_tiles(browser: "Browser", kind: str) -> None:
    image, options = KINDS[kind]
    require_equal(browser, Codec(tile=96).encode(image, **options))


def test_a_picture_of_several_tiles_of_the_usual_size(browser: "Browser") -> None:
    require_equal(browser, Codec(tile=504).encode(picture(600, 1100), quality=60, content="photo"))


@pytest.mark.parametrize("depth", [8, 10, 16])
def test_pixels_for_display_are_samples_rounded_to_8_bits(browser: "Browser", depth: int) -> None:
    data = Codec().encode(Picture(deep_picture(40, 70, depth), depth=depth), quality=80, content="photo")
    rgba, space = browser.picture(data)
    white = 2**depth - 1
    rounded = (510 * Codec().decode_picture(data).pixels.astype(np.int64) + white) // (2 * white)
    np.testing.assert_array_equal(rgba[..., :3], rounded)
    assert (rgba[..., 3] == 255).all() and space == "srgb"


def test_grey_and_transparency_for_display(browser: "Browser") -> None:
    data = (FOLDER / "0.2.0" / "pico-s-alpha.tint").read_bytes()
    wanted = Codec().decode_picture(data)
    rgba, _ = browser.picture(data)
    assert wanted.alpha is not None
    np.testing.assert_array_equal(rgba, np.dstack([wanted.pixels, wanted.alpha]))
    grey = (FOLDER / "0.2.0" / "pico-s-grey.tint").read_bytes()
    rgba, _ = browser.picture(grey)
    np.testing.assert_array_equal(rgba[..., :3], np.dstack([Codec().decode_picture(grey).pixels] * 3))


def test_files_beside_the_module_are_the_default(browser: "Browser") -> None:
    data = (FOLDER / "0.2.0" / "pico-s-tiny.tint").read_bytes()
    for missing in ([], ["engine-relaxed.wasm"]):
        require_equal(browser, data, engine=None, models=None, missing=missing)
