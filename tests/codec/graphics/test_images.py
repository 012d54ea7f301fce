import io
import struct

import numpy as np
import pytest
from PIL import Image, features

from tests.codec.graphics.drawings import dither, noise, page
from tintype.codec.graphics import images
from tintype.codec.graphics.images import Coder
from tintype.errors import CorruptError, UnsupportedError
from tintype.metrics import psnr
from tintype.pixels import IntPixels

DEEP = (noise(20, 30).astype(np.uint16) << 2) + 1

EXACT: dict[str, tuple[IntPixels, int]] = {
    "page": (page(), 8),
    "grey": (page()[..., 0], 8),
    "dots": (dither(40, 56), 8),
    "noise": (noise(5, 7), 8),
    "one pixel": (noise(1, 1), 8),
    "longer than WebP": (np.tile(noise(2, 8), (1, 2100, 1)), 8),
    "few colours": (page() // 64 * np.array([1, 2, 3], np.uint8), 8),
    "10 bits": (DEEP, 10),
    "10 bits, grey": (DEEP[..., 2], 10),
    "16 bits": (DEEP * 63, 16),
}


@pytest.mark.parametrize("name", EXACT)
def test_without_loss_every_sample_comes_back(name: str) -> None:
    pixels, depth = EXACT[name]
    coder, data = images.write_exact(pixels)
    assert coder.exact
    found = images.read(coder, data, *pixels.shape[:2], pixels.ndim == 2, depth)
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize("name", ["page", "grey", "dots", "noise", "one pixel", "few colours"])
def test_it_takes_fewer_bytes_than_a_png_file(name: str) -> None:
    pixels, _ = EXACT[name]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    assert len(images.write_exact(pixels)[1]) < len(file.getvalue()) - 40


def test_a_large_photograph_is_not_tried_as_png(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images.png, "write", None)
    assert images.write_exact(noise(8, 600))[0] is Coder.WEBP


@pytest.mark.parametrize("pixels", [page(), page()[..., 0]], ids=["RGB", "grey"])
def test_with_a_small_error_more_quality_is_closer(pixels: IntPixels) -> None:
    found = []
    for quality in (20, 80):
        data = images.write_near(pixels, quality)
        assert data is not None
        found.append(psnr(pixels, images.read(Coder.AVIF, data, *pixels.shape[:2], pixels.ndim == 2, 8)))
    assert 25 < found[0] < found[1] - 5


def test_a_pillow_without_avif_writes_none_and_says_so_when_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    data = images.write_near(page(), 50)
    assert data is not None
    monkeypatch.setattr(features, "check", lambda name: name != "avif")
    assert images.write_near(page(), 50) is None
    with pytest.raises(UnsupportedError, match="AVIF"):
        images.read(Coder.AVIF, data, 160, 240, False, 8)


WEBP = images.write_exact(noise(8, 600))[1]
PNG = images.write_exact(noise(5, 7))[1]
AVIF = images.write_near(page(32, 32), 50) or b""
LARGE = b"\x2f" + struct.pack("<I", (2**14 - 1) | (2**14 - 1) << 14) + WEBP[5:]

BAD = {
    "WebP: empty": (Coder.WEBP, b"", 8, 600, 8),
    "WebP: of another size": (Coder.WEBP, WEBP, 8, 601, 8),
    "WebP: of a huge size": (Coder.WEBP, LARGE, 8, 600, 8),
    "WebP: cut": (Coder.WEBP, WEBP[:50], 8, 600, 8),
    "WebP: of more bits": (Coder.WEBP, WEBP, 8, 600, 10),
    "PNG: empty": (Coder.PNG, b"", 5, 7, 8),
    "PNG: an unknown kind": (Coder.PNG, b"\xff" + PNG[1:], 5, 7, 8),
    "PNG: cut": (Coder.PNG, PNG[:-3], 5, 7, 8),
    "PNG: without pixels": (Coder.PNG, PNG[:1], 5, 7, 8),
    "PNG: of a larger picture": (Coder.PNG, PNG, 50, 70, 8),
    "AVIF: no file": (Coder.AVIF, b"no file", 32, 32, 8),
    "AVIF: of another size": (Coder.AVIF, AVIF, 32, 33, 8),
    "AVIF: of more bits": (Coder.AVIF, AVIF, 32, 32, 12),
}


def test_samples_of_more_bits_than_the_picture_are_refused() -> None:
    coder, data = images.write_exact(DEEP * 4)
    with pytest.raises(CorruptError, match="more than 10 bits"):
        images.read(coder, data, *DEEP.shape[:2], False, 10)


def test_avif_that_holds_another_size_than_it_should_is_refused_before_it_is_decoded() -> None:
    large = images.write_near(np.zeros((64, 2000, 3), np.uint8), 50)
    assert large is not None
    with pytest.raises(CorruptError, match="2000 x 64 pixels where 32 x 32 belong"):
        images.read(Coder.AVIF, large, 32, 32, False, 8)


@pytest.mark.parametrize("change", [b"\x0a", b"\x12\x00", b"\x0a\x01\x00", b"\x0a\xff\xff\xff\xff\x0f"])
def test_avif_of_other_units_is_refused(change: bytes) -> None:
    for data in (change + AVIF, AVIF + change, change):
        with pytest.raises(CorruptError, match="damaged"):
            images.read(Coder.AVIF, data, 32, 32, False, 8)


def test_avif_with_a_header_that_lets_frames_choose_their_size_is_refused() -> None:
    data = bytearray(AVIF)
    data[2] &= ~0x08  # reduced_still_picture_header
    with pytest.raises(CorruptError, match="no still picture"):
        images.read(Coder.AVIF, bytes(data), 32, 32, False, 8)


def test_avif_is_compared_with_its_own_header_however_many_bytes_state_its_length() -> None:
    data = images.write_near(np.zeros((300, 400), np.uint8), 50)
    assert data is not None
    end = 2 + data[1]  # of the header, whose length is one byte
    padded = data[2:end].ljust(0x18 << 7, b"\0")  # the second byte of this length looks like the start of a header
    changed = data[:1] + bytes([0x80, 0x18]) + padded + data[end:]
    with pytest.raises(CorruptError, match="400 x 300 pixels where 69 x 1 belong"):
        images.read(Coder.AVIF, changed, 1, 69, True, 8)


@pytest.mark.parametrize("name", BAD)
def test_damaged_images_are_refused(name: str) -> None:
    coder, data, height, width, depth = BAD[name]
    with pytest.raises(CorruptError, match="damaged"):
        images.read(coder, data, height, width, False, depth)


def test_a_png_with_other_chunks_is_refused() -> None:
    text = struct.pack(">I", 3) + b"tEXtabc" + bytes(4)
    with pytest.raises(CorruptError, match="neither PLTE nor IDAT"):
        images.read(Coder.PNG, PNG[:1] + text + PNG[1:], 5, 7, False, 8)
