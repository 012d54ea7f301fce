"""Samples of the decoder for browsers are those of Python's native engine."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.codec.graphics.drawings import page
from tests.golden.make_tagged import FOLDER
from tests.pictures import deep_picture, picture
from tintype import Codec
from tintype.codec.container.file import Chunk, ChunkType, Container, parse, write
from tintype.codec.container.header import ColourType
from tintype.codec.graphics import png
from tintype.codec.graphics.images import Coder
from tintype.codec.graphics.layer import Layer, joined, split
from tintype.codec.tiling import tile_grid
from tintype.images import Picture
from tintype.images.picture import CodePoints
from tintype.pixels import IntPixels

if TYPE_CHECKING:
    from tests.web.browser import Browser

ENGINES = ("engine.wasm", "engine-relaxed.wasm")
SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
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


def deep_rgba(height: int, width: int) -> IntPixels:
    return np.dstack([deep_picture(height, width, 16), deep_picture(height, width, 16, 5)[..., 1]])


KINDS: Mapping[str, tuple[IntPixels, Mapping[str, Any]]] = {
    "graphics in colour": (mosaic(300, 330), {"quality": 50}),
    "graphics in grey": (mosaic(200, 190)[..., 1], {"quality": 20}),
    "screen": (mosaic(150, 160), {"quality": 60, "content": "screen"}),
    "grey without loss": (picture(70, 81)[..., 0], {"lossless": True}),
    "deep grey without loss": (deep_picture(33, 81, 16)[..., 2].copy(), {"lossless": True}),
    "deep transparent": (deep_rgba(40, 70), {"quality": 60}),
    "transparent": (np.dstack([picture(90, 150), picture(90, 150, 3)[..., 0]]), {"quality": 30}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_pictures_in_tiles(browser: "Browser", kind: str) -> None:
    image, options = KINDS[kind]
    require_equal(browser, Codec(tile=96).encode(image, **options))


def test_mosaics_have_tiles_with_and_without_graphics_and_with_graphics_in_parts() -> None:
    container = parse(Codec(tile=96).encode(KINDS["graphics in colour"][0], quality=50))
    header = container.header
    found = set()
    for tile, payload in zip(
        tile_grid(header.width, header.height, header.tiling, 64), container.payloads, strict=True
    ):
        layer, _ = split(payload)
        parsed = Layer.parse(layer, tile.core.height, tile.core.width) if layer else None
        found.add("none" if parsed is None else "whole" if parsed.mask is None else "part")
    assert found == {"none", "whole", "part"} and header.tiling.margin


PNG = {
    "black and white": Image.fromarray(picture(50, 67)[..., 0] > 128),
    "grey": Image.fromarray(picture(50, 67)[..., 0]),
    "RGB": Image.fromarray(picture(50, 67)),
    **{f"{n} colours": Image.fromarray(picture(50, 67)).quantize(n) for n in (2, 4, 16, 200)},
}


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("form", PNG)
def test_forms_of_png_in_graphics(browser: "Browser", form: str, grey: bool) -> None:
    layer = Layer(50, 67, Coder.PNG, png.write(PNG[form])).write()
    colour = ColourType.GREY if grey else ColourType.RGB
    header = replace(parse(Codec().encode(picture(50, 67))).header, colour=colour)
    require_equal(browser, write(Container(header, (joined(layer, b""),), (Chunk(ChunkType.GRAPHICS, b""),))))


def test_a_plane_of_transparency_in_png_of_8_bits(browser: "Browser") -> None:
    file = io.BytesIO()
    alpha = picture(30, 44)[..., 0]
    Image.fromarray(alpha).save(file, "PNG")
    container = parse(Codec().encode(picture(30, 44), content="photo"))
    data = write(replace(container, chunks=(Chunk(ChunkType.ALPHA, file.getvalue()),)))
    require_equal(browser, data)
    np.testing.assert_array_equal(browser.samples(data).alpha, alpha)


def test_profiles_are_passed_on(browser: "Browser") -> None:
    pixels = picture(20, 30)
    for image, wanted, space in [
        (Picture(pixels, icc=SRGB_PROFILE), {"primaries": 1, "transfer": 13, "icc": SRGB_PROFILE.hex()}, None),
        (Picture(pixels, code_points=CodePoints(12, 13)), {"primaries": 12, "transfer": 13, "icc": None}, "display-p3"),
        (Picture(pixels, code_points=CodePoints(9, 16)), {"primaries": 9, "transfer": 16, "icc": None}, None),
    ]:
        data = Codec().encode(image)
        assert browser.samples(data).profile == wanted
        assert browser.picture(data)[1] == space


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
