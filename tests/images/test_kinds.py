"""Each row of the table in docs/pictures.md: what a kind of picture becomes."""

import io
import re
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from tests.images import files
from tests.images.files import chunk, noise, png, saved
from tintype.errors import InputError
from tintype.images import ReadOptions, load, load_8bit
from tintype.images.alpha import flattened
from tintype.images.raster import rescaled

SIZE = (13, 17)
DEEP = noise((*SIZE, 4), 16)
EIGHT = (DEEP >> 8).astype(np.uint8)
CLEAR = np.array([255, 0], np.uint8)
TABLE = Path(__file__).parents[2] / "docs" / "pictures.md"


def test_rows_of_the_table_name_their_tests():
    named = set(re.findall(r"`(test_\w+)`", TABLE.read_text()))
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert len(named) >= 20
    assert named <= set(re.findall(r"def (test_\w+)\(", sources))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    "bits, colour_type",
    [(1, 0), (2, 0), (4, 0), (8, 0), (16, 0), (8, 2), (16, 2), (8, 4), (16, 4), (8, 6), (16, 6)],
)
def test_png_of_every_depth_is_read_exactly(bits, colour_type, interlaced):
    channels = files.CHANNELS[colour_type]
    samples = noise((*SIZE, channels), bits)
    picture = load(png(samples, bits, colour_type, interlaced=interlaced))
    expected = rescaled(samples, bits, max(8, bits))
    assert picture.depth == max(8, bits)
    if colour_type in (files.GREY_ALPHA, files.RGBA):
        np.testing.assert_array_equal(picture.alpha, expected[..., -1])
        expected = expected[..., :-1]
    else:
        assert picture.alpha is None
    np.testing.assert_array_equal(picture.pixels, expected[..., 0] if expected.shape[2] == 1 else expected)
    assert picture.notes == ()


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes_become_rgb_and_keep_alpha(bits, interlaced):
    indices = noise(SIZE, bits)
    colours = noise((2**bits, 3), 8, seed=1).astype(np.uint8)
    alphas = np.arange(2**bits, dtype=np.uint8)[: 2**bits - 1]
    plte = chunk(b"PLTE", colours.tobytes())
    opaque = load(png(indices, bits, files.PALETTE, plte, interlaced))
    np.testing.assert_array_equal(opaque.pixels, colours[indices])
    assert opaque.alpha is None
    picture = load(png(indices, bits, files.PALETTE, plte + chunk(b"tRNS", alphas.tobytes()), interlaced))
    np.testing.assert_array_equal(picture.pixels, colours[indices])
    np.testing.assert_array_equal(picture.alpha, np.append(alphas, np.uint8(255))[indices])


@pytest.mark.parametrize("bits, colour_type", [(1, 0), (2, 0), (4, 0), (8, 0), (16, 0), (8, 2), (16, 2)])
def test_transparent_colours_become_alpha(bits, colour_type):
    channels = files.CHANNELS[colour_type]
    samples = noise((*SIZE, channels), bits)
    key = samples[5, 7]
    samples[6, 7] = key
    samples[0, 0], samples[0, 0, 0] = key, int(key[0]) ^ 1  # differs in the last bit of one channel
    picture = load(png(samples, bits, colour_type, chunk(b"tRNS", struct.pack(f">{channels}H", *key))))
    white = 2 ** max(8, bits) - 1
    np.testing.assert_array_equal(picture.alpha, np.where((samples == key).all(-1), 0, white))


@pytest.mark.parametrize(
    "mode, want",
    [("RGBA", EIGHT[..., :3]), ("LA", EIGHT[..., 0])],
)
@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "ICO", "TGA", "DDS", "QOI", "AVIF", "JPEG2000", "memory"])
def test_alpha_is_kept_exactly(format, mode, want):
    image = Image.fromarray(EIGHT if mode == "RGBA" else EIGHT[..., [0, 3]], mode)
    if format in ("WEBP", "ICO", "DDS", "QOI", "AVIF") and mode == "LA":
        image = image.convert("RGBA")
    options = {"ICO": {"sizes": [SIZE[::-1]]}, "WEBP": {"lossless": True, "exact": True}, "AVIF": {"quality": 100}}
    source = image if format == "memory" else saved(image, format, **options.get(format, {}))
    picture = load(source)
    np.testing.assert_array_equal(picture.alpha, EIGHT[..., 3])
    if format != "AVIF":
        np.testing.assert_array_equal(
            picture.pixels, np.asarray(image.convert("RGB")) if picture.pixels.ndim == 3 else want
        )


def test_gif_transparency_becomes_alpha():
    image = Image.fromarray(EIGHT[..., 0]).convert("P")
    picture = load(saved(image, "GIF", transparency=int(EIGHT[3, 4, 0])))
    np.testing.assert_array_equal(picture.alpha == 0, EIGHT[..., 0] == EIGHT[3, 4, 0])


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "RGBa", "La"])
def test_alpha_that_is_opaque_everywhere_is_dropped(mode):
    image = Image.fromarray(EIGHT[..., :3])
    image.putalpha(255)
    for source in (image.convert(mode) if mode != "PA" else image.convert("LA").convert("PA"),):
        picture = load(source)
        assert picture.alpha is None
        assert picture.notes == ()


def test_tables_of_transparency_without_a_transparent_entry_are_dropped():
    image = Image.fromarray(EIGHT[..., :3]).quantize(16)
    assert load(saved(image, "PNG", transparency=bytes([255] * 16))).alpha is None


@pytest.mark.parametrize("colour", ["white", "#ff8000", "rgb(1, 2, 3)", "hsl(120, 100%, 25%)"])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_background_flattens_in_the_depth_of_the_picture(colour, bits):
    from PIL import ImageColor

    samples = noise((*SIZE, 4), bits)
    picture = load(png(samples, bits, files.RGBA), ReadOptions(background=colour))
    white = 2**bits - 1
    share = samples[..., 3:] / white
    behind = np.array(ImageColor.getrgb(colour)[:3]) / 255 * white
    assert picture.alpha is None
    assert picture.depth == bits
    np.testing.assert_allclose(picture.pixels, samples[..., :3] * share + behind * (1 - share), atol=0.51)


def test_a_coloured_background_makes_grey_rgb_and_a_grey_one_does_not():
    grey = png(noise((*SIZE, 2), 8), 8, files.GREY_ALPHA)
    assert load(grey, ReadOptions(background="white")).grey
    assert not load(grey, ReadOptions(background="red")).grey


def test_what_is_clear_shows_the_background_alone():
    clear = np.zeros(SIZE, np.uint8)
    np.testing.assert_array_equal(flattened(EIGHT[..., :3], clear, (1, 2, 3), 255), np.full((*SIZE, 3), [1, 2, 3]))
    np.testing.assert_array_equal(flattened(EIGHT[..., :3], clear + 255, (1, 2, 3), 255), EIGHT[..., :3])


def test_a_background_that_is_no_colour_is_refused():
    with pytest.raises(InputError, match="'octarine' is not a colour"):
        ReadOptions(background="octarine")


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP", "PPM", "MSP", "XBM", "PCX", "memory"])
def test_one_bit_becomes_grey(format):
    image = Image.fromarray(EIGHT[..., 0] > 127)
    picture = load(image if format == "memory" else saved(image, format))
    if format == "XBM":  # ink is 1 there
        image = Image.open(io.BytesIO(saved(image, format)))
    np.testing.assert_array_equal(picture.pixels, np.where(np.asarray(image), 255, 0))
    assert picture.notes == ()


@pytest.mark.parametrize("colour_type", [0, 2, 4, 6])
def test_sixteen_bits_that_repeat_eight_become_eight(colour_type):
    samples = EIGHT[..., : files.CHANNELS[colour_type]]
    picture = load(png(samples.astype(np.uint16) * 257, 16, colour_type))
    assert picture.depth == 8
    assert picture.pixels.dtype == np.uint8
    np.testing.assert_array_equal(picture.pixels.reshape(*SIZE, -1)[..., 0], samples[..., 0])
    if picture.alpha is not None:
        np.testing.assert_array_equal(picture.alpha, samples[..., -1])


@pytest.mark.parametrize("white, depth", [(300, 10), (1000, 10), (1023, 10), (4095, 12), (16383, 16), (65535, 16)])
@pytest.mark.parametrize("kind", [2, 3, 5, 6])
def test_ppm_of_any_white_is_read_in_full(kind, white, depth):
    shape = (*SIZE, 3) if kind in (3, 6) else SIZE
    samples = (noise(shape, 16).astype(int) % (white + 1)).astype(np.uint16)
    samples.flat[-1] = white
    head = b"P%d\n# of a scanner\n%d %d\n%d\n" % (kind, SIZE[1], SIZE[0], white)
    body = samples.astype(">u2").tobytes() if kind > 4 else b" ".join(b"%d" % v for v in samples.ravel())
    picture = load(head + body)
    assert picture.depth == depth
    np.testing.assert_allclose(picture.pixels / (2**depth - 1), samples / white, atol=0.51 / (2**depth - 1))
    assert len(np.unique(picture.pixels)) == len(np.unique(samples))


def test_long_text_of_ppm_is_read_in_pieces_without_a_list_of_all_numbers():
    samples = noise((700, 600), 16)
    data = b"P2 600 700 65535\n" + b" ".join(b"%d" % value for value in samples.ravel()) + b" 7 of no interest"
    tracemalloc.start()
    try:
        picture = load(data)
        assert tracemalloc.get_traced_memory()[1] < 40 * samples.size
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(picture.pixels, samples)


@pytest.mark.parametrize("sample", [b"1001", b"-1", b"9" * 18, b"9" * 5000, b"x"])
def test_text_of_ppm_with_other_samples_is_refused(sample):
    with pytest.raises(InputError):
        load(b"P2 2 1 1000\n7 " + sample)


def test_samples_of_pillow_with_sixteen_bits_are_kept():
    for mode in ("I;16", "I;16B", "I"):
        values = DEEP[..., 0].astype({"I;16": "<u2", "I;16B": ">u2", "I": "<i4"}[mode])
        image = Image.frombytes(mode, SIZE[::-1], values.tobytes())
        picture = load(image)
        np.testing.assert_array_equal(picture.pixels, DEEP[..., 0])
        assert picture.depth == 16


def test_integers_beyond_sixteen_bits_are_refused():
    with pytest.raises(InputError, match="integers of 32 bits"):
        load(Image.fromarray(np.full(SIZE, 70000, np.int32)))


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_one_frame_of_several_is_chosen(format):
    frames = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (0, 128, 255)]
    options = {"lossless": True} if format == "WEBP" else {}
    data = saved(frames[0], format, save_all=True, append_images=frames[1:], **options)
    with pytest.raises(InputError, match=r"3 (frames or )?pages; encode --frame N \(frame=N\) .* from 0 to 2"):
        load(data)
    for number, value in enumerate((0, 128, 255)):
        assert np.abs(load(data, ReadOptions(frame=number)).pixels.astype(int) - value).max() <= 1
    with pytest.raises(InputError, match=r"has no (frame|page) 3"):
        load(data, ReadOptions(frame=3))
    with pytest.raises(InputError, match="counted from 0"):
        ReadOptions(frame=-1)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_animations_of_one_frame_are_pictures(format):
    picture = load(saved(Image.fromarray(EIGHT[..., :3]), format, save_all=True))
    assert (picture.height, picture.width, picture.notes) == (*SIZE, ())


def test_a_page_beside_its_smaller_copy_is_one_picture():
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(EIGHT[..., :3], photometric="rgb")
        writer.write(EIGHT[::2, ::2, :3].copy(), photometric="rgb", subfiletype=1)
    np.testing.assert_array_equal(load(file.getvalue()).pixels, EIGHT[..., :3])


@pytest.mark.parametrize("format", ["JPEG", "TIFF", "memory"])
@pytest.mark.parametrize("profile", [False, True])
def test_cmyk_is_converted_on_demand_and_says_so(format, profile):
    image = Image.fromarray(np.full((8, 8, 3), (200, 90, 40), np.uint8)).convert("CMYK")
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"icc_profile": icc} if profile else {}  # not one of CMYK, so it is refused, not guessed
    source = image if format == "memory" else saved(image, format, **options)
    with pytest.raises(InputError, match="CMYK"):
        load(source)
    if profile and format != "memory":
        with pytest.raises(InputError, match="profile is damaged or not one of CMYK"):
            load(source, ReadOptions(convert=True))
        return
    picture = load(source, ReadOptions(convert=True))
    assert np.abs(picture.pixels.astype(int) - (200, 90, 40)).max() < 6
    assert picture.notes == ("CMYK was converted to sRGB by the plain formula, for it has no profile.",)


def test_lab_ycbcr_and_hsv_are_converted_on_demand():
    red = Image.new("RGB", (4, 4), (200, 60, 40))
    lab = ImageCms.profileToProfile(
        red, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    for image in (lab, red.convert("YCbCr"), red.convert("HSV"), saved(lab, "TIFF")):
        with pytest.raises(InputError, match="--convert"):
            load(image)
        picture = load(image, ReadOptions(convert=True))
        assert np.abs(picture.pixels.astype(int) - (200, 60, 40)).max() < 5
        assert "was converted to sRGB" in picture.notes[0]


def test_floats_are_converted_on_demand_and_what_lies_outside_is_counted():
    ramp = np.linspace(-0.5, 1, 64, dtype=np.float32).reshape(8, 8)
    for source in (Image.fromarray(ramp), saved(Image.fromarray(ramp), "TIFF")):
        with pytest.raises(InputError, match="floats"):
            load(source)
        picture = load(source, ReadOptions(convert=True))
        np.testing.assert_allclose(picture.pixels / 65535, ramp.clip(0, 1), atol=1e-5)
        assert picture.notes == ("Floats from 0 to 1 were converted to 16 bits; 21 samples outside were cut off.",)


@pytest.mark.parametrize(
    "format", ["BMP", "DIB", "TGA", "PCX", "SGI", "ICNS", "ICO", "PPM", "QOI", "DDS", "GIF", "JPEG2000"]
)
def test_other_formats_are_read_as_pillow_reads_them(format):
    image = Image.fromarray(np.asarray(Image.fromarray(EIGHT[..., :3]).resize((32, 32))))
    data = saved(image, format, **({"sizes": [(32, 32)]} if format == "ICO" else {}))
    want = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    picture = load(data)
    np.testing.assert_array_equal(picture.pixels, want)
    assert picture.alpha is None


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_are_content_and_never_a_name(tmp_path, kind):
    data = saved(Image.fromarray(EIGHT[..., :3]), "PNG")
    (tmp_path / "picture.png").write_bytes(data)
    np.testing.assert_array_equal(load(kind(data)).pixels, EIGHT[..., :3])
    with pytest.raises(InputError, match="not a picture"):
        load(kind(str(tmp_path / "picture.png").encode()))


def test_eight_bits_are_as_screens_show_them():
    colour = np.full((8, 8, 3), (200, 90, 40), np.uint8)
    cmyk = load_8bit(saved(Image.fromarray(colour).convert("CMYK"), "TIFF"))
    np.testing.assert_allclose(cmyk, colour, atol=5)
    floats = load_8bit(Image.fromarray(np.linspace(-0.5, 1, 64, dtype=np.float32).reshape(8, 8)))
    # one off where a half was rounded twice: to 16 bits, then to 8
    np.testing.assert_allclose(floats, np.rint(np.linspace(-0.5, 1, 64).clip(0, 1) * 255).reshape(8, 8), atol=1)
    deep = load_8bit(png(DEEP, 16, files.RGBA), ReadOptions(background="black"))
    np.testing.assert_allclose(deep, DEEP[..., :3] / 257.0 * (DEEP[..., 3:] / 65535), atol=1)
    clear = np.dstack([colour, np.zeros((8, 8), np.uint8)])
    assert (load_8bit(Image.fromarray(clear)) == 255).all()
