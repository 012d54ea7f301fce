"""Transparency comes back exactly; whatever else stands in its chunk is damage."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from tintype.codec.container import alpha
from tintype.codec.container.alpha import read_alpha, write_alpha
from tintype.errors import CorruptError, InputError

Plane = NDArray[Any]
SIDES = st.tuples(st.integers(1, 40), st.integers(1, 40))


@given(st.one_of(arrays(np.uint8, SIDES), arrays(np.uint16, SIDES)))
def test_any_plane_comes_back_exactly(plane: Plane) -> None:
    again = read_alpha(write_alpha(plane), plane.shape[1], plane.shape[0])
    assert again.dtype == plane.dtype
    np.testing.assert_array_equal(again, plane)


def disc(side: int) -> Plane:
    """Opaque inside a circle, with a soft rim."""
    i, j = np.mgrid[:side, :side]
    return (127 + 16 * (side / 3 - np.hypot(i - side / 2, j - side / 2))).clip(0, 255).astype(np.uint8)


def test_planes_of_8_bits_are_webp_and_of_16_bits_png() -> None:
    assert write_alpha(disc(300))[8:16] == b"WEBPVP8L"
    assert len(write_alpha(disc(300))) < 3500
    assert write_alpha(disc(300).astype(np.uint16)).startswith(b"\x89PNG")


def test_planes_too_long_for_webp_are_png() -> None:
    plane = np.tile(np.arange(251, dtype=np.uint8), (2, 80))
    data = write_alpha(plane)
    assert data.startswith(b"\x89PNG")
    np.testing.assert_array_equal(read_alpha(data, 251 * 80, 2), plane)


def test_a_plane_above_the_limit_of_a_chunk_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alpha, "MAX_CHUNK_BYTES", 500)
    with pytest.raises(InputError, match=r"more than the 500 of a chunk; put the picture on a background"):
        write_alpha(disc(300))


def test_pillows_limit_of_pixels_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    webp, png = write_alpha(disc(100)), write_alpha(disc(100).astype(np.uint16))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert read_alpha(png, 100, 100).shape == (100, 100)
    with pytest.raises(InputError, match="MAX_IMAGE_PIXELS"):
        read_alpha(webp, 100, 100)


def test_large_planes_are_png_which_any_pillow_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alpha, "WEBP_MAX_PIXELS", 300 * 299)
    assert write_alpha(disc(300)).startswith(b"\x89PNG")


@pytest.mark.parametrize("plane", [disc(50), disc(50).astype(np.uint16) * 257])
def test_another_size_than_the_pictures_is_damage(plane: Plane) -> None:
    with pytest.raises(CorruptError, match="50 x 50 pixels, the picture 50 x 49"):
        read_alpha(write_alpha(plane), 50, 49)


def saved(format: str, mode: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (20, 30), 77 if mode in ("L", "1") else None).save(file, format, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plane",
        saved("PNG", "RGB"),
        saved("PNG", "1"),
        saved("PNG", "LA"),
        saved("WEBP", "RGB", quality=80),
        saved("WEBP", "RGBA", lossless=True)[:24],
        saved("TIFF", "L"),
        saved("JPEG", "L"),
    ],
)
def test_other_formats_are_damage(data: bytes) -> None:
    with pytest.raises(CorruptError, match="neither a grey PNG"):
        read_alpha(data, 20, 30)


@pytest.mark.parametrize("plane", [disc(64), disc(64).astype(np.uint16) * 257])
def test_changed_and_cut_bytes_are_a_plane_or_damage(plane: Plane) -> None:
    data = write_alpha(plane)
    chance = np.random.default_rng(251)
    errors = 0
    for _ in range(300):
        changed = bytearray(data[: chance.integers(len(data))] if chance.random() < 0.3 else data)
        for at in chance.integers(len(changed), size=2) if changed else ():
            changed[at] ^= 1 << chance.integers(8)
        try:
            found = read_alpha(bytes(changed), 64, 64)
        except CorruptError:
            errors += 1
        else:
            assert (found.shape, found.dtype) == (plane.shape, plane.dtype)
    assert errors > 100


def test_a_png_whose_rows_are_longer_than_it_says_is_not_allocated() -> None:
    header = struct.pack(">IIBBBBB", 20, 30, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(2**24))), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )
    assert read_alpha(data, 20, 30).shape == (30, 20)
    with pytest.raises(CorruptError, match="20 x 30 pixels"):
        read_alpha(data, 2**16 - 1, 2**16 - 1)
