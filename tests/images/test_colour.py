"""What files state about colour outside the pixels becomes code points, or an ICC profile that says the same."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from tests.images import files
from tests.images.files import box, chunk, noise, png, saved
from tintype.images import CodePoints, Picture, colour, icc, load, save
from tintype.images.boxes import primary_properties

RGB = noise((16, 16, 3), 8).astype(np.uint8)
GREY = RGB[..., 0].copy()
SRGB_CHRM = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
P3_CHRM = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
ADOBE_CHRM = struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
SRGB_ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def gamma(value: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", value))


def light_of(profile: bytes, samples: np.ndarray) -> np.ndarray:
    """XYZ under D50 of samples 0 to 255, by lcms."""
    image = Image.fromarray(samples.reshape(1, -1, 3) if samples.ndim == 2 else samples.reshape(1, -1))
    lab = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("LAB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="LAB",
    )
    values = np.asarray(lab).astype(float)[0]
    lightness, a, b = values[:, 0] / 2.55, values[:, 1] - 128, values[:, 2] - 128
    a, b = ((channel + 128) % 256 - 128 for channel in (a + 128, b + 128))
    fy = (lightness + 16) / 116
    f = np.stack([fy + a / 500, fy, fy - b / 200], -1)
    return np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * icc.D50


@pytest.mark.parametrize(
    "extra",
    [
        b"",
        gamma(45455),
        gamma(45000),
        chunk(b"cHRM", SRGB_CHRM),
        gamma(45455) + chunk(b"cHRM", SRGB_CHRM),
        chunk(b"sRGB", b"\0") + gamma(100000),
        chunk(b"cICP", bytes([1, 13, 0, 1])),
        chunk(b"cICP", bytes([2, 2, 0, 1])),
    ],
)
def test_tags_that_mean_srgb_pass_silently(extra):
    picture = load(png(RGB, 8, files.RGB, extra))
    assert (picture.code_points, picture.icc, picture.notes) == (None, None, ())


@pytest.mark.parametrize(
    "extra, points",
    [
        (chunk(b"cICP", bytes([12, 13, 0, 1])), (12, 13)),
        (chunk(b"cICP", bytes([9, 16, 0, 1])), (9, 16)),
        (chunk(b"cICP", bytes([9, 18, 0, 1])), (9, 18)),
        (gamma(100000), (1, 8)),
        (gamma(45455) + chunk(b"cHRM", P3_CHRM), (12, 13)),
        (gamma(100000) + chunk(b"cHRM", P3_CHRM), (12, 8)),
        (gamma(35714), (1, 5)),
        (chunk(b"cICP", bytes([9, 16, 0, 1])) + gamma(45455) + chunk(b"cHRM", SRGB_CHRM), (9, 16)),
    ],
)
@pytest.mark.parametrize("bits", [8, 16])
def test_tags_of_png_become_code_points(extra, points, bits):
    picture = load(png(noise((16, 16, 3), bits), bits, files.RGB, extra))
    assert picture.code_points == CodePoints(*points)
    assert (picture.icc, picture.notes) == (None, ())


def test_other_primaries_and_gammas_become_a_profile():
    picture = load(png(RGB, 8, files.RGB, gamma(55556) + chunk(b"cHRM", ADOBE_CHRM)))
    assert picture.code_points is None
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.icc))
    assert profile.profile.xcolor_space == "RGB "
    ramp = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255], [128, 128, 128], [255, 255, 255]], np.uint8)
    linear = (ramp / 255) ** 1.8
    # Lindbloom's matrix of Adobe RGB, adapted to D50 by Bradford
    matrix = np.array([[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]])
    np.testing.assert_allclose(light_of(picture.icc, ramp), linear @ matrix.T, atol=0.025)


def test_grey_with_another_gamma_gets_a_grey_profile():
    picture = load(png(GREY, 8, files.GREY, gamma(55556)))
    assert ImageCms.ImageCmsProfile(io.BytesIO(picture.icc)).profile.xcolor_space == "GRAY"
    assert load(png(GREY, 8, files.GREY, gamma(100000))).code_points == CodePoints(1, 8)


def test_the_profile_written_for_srgb_is_srgb():
    profile = icc.rgb_profile("sRGB", colour.PRIMARIES[1], [icc.srgb_curve()] * 3)
    ramp = np.random.default_rng(251).integers(0, 256, (64, 3)).astype(np.uint8)
    np.testing.assert_allclose(light_of(profile, ramp), light_of(SRGB_ICC, ramp), atol=0.01)


def test_primaries_that_span_nothing_are_left_out_with_a_note():
    broken = struct.pack(">8I", 31270, 32900, *[30000, 30000] * 3)
    for values in (broken, struct.pack(">8I", 31270, 0, *[30000, 30000] * 3)):
        picture = load(png(RGB, 8, files.RGB, gamma(55556) + chunk(b"cHRM", values)))
        assert picture.icc is None
        assert picture.notes == ("Its primaries span no colours and were left out.",)
    assert load(png(RGB, 8, files.RGB, chunk(b"cICP", bytes([0, 77, 0, 1])))).notes == (
        "Its colour has the code points 0/77, which say nothing.",
    )


def test_an_icc_profile_is_kept_and_outranks_gamma():
    for format in ("PNG", "JPEG", "TIFF", "WEBP", "AVIF"):
        assert load(saved(Image.fromarray(RGB), format, icc_profile=SRGB_ICC)).icc == SRGB_ICC
    data = saved(Image.fromarray(RGB), "PNG", icc_profile=SRGB_ICC)
    with_gamma = data[:33] + gamma(100000) + data[33:]
    picture = load(with_gamma)
    assert (picture.icc, picture.code_points) == (SRGB_ICC, None)


@pytest.mark.parametrize("points", [(12, 13), (9, 16), (9, 18), (1, 8), (1, 13), (2, 2)])
def test_nclx_of_avif_becomes_code_points(points):
    data = bytearray(saved(Image.fromarray(RGB), "AVIF"))
    struct.pack_into(">HH", data, data.find(b"colrnclx") + 8, *points)
    expected = None if points in ((1, 13), (2, 2)) else CodePoints(*points)
    assert load(bytes(data)).code_points == expected


def test_properties_are_those_of_the_primary_item():
    properties = box(b"ipco", box(b"colr", b"nclx", struct.pack(">HHHB", 1, 8, 0, 128)), box(b"av1C", b"abc"),
                     box(b"colr", b"nclx", struct.pack(">HHHB", 9, 16, 0, 128)))  # fmt: skip
    for version, number in ((0, ">H"), (1, ">I")):
        item = struct.pack(number, 7)
        other = struct.pack(number, 6)
        links = box(b"ipma", bytes([version, 0, 0, 0]), struct.pack(">I", 2), other, b"\1\1", item, b"\2\x82\3")
        meta = box(b"meta", bytes(4), box(b"pitm", bytes([version, 0, 0, 0]), item), box(b"iprp", properties, links))
        # meta far back, behind the pixels
        found = primary_properties(box(b"ftyp", b"avif", bytes(4)) + box(b"mdat", bytes(2**17)) + meta)
        assert found == {b"av1C": [b"abc"], b"colr": [b"nclx" + struct.pack(">HHHB", 9, 16, 0, 128)]}


def jp2(data: bytes, colr: bytes) -> bytes:
    """A JPEG 2000 file with another box of colour."""
    at = data.find(b"colr") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    head = data.find(b"jp2h") - 4
    changed = bytearray(data[:at] + box(b"colr", colr) + data[at + size :])
    longer = int.from_bytes(data[head : head + 4], "big") + 8 + len(colr) - size
    changed[head : head + 4] = longer.to_bytes(4, "big")
    return bytes(changed)


def test_colour_of_jpeg_2000_is_kept():
    data = saved(Image.fromarray(RGB), "JPEG2000")
    assert load(data).icc is load(data).code_points is None
    assert load(jp2(data, b"\2\0\0" + SRGB_ICC)).icc == SRGB_ICC
    assert load(jp2(data, b"\5\0\0" + struct.pack(">HHHB", 12, 13, 0, 128))).code_points == CodePoints(12, 13)
    romm = load(jp2(data, b"\1\0\0" + struct.pack(">I", 21))).icc
    white = light_of(romm, np.array([[255, 255, 255], [0, 0, 255]], np.uint8))
    np.testing.assert_allclose(white[0], icc.D50, atol=0.01)
    assert load(jp2(data, b"\1\0\0" + struct.pack(">I", 99))).notes == (
        "Its colour space 99 is unknown here and was left out.",
    )


def rationals(*values: float) -> tuple[int, ...]:
    return tuple(part for value in values for part in (round(value * 100000), 100000))


def tiff(samples: np.ndarray, *tags: tuple) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, samples, photometric="rgb", extratags=tags)
    return file.getvalue()


@pytest.mark.parametrize("bits", [8, 16])
def test_colour_tags_of_tiff_are_kept(bits):
    samples = noise((16, 16, 3), bits).astype(f"u{bits // 8}")
    white = (318, "2I", 2, rationals(0.3127, 0.3290), True)
    p3 = (319, "2I", 6, rationals(0.68, 0.32, 0.265, 0.69, 0.15, 0.06), True)
    assert load(tiff(samples, white, p3)).code_points == CodePoints(12, 13)
    adobe = (319, "2I", 6, rationals(0.64, 0.33, 0.21, 0.71, 0.15, 0.06), True)
    assert load(tiff(samples, white, adobe)).icc is not None
    light = (np.linspace(0, 1, 2**bits) ** 3 * 65535).astype(int).tolist()
    curved = load(tiff(samples, (301, "H", 2**bits, light, True)))
    grey = light_of(curved.icc, np.full((1, 3), 128, np.uint8))
    np.testing.assert_allclose(grey[0, 1], (128 / 255) ** 3, atol=0.01)


def with_exif(format: str, tags: Image.Exif, profile: bytes | None = None) -> bytes:
    file = io.BytesIO()
    save(Picture(RGB, icc=profile, exif=tags.tobytes()[6:]), file, suffix=f".{format.lower()}")
    return file.getvalue()


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "TIFF", "PNG"])
def test_adobe_rgb_of_cameras_becomes_a_profile(format):
    for ifd, tag, value in ((0xA005, 1, "R03"), (0x8769, 0xA001, 2)):
        tags = Image.Exif()
        tags[0x010F] = "abc"
        if ifd == 0xA005:
            tags.get_ifd(0x8769)[0xA005] = {tag: value}
        else:
            tags.get_ifd(ifd)[tag] = value
        picture = load(with_exif(format, tags))
        expected = np.array([[0.6097, 0.3111, 0.0195]])
        np.testing.assert_allclose(light_of(picture.icc, np.array([[255, 0, 0]], np.uint8)), expected, atol=0.02)
        kept = load(with_exif(format, tags, SRGB_ICC))
        assert kept.icc == SRGB_ICC
    plain = Image.Exif()
    plain.get_ifd(0x8769)[0xA001] = 1
    assert load(with_exif(format, plain)).icc is None


def bmp(
    space: int, xyz: tuple[float, ...] = (0,) * 9, gammas: tuple[float, ...] = (0,) * 3, profile: bytes = b""
) -> bytes:
    pixels = bytes(4 * 4 * 4)
    head = struct.pack("<IiiHHIIiiII", 124, 4, 4, 1, 32, 0, len(pixels), 0, 0, 0, 0) + bytes(16)
    head += struct.pack("<I", space) + struct.pack("<9i", *(round(value * 2**30) for value in xyz))
    head += struct.pack("<3I", *(round(value * 2**16) for value in gammas))
    head += struct.pack("<4I", 4, 124 + len(pixels), len(profile), 0)
    size = 14 + len(head) + len(pixels) + len(profile)
    return struct.pack("<2sIHHI", b"BM", size, 0, 0, 14 + len(head)) + head + pixels + profile


def test_colour_of_bmp_headers_is_kept():
    assert load(bmp(0x73524742)).icc is None
    assert load(bmp(0)).notes == ()
    assert load(bmp(0x4D424544, profile=SRGB_ICC)).icc == SRGB_ICC
    assert load(bmp(0x4C494E4B, profile=b"C:\\a.icm")).notes == (
        "Its colour profile is in another file and was left out.",
    )
    torn = load(bmp(0x4D424544, profile=SRGB_ICC)[:-100])
    assert (torn.icc, torn.notes) == (None, ("Its colour profile is damaged and was left out.",))
    # CIEXYZ of the primaries of Display P3, under D65, scaled so that white has Y = 1
    p3 = (0.4866, 0.2290, 0.0, 0.2657, 0.6917, 0.0451, 0.1982, 0.0793, 1.0439)
    assert load(bmp(0, p3, (2.2, 2.2, 2.2))).code_points == CodePoints(12, 13)
    assert load(bmp(0, p3, (1.8, 1.8, 1.8))).icc is not None
