"""Formats and depths that optional packages read, and what is said where these are not installed."""

import io
import os

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.images.files import noise, saved
from tintype.codec.container.file import MAGIC
from tintype.errors import InputError
from tintype.images import CodePoints, ReadOptions, formats, is_picture, load
from tintype.images.raster import rescaled
from tintype.images.readers import raw

SIZE = (48, 64)
Y, X = np.mgrid[: SIZE[0], : SIZE[1]]
SMOOTH = np.stack([X / 63, Y / 47, (X + Y) / 110, np.where(X > 30, 1, 0.25)], -1)  # 0 to 1


def smooth(bits: int, channels: int = 3) -> np.ndarray:
    """A picture that lossy codecs keep closely."""
    return (SMOOTH[..., :channels] * (2**bits - 1)).round().astype(np.uint8 if bits == 8 else np.uint16)


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_deep_avif_is_read_in_full(bits, channels):
    imagecodecs = pytest.importorskip("imagecodecs")
    samples = noise((*SIZE, channels), bits)
    data = imagecodecs.avif_encode(
        samples[..., 0] if channels == 1 else samples, level=100, bitspersample=bits, pixelformat="444"
    )
    picture = load(data)
    assert picture.depth == bits
    if channels == 1 and not picture.grey:
        samples = np.repeat(samples, 3, axis=2)
    np.testing.assert_array_equal(picture.pixels, samples[..., 0] if picture.grey else samples[..., :3])
    if channels == 4:
        np.testing.assert_array_equal(picture.alpha, rescaled(samples[..., 3], bits, 16))


def test_hdr_avif_keeps_its_code_points():
    imagecodecs = pytest.importorskip("imagecodecs")
    data = imagecodecs.avif_encode(
        smooth(10), level=90, bitspersample=10, primaries=9, transfer=16, matrix=9, pixelformat="444"
    )
    picture = load(data)
    assert (picture.depth, picture.code_points) == (10, CodePoints(9, 16))


@pytest.mark.parametrize("bits", [5, 8, 9, 10, 12, 14, 16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_jpeg_2000_of_every_depth_is_read_exactly(bits, channels):
    imagecodecs = pytest.importorskip("imagecodecs")
    samples = noise((*SIZE, channels), bits).astype(np.uint8 if bits <= 8 else np.uint16)
    data = imagecodecs.jpeg2k_encode(
        samples[..., 0] if channels == 1 else samples, level=0, reversible=True, bitspersample=bits
    )
    picture = load(data)
    depth = next(depth for depth in (8, 10, 12, 16) if depth >= bits)
    expected = rescaled(rescaled(samples, bits, max(8, bits)), max(8, bits), depth)
    assert picture.depth == depth
    np.testing.assert_array_equal(picture.pixels, expected[..., 0] if channels == 1 else expected[..., :3])
    if channels == 4:
        np.testing.assert_array_equal(picture.alpha, rescaled(samples[..., 3], bits, 16 if depth > 8 else 8))


@pytest.mark.parametrize("depths", [(8, 5, 8), (5, 5, 5), (1, 7, 8)])
@pytest.mark.parametrize("container", ["jp2", "j2k"])
def test_components_of_unequal_depth_are_scaled(depths, container):
    imagecodecs = pytest.importorskip("imagecodecs")
    # near the middle, values only move when the stated depth does: they are stored relative to it
    values = np.full((*SIZE, 3), 128, np.uint8)
    data = bytearray(imagecodecs.jpeg2k_encode(values, level=0, reversible=True, mct=False, codecformat=container))
    at = data.find(b"\xff\x4f\xff\x51") + 42
    data[at : at + 9 : 3] = bytes(depth - 1 for depth in depths)
    expected = [round(2 ** (depth - 1) * 255 / (2**depth - 1)) for depth in depths]
    np.testing.assert_array_equal(load(bytes(data)).pixels, np.broadcast_to(expected, (*SIZE, 3)))
    data[at : at + 9 : 3] = bytes([7, 11, 7])
    with pytest.raises(InputError, match=r"components of \(8, 12, 8\) bits cannot be read"):
        load(bytes(data))


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("channels", [3, 4])
def test_heif_is_read(bits, channels):
    pillow_heif = pytest.importorskip("pillow_heif")
    mode = {3: "RGB", 4: "RGBA"}[channels] + ("" if bits == 8 else ";16")
    stored = smooth(bits, channels) << (0 if bits == 8 else 16 - bits)
    file = io.BytesIO()
    pillow_heif.from_bytes(mode, SIZE[::-1], stored.tobytes()).save(file, quality=90, chroma=444)
    picture = load(file.getvalue())
    assert picture.depth == bits
    assert (picture.alpha is None) == (channels == 3)
    error = np.abs(picture.pixels.astype(int) - smooth(bits)).mean() / 2**bits
    assert error < 0.01


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("bits", [8, 16])
def test_jpeg_xl_is_read_exactly(bits, channels):
    pytest.importorskip("pillow_jxl")
    imagecodecs = pytest.importorskip("imagecodecs")
    samples = noise((*SIZE, channels), bits).astype(f"u{bits // 8}")
    data = imagecodecs.jpegxl_encode(samples[..., 0] if channels == 1 else samples, lossless=True)
    picture = load(data)
    colours = channels - (channels + 1) % 2
    assert picture.depth == bits
    np.testing.assert_array_equal(picture.pixels, samples[..., 0] if colours == 1 else samples[..., :3])
    if channels != colours:
        np.testing.assert_array_equal(picture.alpha, samples[..., -1])
    with pytest.raises(InputError, match="above the limit of 3071"):
        load(data, ReadOptions(max_pixels=3071))


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (256, 256), (300, 200), (320, 180), (2000, 3), (70000, 2)])
def test_sizes_of_jpeg_xl_are_read_before_the_picture(size):
    pytest.importorskip("pillow_jxl")
    imagecodecs = pytest.importorskip("imagecodecs")
    data = imagecodecs.jpegxl_encode(np.zeros(size, np.uint8), effort=1)
    with pytest.raises(InputError, match=f"{size[1]} x {size[0]} "):
        load(data, ReadOptions(max_pixels=size[0] * size[1] - 1) if max(size) < 2**16 else None)


def dng() -> bytes:
    """A camera's file: a mosaic of a smooth grey picture, with what DNG demands."""
    mosaic = (SMOOTH[..., 0] * 60000).astype(np.uint16)
    matrix = tuple(part for value in (1, 0, 0, 0, 1, 0, 0, 0, 1) for part in (value * 10000, 10000))
    tags = [
        (50706, "B", 4, (1, 4, 0, 0), True),
        (50708, "s", 0, "Test", True),
        (271, "s", 0, "Test", True),
        (272, "s", 0, "Test", True),
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, (0, 1, 1, 2), True),
        (50721, "2i", 9, matrix, True),
        (50728, "2I", 3, (1, 1, 1, 1, 1, 1), True),
        (50717, "I", 1, 65535, True),
        (50778, "H", 1, 21, True),
    ]
    file = io.BytesIO()
    tifffile.imwrite(file, mosaic, photometric="cfa", extratags=tags)
    return file.getvalue()


def test_raw_files_are_developed_and_noted():
    pytest.importorskip("rawpy")
    picture = load(dng())
    assert picture.depth == 16
    assert picture.pixels.shape == (*SIZE, 3)
    assert picture.pixels[:, -8:].mean() > picture.pixels[:, :8].mean()
    assert any("LibRaw" in note for note in picture.notes)
    with pytest.raises(InputError, match="above the limit of 100"):
        load(dng(), ReadOptions(max_pixels=100))


def test_what_libraw_prints_about_damage_does_not_show(capfd):
    pytest.importorskip("rawpy")
    whole = dng()
    with pytest.raises(InputError, match="damaged"):
        load(whole[: len(whole) // 2])
    assert capfd.readouterr() == ("", "")
    with raw._without_messages():
        os.write(2, b"unknown file: data corrupted at 12\nof another thread\n")
    assert capfd.readouterr().err == "of another thread\n"


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
JXL = b"\xff\x0a" + bytes(50)
CR2 = b"II*\0" + bytes(200)


@pytest.mark.parametrize(
    "name, data, package",
    [
        ("a.HEIC", HEIC, "pillow-heif"),
        ("a.jxl", JXL, "pillow-jxl-plugin"),
        ("a.CR2", CR2, "rawpy"),
        ("a.nef", CR2, "rawpy"),
        ("a.raf", b"FUJIFILMCCD-RAW" + bytes(99), "rawpy"),
        ("a", HEIC, "pillow-heif"),
        ("a.jpg", JXL, "pillow-jxl-plugin"),
        ("a", dng(), "rawpy"),
    ],
)
def test_a_reader_that_is_missing_is_named(tmp_path, monkeypatch, name, data, package):
    monkeypatch.setattr(formats, "find_spec", lambda module: None)
    (tmp_path / name).write_bytes(data)
    assert is_picture(tmp_path / name)
    with pytest.raises(InputError, match=rf'needs {package}, .* pip install "tintype\[readers\]"'):
        load(tmp_path / name)


@pytest.mark.parametrize("bits", [10, 12])
def test_a_reader_that_is_missing_is_named_for_deep_files(monkeypatch, bits):
    imagecodecs = pytest.importorskip("imagecodecs")
    avif = imagecodecs.avif_encode(smooth(bits), bitspersample=bits)
    jpeg2000 = imagecodecs.jpeg2k_encode(smooth(bits), bitspersample=bits)
    monkeypatch.setattr(formats, "find_spec", lambda module: None)
    for data in (avif, jpeg2000):
        with pytest.raises(InputError, match=rf"of {bits} bits per sample: reading it needs imagecodecs"):
            load(data)


@pytest.mark.parametrize("data", [HEIC, JXL, CR2, b"FUJIFILMCCD-RAW" + bytes(99)])
def test_damaged_files_of_optional_readers_are_refused(tmp_path, data):
    for package in ("pillow_heif", "pillow_jxl", "rawpy"):
        pytest.importorskip(package)
    (tmp_path / "a.cr2").write_bytes(data)
    with pytest.raises(InputError, match=r"a\.cr2: damaged, or of a kind that cannot be read$"):
        load(tmp_path / "a.cr2")


@pytest.mark.parametrize(
    "name, data, reason",
    [
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n", "start other programs"),
        ("a.pdf", b"%PDF-1.7\n", "a drawing"),
        ("a.svg", b"<svg/>", "a drawing"),
        ("a.xcf", b"gimp xcf v011", "working file"),
        ("a.exr", b"\x76\x2f\x31\x01" + bytes(9), "floats"),
        ("a.png", b"%!PS-Adobe-3.0 EPSF-3.0\n", "start other programs"),
        ("a.tint", MAGIC + bytes(9), "encoded already"),
    ],
)
def test_formats_that_are_never_read_say_why(tmp_path, name, data, reason):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=reason):
        load(tmp_path / name)


def test_pictures_are_known_by_suffix_or_by_content(tmp_path):
    png = saved(Image.new("RGB", (4, 4)), "PNG")
    for name, data, expected in (
        ("a.PNG", b"", True),
        ("a.heic", b"", True),
        ("a.dng", b"", True),
        ("a.svg", b"", True),
        ("a.txt", png, False),
        ("picture", png, True),
        ("notes", b"Dear diary", False),
        ("._a.png", b"\0\5\x16\7", False),
        (".hidden.png", png, False),
    ):
        (tmp_path / name).write_bytes(data)
        assert is_picture(tmp_path / name) == expected, name
    assert not is_picture(tmp_path / "missing")


def test_no_reader_starts_programs():
    assert not {"EPS", "WMF", "PDF", "MPEG", "FPX", "MIC"} & set(formats.READABLE)


def test_every_suffix_belongs_to_one_format():
    suffixes = [suffix for format in formats.FORMATS for suffix in format.suffixes]
    assert len(suffixes) == len(set(suffixes)) == len(formats.BY_SUFFIX)
