"""Files hold what their format can hold, and `save` names the rest."""

import io
import struct
import time
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.images.metadata.made import (
    IPTC,
    MAKER_NOTE,
    RGB,
    XMP,
    camera_exif,
    encoded,
    fields,
    jpeg,
    raw,
    short,
    structure,
    text,
    xmp_with,
)
from tintype.errors import InputError
from tintype.images import CodePoints, Picture, load, save, to_pillow
from tintype.images.metadata import Metadata, gather, xmp
from tintype.native import _loops

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY = RGB[:, :, 0].copy()
ALPHA = (np.add.outer(np.arange(24), np.arange(36)) * 7 % 256).astype(np.uint8)
DEEP = (np.arange(24 * 36 * 3, dtype=np.uint32) * 9973 % 65536).astype(np.uint16).reshape(24, 36, 3)
EXIF = camera_exif(thumbnail=jpeg(16, 8))
FULL = Picture(RGB, icc=ICC, exif=EXIF, xmp=XMP, iptc=IPTC)


def written(picture: Picture, suffix: str, **options) -> tuple[bytes, tuple[str, ...]]:
    file = io.BytesIO()
    lost = save(picture, file, suffix=suffix, **options)
    return file.getvalue(), lost


def gathered(data: bytes) -> Metadata:
    with Image.open(io.BytesIO(data)) as image:
        return gather(image)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def as_read(exif: bytes, suffix: str) -> dict:
    """Fields that a format gives back."""
    expected = fields(exif)
    if suffix == ".tiff":
        expected["thumbnail"] = {}
    return expected


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif", ".tiff"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_field_comes_back(suffix, order):
    exif = camera_exif(order, thumbnail=jpeg(16, 8))
    data, lost = written(replace(FULL, exif=exif), suffix)
    found = gathered(data)
    assert fields(found.exif) == as_read(exif, suffix)
    assert found.xmp == XMP
    assert opened(data).info["icc_profile"] == ICC
    assert found.exif.index(MAKER_NOTE) == exif.index(MAKER_NOTE)  # its own offsets hold still
    if suffix in (".webp", ".avif"):
        assert lost == (f"IPTC left out: {suffix[1:].upper()} has no place for it.",)
    else:
        assert found.iptc == IPTC
        assert lost == (
            ("The thumbnail in EXIF was left out: in TIFF it would be a second page.",) if suffix == ".tiff" else ()
        )


@pytest.mark.parametrize("suffix", [".bmp", ".ppm", ".pgm"])
def test_formats_without_metadata_say_so(suffix):
    data, lost = written(FULL, suffix)
    name = {".bmp": "BMP"}.get(suffix, "PPM")
    assert lost == (f"ICC profile, EXIF, XMP, IPTC left out: {name} has no place for it.",)
    np.testing.assert_array_equal(np.asarray(opened(data)), RGB)
    assert written(Picture(RGB), suffix)[1] == ()


def test_densities_stand_where_each_format_has_them():
    data = {suffix: written(FULL, suffix)[0] for suffix in (".png", ".jpg", ".tiff", ".bmp")}
    for whole in data.values():
        assert opened(whole).info["dpi"] == pytest.approx((300, 200), abs=0.02)
    assert b"pHYs" + struct.pack(">IIB", 11811, 7874, 1) in data[".png"]
    assert data[".jpg"][13:18] == b"\1" + struct.pack(">HH", 300, 200)
    assert to_pillow(FULL).info["dpi"] == (300, 200)
    for suffix in data:  # and nothing where nothing is known
        assert gathered(written(Picture(RGB), suffix)[0]) == Metadata()


def exif_with(tag: int, size: int, thumbnail: bytes = b"") -> bytes:
    """EXIF with a long field, and with some that are not."""
    directories = {"main": {0x010F: text("ACME")}, "exif": {0x8827: short(200), tag: raw(bytes(size))}}
    return structure("<", directories | ({"thumbnail": {0x0103: short(6)}} if thumbnail else {}), thumbnail)


@pytest.mark.parametrize(
    "exif, lost, kept",
    [
        (exif_with(0x9286, 100, bytes(65_535)), "The thumbnail in EXIF", {0x8827, 0x9286}),
        (exif_with(0x927C, 65_535), "Maker note and thumbnail in EXIF", {0x8827}),
        (exif_with(0x927C, 65_535, jpeg(16, 8)), "Maker note and thumbnail in EXIF", {0x8827}),
        (exif_with(0x9286, 65_535), "EXIF", set()),
    ],
    ids=["thumbnail", "maker note", "both", "text"],
)
def test_exif_longer_than_a_jpegs_segment_is_cut_by_name(exif, lost, kept):
    data, sentences = written(replace(FULL, exif=exif), ".jpg")
    found = gathered(data)
    assert sentences == (f"{lost} left out: JPEG holds at most 64 KB of EXIF.",)
    assert (found.xmp, found.iptc) == (XMP, IPTC)
    assert opened(data).size == (36, 24)
    assert set(fields(found.exif)["exif"]) == kept
    assert fields(found.exif)["main"].get(0x010F) == ("ACME" if kept else None)


def test_long_xmp_goes_into_an_extension():
    packet = xmp_with("").replace(b"<dc:title>", b"<xmp:Label>" + b"y" * 150_000 + b"</xmp:Label><dc:title>")
    data, lost = written(Picture(RGB, xmp=packet), ".jpg")
    assert lost == ()
    assert data.count(b"http://ns.adobe.com/xmp/extension/\0") == 3
    found = gathered(data)
    assert found.notes == ()
    assert xmp.value(found.xmp, "xmp:Label") == "y" * 150_000
    assert xmp.value(found.xmp, "xmp:Rating") == "4" and b"A &amp; B" in found.xmp
    data, lost = written(Picture(RGB, xmp=b"<a>" + b"y" * 70_000 + b"</a>"), ".jpg")
    assert len(lost) == 1 and lost[0].startswith("XMP left out: JPEG holds at most 64 KB")
    assert gathered(data) == Metadata()


def test_long_iptc_goes_into_several_segments():
    records = b"".join(b"\x1c\x02\x19" + struct.pack(">H", 1000) + bytes([65 + n % 26]) * 1000 for n in range(100))
    assert gathered(written(Picture(RGB, iptc=records), ".jpg")[0]).iptc == records


def unpacked_png(data: bytes) -> np.ndarray:
    """Samples by the definition of the filters, PNG section 9, byte by byte."""
    width, height, bits, kind = struct.unpack_from(">IIBB", data, 16)
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    packed, at = b"", 8
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        assert zlib.crc32(data[at + 4 : at + 8 + size]) == struct.unpack_from(">I", data, at + 8 + size)[0]
        packed += data[at + 8 : at + 8 + size] if name == b"IDAT" else b""
        at += 12 + size
    raw, step = zlib.decompress(packed), channels * bits // 8
    row_bytes = width * step
    above, rows = bytes(row_bytes), []
    for y in range(height):
        kind, line = raw[y * (row_bytes + 1)], bytearray(raw[y * (row_bytes + 1) + 1 : (y + 1) * (row_bytes + 1)])
        for x in range(row_bytes):
            a, b, c = (line[x - step], above[x], above[x - step]) if x >= step else (0, above[x], 0)
            nearest = min((a, b, c), key=lambda value: abs(a + b - c - value))
            line[x] = (line[x] + (0, a, b, (a + b) // 2, nearest)[kind]) % 256
        above = bytes(line)
        rows.append(above)
    return np.frombuffer(b"".join(rows), ">u2").reshape(height, width, channels).squeeze()


SMOOTH = (np.add.outer(np.arange(24) * 400, np.arange(36) * 900)[..., None] + np.array([0, 77, 5000])).astype(np.uint16)


@pytest.mark.parametrize(
    "pixels", [DEEP, SMOOTH, DEEP[:, :, 0], SMOOTH[:, :, 0]], ids=["rgb", "smooth", "grey", "smooth grey"]
)
@pytest.mark.parametrize("alpha", [None, ALPHA, DEEP[:, :, 1].copy()], ids=["opaque", "8", "16"])
def test_deep_pictures_are_written_exactly_as_png_and_tiff(pixels, alpha):
    picture = Picture(np.ascontiguousarray(pixels), depth=16, alpha=alpha)
    expected = pixels
    if alpha is not None:
        expected = np.dstack([pixels, alpha.astype(np.uint16) * 257 if alpha.dtype == np.uint8 else alpha])
    data, lost = written(picture, ".png")
    assert lost == ()
    np.testing.assert_array_equal(unpacked_png(data), expected)
    data, lost = written(replace(picture, exif=camera_exif(">")), ".tiff")
    assert lost == ()
    tifffile = pytest.importorskip("tifffile")
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        (page,) = file.pages
        np.testing.assert_array_equal(page.asarray(), expected)
        assert [int(kind) for kind in page.extrasamples] == ([] if alpha is None else [2])


def test_pillow_reads_deep_grey_as_it_was():
    grey = np.ascontiguousarray(DEEP[:, :, 0])
    for suffix in (".png", ".tif", ".pgm"):
        np.testing.assert_array_equal(np.asarray(opened(written(Picture(grey, depth=16), suffix)[0])), grey)


def filtered_by_numpy(x: np.ndarray, step: int) -> bytes:
    """Rows of bytes behind the number of their filter, as section 9 of PNG says."""
    x = x.astype(np.int16)
    b = np.concatenate([np.zeros_like(x[:1]), x[:-1]])
    a, c = (np.pad(rows[:, :-step], ((0, 0), (step, 0))) for rows in (x, b))
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    paeth = np.where((to_a <= to_b) & (to_a <= to_c), a, np.where(to_b <= to_c, b, c))
    choices = np.stack([(x - guess).astype(np.uint8) for guess in (np.zeros_like(x), a, b, (a + b) // 2, paeth)])
    best = np.abs(choices.view(np.int8).astype(np.int16)).sum(axis=2, dtype=np.int64).argmin(axis=0)
    return np.concatenate([best.astype(np.uint8)[:, None], choices[best, np.arange(len(x))]], axis=1).tobytes()


@pytest.mark.parametrize("step", [1, 2, 3, 4, 6, 8])
@pytest.mark.parametrize("spread", [0, 5, 128])
def test_rows_of_png_get_the_filter_with_the_smallest_sum(step, spread):
    rng = np.random.default_rng(251)
    smooth = np.add.outer(np.arange(40) * 3, np.arange(77 * step) // step * 2)
    rows = (smooth + rng.integers(-spread, spread + 1, smooth.shape)).astype(np.uint8)
    rows[7] = rows[6]  # ties
    found = _loops.filtered(rows, np.zeros_like(rows[0]), step)
    assert found == filtered_by_numpy(rows, step)
    first = np.frombuffer(found, np.uint8).reshape(len(rows), -1)
    assert len(set(first[:, 0])) > 1
    parts = [_loops.filtered(rows[:9], np.zeros_like(rows[0]), step), _loops.filtered(rows[9:], rows[8], step)]
    assert b"".join(parts) == found
    with pytest.raises(ValueError, match="a row above of another length"):
        _loops.filtered(rows, rows[0, 1:].copy(), step)


def test_png_blocks_join_without_a_seam(monkeypatch):
    monkeypatch.setattr("tintype.images.writers.png.BLOCK_BYTES", 36 * 6 * 5)
    np.testing.assert_array_equal(unpacked_png(written(Picture(SMOOTH, depth=16), ".png")[0]), SMOOTH)


def noisy(height: int, width: int) -> np.ndarray:
    """Smooth with some noise, as photographs are."""
    at = np.add.outer(np.arange(height), np.arange(width))[..., None] / (50, 70, 90)
    noise = np.random.default_rng(251).normal(0, 3, (height, width, 3))
    return (128 + 90 * np.sin(at) + noise).astype(np.uint8)


def seconds(picture: Picture, **options) -> tuple[float, int]:
    """CPU time and size of a PNG."""
    begin = time.process_time()
    data, _ = written(picture, ".png", **options)
    return time.process_time() - begin, len(data)


def test_photographs_are_written_quickly_as_png_and_level_6_is_smaller():
    picture = Picture(noisy(512, 512))
    quick, small = ([seconds(picture, png_level=level) for _ in range(3)] for level in (None, 6))
    assert min(quick)[0] < 0.6 * min(small)[0]
    assert 0.98 < quick[0][1] / small[0][1] < 1.1
    for level in (None, 0, 6, 9):
        np.testing.assert_array_equal(np.asarray(opened(written(picture, ".png", png_level=level)[0])), picture.pixels)


@pytest.mark.parametrize("pixels", [np.tile(noisy(8, 64), (64, 8, 1)), noisy(512, 512)[:, :, :1].repeat(3, 2)])
def test_pictures_that_repeat_are_written_as_png_at_level_6(pixels):
    picture = Picture(np.ascontiguousarray(pixels))
    assert written(picture, ".png") == written(picture, ".png", png_level=6)


@pytest.mark.parametrize(
    "suffix, level, message",
    [
        (".png", 10, "PNG level 10: 0 to 9 are possible"),
        (".png", -1, "PNG level -1: 0 to 9 are possible"),
        (".jpg", 6, "JPEG has no PNG level; leave it out"),
    ],
)
def test_a_png_level_out_of_range_or_of_another_format_is_refused(suffix, level, message):
    with pytest.raises(InputError, match=message):
        written(Picture(RGB), suffix, png_level=level)


@pytest.mark.parametrize("depth", [10, 12])
def test_ten_and_twelve_bits_say_how_many_they_are(depth):
    pixels = DEEP >> (16 - depth)
    data, lost = written(Picture(pixels, depth=depth, alpha=ALPHA), ".png")
    assert lost == ()
    assert b"sBIT" + bytes([depth] * 4) in data
    samples = unpacked_png(data)[..., :3]
    np.testing.assert_array_equal(np.round(samples / 65535 * (2**depth - 1)).astype(int), pixels)
    data, lost = written(Picture(pixels, depth=depth), ".ppm")
    assert (data[:17], lost) == (
        f"P6\n36 24\n{2**depth - 1}\n".encode() + data[len(f"P6\n36 24\n{2**depth - 1}\n") : 17],
        (),
    )
    np.testing.assert_array_equal(np.frombuffer(data[-pixels.size * 2 :], ">u2").reshape(pixels.shape), pixels)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif", ".bmp"])
def test_shallow_formats_get_eight_bits_and_say_so(suffix):
    data, lost = written(Picture(SMOOTH, depth=16), suffix)
    assert lost == ("16 bits per sample became 8.",)
    error = np.abs(np.asarray(opened(data)).astype(float) - SMOOTH / 257)
    assert error.mean() < (1 if suffix in (".webp", ".bmp") else 3)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff", ".avif"])
@pytest.mark.parametrize("pixels", [RGB, GREY], ids=["rgb", "grey"])
def test_alpha_is_kept_exactly(suffix, pixels):
    data, lost = written(Picture(pixels, alpha=ALPHA), suffix)
    image = opened(data).convert("RGBA")
    assert lost == ()
    np.testing.assert_array_equal(np.asarray(image)[..., 3], ALPHA)
    if suffix != ".avif":
        np.testing.assert_array_equal(np.asarray(image)[..., :3], np.broadcast_to(np.atleast_3d(pixels), RGB.shape))


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".ppm"])
def test_transparent_parts_become_white_and_say_so(suffix):
    alpha = np.zeros_like(ALPHA)
    alpha[:, :16] = 255
    data, lost = written(Picture(RGB // 4, alpha=alpha), suffix)
    name = {".jpg": "JPEG", ".bmp": "BMP", ".ppm": "PPM"}[suffix]
    assert lost == (f"Transparent parts were put on white: {name} has no transparency.",)
    assert np.asarray(opened(data))[:, 24:].min() > 240
    assert np.asarray(opened(data))[:, :15].mean() < 64


@pytest.mark.parametrize("points", [(12, 13), (9, 16), (9, 18), (1, 8)])
def test_png_and_avif_state_code_points(points):
    picture = Picture(RGB, code_points=CodePoints(*points))
    data, lost = written(picture, ".png")
    assert lost == () and b"cICP" + bytes([*points, 0, 1]) in data
    data, lost = written(picture, ".avif")
    assert lost == () and b"colrnclx" + struct.pack(">HH", *points) in data
    np.testing.assert_array_equal(np.asarray(opened(data)), np.asarray(opened(written(Picture(RGB), ".avif")[0])))


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tiff"])
def test_code_points_become_a_profile_elsewhere(suffix):
    data, lost = written(Picture(RGB, code_points=CodePoints(12, 13)), suffix)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(opened(data).info["icc_profile"])).profile
    assert lost == ()
    assert profile.profile_description == "H.273 12/13"
    data, lost = written(Picture(RGB, code_points=CodePoints(9, 16)), suffix)
    name = {".jpg": "JPEG", ".webp": "WEBP", ".tiff": "TIFF"}[suffix]
    assert lost == (f"Its colours (H.273 code points 9/16) are not stated: {name} cannot.",)
    data, lost = written(Picture(RGB, icc=ICC, code_points=CodePoints(12, 13)), suffix)
    assert (opened(data).info["icc_profile"], lost) == (ICC, ())


def test_srgb_needs_no_words():
    for suffix in (".png", ".jpg", ".bmp"):
        assert written(Picture(RGB, code_points=CodePoints(1, 13)), suffix) == written(Picture(RGB), suffix)
    assert written(Picture(RGB, code_points=CodePoints(12, 13)), ".bmp")[1][0].endswith("are not stated: BMP cannot.")


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_a_lower_quality_makes_a_smaller_file(suffix):
    sizes = [len(written(Picture(RGB), suffix, quality=quality)[0]) for quality in (10, 90)]
    assert sizes[0] < sizes[1]
    with pytest.raises(InputError, match="quality 101: 0 to 100 are possible"):
        written(Picture(RGB), suffix, quality=101)


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".bmp", ".ppm"])
def test_formats_without_loss_take_no_quality(suffix):
    with pytest.raises(InputError, match="has no quality to choose; JPEG, WebP and AVIF have"):
        written(Picture(RGB), suffix, quality=90)


@pytest.mark.parametrize(
    "picture, mode",
    [
        (Picture(RGB), "RGB"),
        (Picture(GREY), "L"),
        (Picture(RGB, alpha=ALPHA), "RGBA"),
        (Picture(GREY, alpha=ALPHA), "LA"),
        (Picture(DEEP, depth=16), "RGB"),
        (Picture(DEEP[:, :, 0], depth=16), "I;16"),
        (Picture(DEEP[:, :, 0] >> 6, depth=10), "I;16"),
        (Picture(DEEP[:, :, 0], depth=16, alpha=ALPHA), "LA"),
    ],
)
def test_pillow_images_have_the_nearest_mode(picture, mode):
    image = to_pillow(picture)
    assert image.mode == mode
    bands = np.atleast_3d(np.asarray(image)).astype(float)
    colours = np.atleast_3d(picture.pixels)
    expected = colours / (2**picture.depth - 1) * (65535 if mode == "I;16" else 255)
    assert np.abs(bands[..., : colours.shape[2]] - expected).max() <= 0.5
    if picture.alpha is not None:
        np.testing.assert_array_equal(bands[..., -1], ALPHA)


def test_pillow_images_bring_all_metadata_back():
    found = gather(to_pillow(FULL))
    assert found == Metadata(1, EXIF, XMP, IPTC)
    image = to_pillow(Picture(RGB, code_points=CodePoints(12, 13)))
    assert image.info["code_points"] == (12, 13)
    assert ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"])).profile.profile_description == "H.273 12/13"
    assert "icc_profile" not in to_pillow(Picture(RGB, code_points=CodePoints(9, 16))).info
    assert load(image).code_points == (12, 13)
    assert to_pillow(Picture(RGB, code_points=CodePoints(1, 13))).info == {}


def test_a_turned_phone_picture_comes_out_true_in_every_format(tmp_path):
    """Field by field: orientation 6 in, five formats out."""
    whole = encoded("JPEG", exif=b"Exif\0\0" + camera_exif(">", 6, jpeg(16, 8)), xmp=XMP)
    picture = load(io.BytesIO(whole))
    assert (picture.width, picture.height) == (24, 36)
    for suffix in (".png", ".jpg", ".webp", ".avif", ".tiff"):
        data, _ = written(picture, suffix)
        found = fields(gathered(data).exif)
        assert opened(data).size == (24, 36)
        assert found["main"].get(0x0112, 1) == 1
        assert [found["exif"][tag] for tag in (0xA002, 0xA003)] == [24, 36]
        assert found["exif"][0x927C] == MAKER_NOTE
        assert found["main"][0x010F] == "ACME"


def test_a_tiff_too_large_for_its_offsets_is_refused():
    wide = np.lib.stride_tricks.as_strided(
        np.zeros(1, np.uint16), (65_535, 16_384, 3), (0, 0, 0)
    )  # no memory of its own
    with pytest.raises(InputError, match="16384 x 65535 pixels make a TIFF file of more than 4 GiB"):
        written(Picture(wide, depth=16), ".tiff")


def test_damaged_exif_of_any_kind_makes_sound_files():
    """The fields that can be read come back, and Pillow opens every file without a warning."""
    rng = np.random.default_rng(251)
    whole = camera_exif("<", thumbnail=jpeg(16, 8))
    damaged = 0
    for number in range(250):
        data = bytearray(whole)
        for at in rng.integers(4, 600, rng.integers(1, 8)):
            data[at] = rng.choice([0, 1, 2, 3, 7, 8, 16, 129, 255, rng.integers(256)])
        suffix = (".png", ".jpg", ".webp", ".tiff", ".avif")[number % 5]
        file, lost = written(Picture(RGB, exif=bytes(data)), suffix)
        damaged += any("amaged" in sentence for sentence in lost)
        again = load(file)
        assert (again.width, again.height) == (36, 24)
        assert not any("amaged" in note for note in again.notes)
    assert 20 < damaged < 250


def test_exif_without_a_sound_directory_is_named():
    for suffix in (".png", ".jpg", ".tiff"):
        data, lost = written(Picture(RGB, exif=b"nothing"), suffix)
        assert lost == ("Its EXIF is damaged and was left out.",)
        assert gathered(data) == Metadata()
