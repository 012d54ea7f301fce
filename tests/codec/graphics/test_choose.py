"""The choice on a toy model, whose transform is orthonormal and whose decoding is exact arithmetic."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.codec.graphics.drawings import dither, noise, page, photograph
from tests.toy import ToyModel
from tintype.codec.container.file import ChunkType, Container, parse, write
from tintype.codec.container.header import Samples
from tintype.codec.decoder import decode, salvage
from tintype.codec.encoder import Encoder
from tintype.codec.graphics import choose, images
from tintype.codec.graphics.choose import Content
from tintype.codec.graphics.shares import shares
from tintype.codec.tiling import Tiling
from tintype.errors import CorruptError
from tintype.pixels import IntPixels, Pixels

MODEL = ToyModel()
CONTENTS: list[Content] = ["auto", "screen", "photo", "exact"]


def file_of(pixels: IntPixels, content: Content, level: int = 3, tiling: Tiling | None = None) -> bytes:
    return Encoder(MODEL, pixels, tiling, content=content).encode(level)


def mixed() -> IntPixels:
    """A photograph with a caption."""
    pixels = photograph(320, 480).copy()
    pixels[-64:, 96:336] = page(64)
    return pixels


def mean_squared(found: IntPixels, pixels: IntPixels) -> float:
    return float(np.square(found.astype(float) - pixels).mean())


def test_a_page_is_graphics_alone() -> None:
    container = parse(file_of(page(320, 480), "auto"))
    assert container.graphics and shares(container).graphics == 1


def test_a_photograph_has_no_byte_of_them() -> None:
    pixels = photograph(320, 480)
    assert file_of(pixels, "auto") == file_of(pixels, "photo")


class _NoNetworks(ToyModel):
    """Refuses to work."""

    def analyse(self, pixels: Pixels) -> NDArray[np.float32]:
        raise AssertionError("a network ran")


@pytest.mark.parametrize("shape", [(1, 301), (32, 301), (301, 1), (7, 40000)], ids=str)
@pytest.mark.parametrize("channels", [np.s_[:], 0], ids=["RGB", "grey"])
def test_thin_pictures_are_graphics_in_which_no_network_runs(shape: tuple[int, int], channels: Any) -> None:
    pixels = photograph(max(shape[0], 40), max(shape[1], 40))[: shape[0], : shape[1], channels]
    container = parse(Encoder(_NoNetworks(), pixels, content="auto").encode(5))
    assert shares(container).graphics == 1
    assert mean_squared(decode(container, MODEL), pixels) < 40


def test_pictures_that_are_deep_or_not_thin_enough_are_left_to_the_networks() -> None:
    pixels = photograph(40, 400)
    assert file_of(pixels[:33], "auto", 1) == file_of(pixels[:33], "photo", 1)
    assert file_of(pixels[:32], "auto", 1) != file_of(pixels[:32], "photo", 1)
    deep = pixels[:20] * np.uint16(257) + np.random.default_rng(2).integers(0, 257, (20, 400, 3), np.uint16)
    files = {Encoder(MODEL, deep, samples=Samples(16), content=content).encode(1) for content in ("auto", "photo")}
    assert len(files) == 1


def test_of_a_captioned_photograph_the_caption_is_graphics() -> None:
    pixels = mixed()
    data = file_of(pixels, "auto")
    assert 0.05 < shares(parse(data)).graphics < 0.2
    assert len(data) < len(file_of(pixels, "photo"))
    caption = np.s_[-64:, 96:336]
    errors = {
        content: mean_squared(decode(parse(file_of(pixels, content)), MODEL)[caption], pixels[caption])
        for content in ("auto", "photo")
    }
    assert errors["auto"] < errors["photo"] / 4


@pytest.mark.parametrize("pixels", [mixed(), mixed()[..., 0], noise(70, 200)], ids=["RGB", "grey", "noise"])
@pytest.mark.parametrize("tiling", [None, Tiling(64, 4), Tiling(128, 0)], ids=str)
def test_exact_files_give_back_every_sample(pixels: IntPixels, tiling: Tiling | None) -> None:
    container = parse(file_of(pixels, "exact", tiling=tiling))
    np.testing.assert_array_equal(decode(container, MODEL), pixels)
    assert shares(container) == (1, 1)


@pytest.mark.parametrize("pixels", [dither(96, 128), noise(40, 40), page(8, 8), page(320, 480)], ids=lambda p: p.shape)
@pytest.mark.parametrize("level", [0, 3, 6])
def test_no_file_is_larger_than_a_png(pixels: IntPixels, level: int) -> None:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    assert len(file_of(pixels, "auto", level)) <= len(file.getvalue())


def test_the_error_of_small_pictures_is_bounded() -> None:
    pixels = noise(60, 60)
    for level in range(6):
        most = choose.MAX_ERROR / MODEL.error_worth(level)
        plain, bounded = (decode(parse(file_of(pixels, content, level)), MODEL) for content in ("photo", "auto"))
        assert mean_squared(plain, pixels) > most > mean_squared(bounded, pixels)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_covered_tile_does_not_blur_its_neighbours(depth: int) -> None:
    # photographs beside, below and diagonal to pages: every kind of corner
    photo, text = photograph(128, 128), page(128, 128)
    pixels = np.block([[[photo], [text], [photo]], [[text], [photo], [photo]]]).astype(
        np.uint8 if depth == 8 else np.uint16
    )
    if depth == 16:
        pixels *= 257
    samples = Samples(depth=depth)
    tiling = Tiling(128, 8)
    files = [
        Encoder(MODEL, pixels, tiling, samples=samples, content=content).encode(3) for content in ("auto", "photo")
    ]
    container = parse(files[0])
    assert shares(container).graphics == pytest.approx(2 / 6)
    found, plain = (decode(parse(file), MODEL).astype(float) / pixels.max() for file in files)
    np.testing.assert_array_equal(found[:120, :120], plain[:120, :120])  # beyond all blending
    error = np.abs(found - pixels / pixels.max())
    learned = np.ones(pixels.shape[:2], bool)
    learned[:128, 128:256] = learned[128:, :128] = False
    near = learned.copy()
    near[8:120, 8:120] = near[8:, 264:] = False
    assert error[near].mean() < 1.2 * error[learned].mean()
    assert error[learned].max() < 0.4  # no share is lost


def test_the_work_ends_between_images() -> None:
    class OverError(Exception):
        pass

    def check() -> None:
        raise OverError

    def late(*_: object) -> Any:
        pytest.fail("everything else comes later")

    for content in ("auto", "screen"):
        with pytest.raises(OverError):
            choose.choose(page(), page(), 8, 0.01, content, True, late, late, check)


def test_what_is_filled_in_where_nothing_shows_costs_exact_coders_nothing() -> None:
    original = page()
    filled = original.copy()
    filled[20:100, 20:100] = photograph(80, 80)  # as if all of it were transparent
    plain = Encoder(MODEL, filled, content="screen").encode(MODEL.identity.levels - 1)
    helped = Encoder(MODEL, filled, content="screen", original=original).encode(MODEL.identity.levels - 1)
    assert len(helped) < 0.8 * len(plain)
    shows = np.ones(original.shape[:2], bool)
    shows[20:100, 20:100] = False
    np.testing.assert_array_equal(decode(parse(helped), MODEL)[shows], original[shows])


def test_without_avif_what_is_drawn_is_kept_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "write_near", lambda *_: None)
    monkeypatch.setattr(choose, "write_near", lambda *_: None)
    found = shares(parse(file_of(mixed(), "auto")))
    assert 0.02 < found.exact == found.graphics < 0.2


def with_payload(container: Container, payload: bytes) -> Container:
    return parse(write(Container(container.header, (payload,), container.chunks)))


def test_symbols_under_graphics_that_hide_them_are_refused() -> None:
    container = parse(file_of(page(), "exact"))
    with pytest.raises(CorruptError, match=r"tile 0: .*3 bytes of symbols"):
        decode(with_payload(container, container.payloads[0] + b"abc"), MODEL)


def test_a_damaged_image_names_its_tile_and_is_left_out_of_a_salvage() -> None:
    container = parse(file_of(page(), "exact"))
    with pytest.raises(CorruptError, match="tile 0: "):
        decode(with_payload(container, b"\x03\x00\x2f\x00"), MODEL)
    pixels, damage = salvage(with_payload(container, b"\x03\x00\x2f\x00"), MODEL)
    assert (pixels == 128).all() and list(damage) == [0]


def test_the_chunk_is_empty_and_survives_its_own_damage() -> None:
    pixels = page()
    data = bytearray(file_of(pixels, "exact"))
    container = parse(data)
    assert container.chunk(ChunkType.GRAPHICS) == b""
    at = data.index(container.payloads[0]) - 4  # the checksum of the chunk stands before the payload
    data[at] ^= 1
    with pytest.raises(CorruptError, match="GRAPHICS"):
        parse(data)
    np.testing.assert_array_equal(salvage(parse(data, salvage=True), MODEL)[0], pixels)
