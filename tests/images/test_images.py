"""Pictures come in upright and whole, or are refused with the way out; they go out as they are."""

import io
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tintype.errors import InputError
from tintype.images import MAX_SIDE, Picture, load, output_suffix, save, to_pillow

RGB = (np.arange(9 * 7 * 3) % 251).astype(np.uint8).reshape(9, 7, 3)
GREY = RGB[:, :, 0].copy()

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="6"/></x:xmpmeta>'
XMP_UPRIGHT = XMP.replace(b'"6"', b'"1"')


def exif(orientation: int, *, order: str = "<") -> bytes:
    """A TIFF structure with a maker's tag and an orientation."""
    start = {"<": b"II*\0", ">": b"MM\0*"}[order]
    tags = struct.pack(f"{order}H", 2)
    tags += struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    tags += struct.pack(f"{order}HHI4s", 0x010F, 2, 4, b"abc\0")
    return start + struct.pack(f"{order}I", 8) + tags + bytes(4)


def encoded(image: Image.Image, format: str, **options) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, format, **options)
    file.seek(0)
    return file


def test_arrays_are_taken_as_they_are():
    np.testing.assert_array_equal(load(RGB).pixels, RGB)
    np.testing.assert_array_equal(load(GREY).pixels, GREY)
    assert (load(RGB).width, load(RGB).height, load(RGB).grey, load(GREY).grey) == (7, 9, False, True)


def test_strided_arrays_become_contiguous():
    picture = load(RGB[::-1, ::2])
    assert picture.pixels.flags.c_contiguous
    np.testing.assert_array_equal(picture.pixels, RGB[::-1, ::2])


@pytest.mark.parametrize(
    "array, message",
    [
        (RGB.astype(np.float32), "array of float32 .* convert it to uint8"),
        (RGB[:, :, :2], r"shape \(9, 7, 2\) is neither"),
        (np.zeros((2, 2, 5), np.uint8), r"shape \(2, 2, 5\)"),
        (np.zeros(5, np.uint8), r"shape \(5,\)"),
        (np.zeros((0, 5), np.uint8), "5 x 0 pixels; each side must be from 1 to 65535"),
        (np.zeros((1, MAX_SIDE + 1), np.uint8), "65536 x 1 pixels"),
    ],
)
def test_arrays_that_cannot_be_coded_are_refused(array, message):
    with pytest.raises(InputError, match=message):
        load(array)


@pytest.mark.parametrize("source", [5, None, [[1, 2]]])
def test_what_is_no_picture_is_refused_with_what_is_one(source: Any) -> None:
    with pytest.raises(InputError, match="is not a picture; give a path, a file's content as bytes"):
        load(source)


def test_a_file_open_as_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    save(RGB, path)
    with path.open(encoding="latin-1") as file, pytest.raises(InputError, match="the mode 'rb'"):
        load(file)  # type: ignore[arg-type]  # that is the test


def test_the_longest_side_is_the_formats():
    from tintype.codec.container.header import MAX_SIDE as FORMAT_MAX_SIDE

    assert MAX_SIDE == FORMAT_MAX_SIDE
    assert load(np.zeros((1, MAX_SIDE), np.uint8)).width == MAX_SIDE


def test_pillow_images_are_taken_without_loss():
    np.testing.assert_array_equal(load(Image.fromarray(RGB)).pixels, RGB)
    np.testing.assert_array_equal(load(Image.fromarray(GREY)).pixels, GREY)


def test_a_palette_becomes_rgb():
    image = Image.fromarray(GREY).convert("P")
    image.putpalette(list(range(255, -1, -1)) + [7] * 512)
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(load(image).pixels, expected)
    np.testing.assert_array_equal(load(encoded(image, "PNG")).pixels, expected)
    np.testing.assert_array_equal(load(encoded(image, "GIF")).pixels, expected)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("array", [RGB, GREY], ids=["rgb", "grey"])
def test_lossless_files_are_read_exactly(tmp_path, format, array):
    path = tmp_path / "picture"
    Image.fromarray(array).save(path, format)
    for source in (path, str(path), io.BytesIO(path.read_bytes())):
        np.testing.assert_array_equal(load(source).pixels, array)


def test_jpegs_are_read_as_pillow_reads_them():
    file = encoded(Image.fromarray(RGB), "JPEG")
    np.testing.assert_array_equal(load(file).pixels, np.asarray(Image.open(file)))


@pytest.mark.parametrize(
    "mode, message",
    [
        ("CMYK", r"samples are CMYK, .* --convert .* into sRGB"),
        ("YCbCr", r"samples are YCbCr, .* --convert"),
        ("F", r"samples are floats, .* --convert .* into 16-bit grey"),
        ("HSV", r"samples are HSV, .* --convert"),
        ("LAB", r"samples are Lab, .* --convert"),
    ],
)
def test_other_modes_are_refused_with_the_way_out(mode, message):
    with pytest.raises(InputError, match=message):
        load(Image.new(mode, (3, 3)))


@pytest.mark.parametrize("format", ["AVIF", "JPEG2000"])
def test_modern_formats_of_eight_bits_are_read(format):
    file = encoded(Image.fromarray(RGB), format)
    np.testing.assert_array_equal(load(file).pixels, np.asarray(Image.open(file)))


def test_five_bit_bitmaps_are_not_taken_for_deep_ones():
    header = struct.pack("<2sIHHI", b"BM", 58, 0, 0, 54) + struct.pack(
        "<IiiHHIIiiII", 40, 2, 1, 1, 16, 0, 4, 0, 0, 0, 0
    )
    assert load(io.BytesIO(header + bytes([0xFF, 0x7F, 0, 0]))).pixels.tolist() == [[[255] * 3, [0] * 3]]


def test_animations_and_pages_are_refused():
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    for format in ("GIF", "PNG", "WEBP", "TIFF"):
        file = encoded(frames[0], format, save_all=True, append_images=frames[1:])
        with pytest.raises(InputError, match=r"2 (frames or )?pages; encode --frame N"):
            load(file)
        assert load(Image.open(file).convert("RGB")).width == 7


def test_the_first_picture_of_a_phones_multi_picture_file_is_kept_with_a_note():
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    file = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    picture = load(file)
    np.testing.assert_array_equal(picture.pixels, np.asarray(Image.open(file)))
    assert picture.notes == ("Only the first of its 2 pictures is kept.",)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_is_applied_and_reset(orientation, order):
    # where row 0 and column 0 of the stored pixels are seen, by the EXIF standard's table
    seen = {
        1: RGB, 2: RGB[:, ::-1], 3: RGB[::-1, ::-1], 4: RGB[::-1],
        5: RGB.transpose(1, 0, 2), 6: RGB.transpose(1, 0, 2)[:, ::-1],
        7: RGB.transpose(1, 0, 2)[::-1, ::-1], 8: RGB.transpose(1, 0, 2)[::-1],
    }  # fmt: skip
    picture = load(encoded(Image.fromarray(RGB), "PNG", exif=exif(orientation, order=order)))
    np.testing.assert_array_equal(picture.pixels, seen[orientation])
    assert picture.pixels.flags.c_contiguous
    assert picture.exif == exif(1, order=order)


@pytest.mark.parametrize("format, options", [("JPEG", {}), ("WEBP", {"lossless": True}), ("AVIF", {}), ("TIFF", {})])
def test_orientation_is_applied_in_every_format_that_has_it(format, options):
    tags = Image.Exif()
    tags[0x0112] = 6
    picture = load(encoded(Image.fromarray(RGB), format, exif=tags, **options))
    assert (picture.width, picture.height) == (9, 7)
    assert load(to_pillow(picture)).width == 9


def test_orientation_in_xmp_is_applied_and_reset():
    picture = load(encoded(Image.fromarray(RGB), "WEBP", xmp=XMP, lossless=True))
    assert (picture.width, picture.height) == (9, 7)
    assert picture.xmp == XMP_UPRIGHT


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif", ".tiff"])
def test_metadata_travel_along(tmp_path, suffix):
    path = tmp_path / f"picture{suffix}"
    save(Picture(RGB, icc=ICC, exif=exif(1), xmp=XMP_UPRIGHT), path)
    again = load(path)
    assert again.icc == ICC
    assert again.xmp == XMP_UPRIGHT
    if suffix not in (".avif", ".tiff"):  # Pillow writes their directories anew
        assert again.exif == exif(1)
    with Image.open(path) as image:
        assert image.getexif()[0x010F] == "abc"


def test_a_cameras_tags_do_not_overrule_those_of_a_tiff(tmp_path):
    tags = Image.Exif()
    tags[0x0100], tags[0x0101], tags[0x0103], tags[0x010F] = 4000, 3000, 6, "abc"
    path = tmp_path / "picture.tiff"
    save(Picture(RGB, exif=tags.tobytes()[6:]), path)
    np.testing.assert_array_equal(load(path).pixels, RGB)
    with Image.open(path) as image:
        assert image.getexif()[0x010F] == "abc"


def test_pillow_images_carry_metadata_out_and_in():
    picture = Picture(GREY, icc=ICC, exif=exif(1), xmp=XMP_UPRIGHT)
    image = to_pillow(picture)
    assert image.mode == "L"
    again = load(image)
    assert (again.icc, again.exif, again.xmp) == (ICC, exif(1), XMP_UPRIGHT)
    np.testing.assert_array_equal(again.pixels, GREY)


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"II*\0",
        b"XX*\0\x08\0\0\0\0\0",
        b"II*\0\xff\xff\xff\xff\0\0",
        exif(6)[:20],
        b"II*\0\x08\0\0\0\xff\xff" + bytes(24),
    ],
)
def test_damaged_exif_is_left_behind(damaged):
    image = Image.fromarray(RGB)
    image.info["exif"] = damaged
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about the same damage
        assert load(image).exif is None


def test_xmp_that_is_not_text_is_left_behind():
    image = Image.fromarray(RGB)
    image.info["xmp"] = b"\xff\xfe"
    assert load(image).xmp is None


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".tiff", ".bmp", ".ppm", ".PNG"])
@pytest.mark.parametrize("array", [RGB, GREY], ids=["rgb", "grey"])
def test_lossless_formats_are_written_exactly(tmp_path, suffix, array):
    path = tmp_path / f"picture{suffix}"
    save(array, path)
    loaded = load(path).pixels
    np.testing.assert_array_equal(loaded, np.stack([array] * 3, 2) if loaded.ndim > array.ndim else array)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".avif"])
def test_lossy_formats_are_written_closely(tmp_path, suffix):
    smooth = np.add.outer(np.arange(64), np.arange(48)).astype(np.uint8)
    path = tmp_path / f"picture{suffix}"
    save(np.stack([smooth, 255 - smooth, smooth // 2], axis=2), path)
    decoded = load(path).pixels.astype(int)
    assert np.abs(decoded[:, :, 0] - smooth).mean() < 3


def test_an_open_file_is_written_by_the_suffix_given():
    file = io.BytesIO()
    save(RGB, file, suffix=".png")
    assert Image.open(file).format == "PNG"
    with pytest.raises(InputError, match="suffix"):
        save(RGB, io.BytesIO())


@pytest.mark.parametrize("name, suffix", [("a/b.PNG", ".png"), (".webp", ".webp"), ("x.tar.jpeg", ".jpeg")])
def test_output_suffixes_are_found(name, suffix):
    assert output_suffix(name) == suffix


@pytest.mark.parametrize("name", ["picture", "picture.gif", "picture.tint", "png", ""])
def test_other_output_suffixes_are_refused(name):
    with pytest.raises(InputError, match=r"does not end in a picture's suffix: .png, .jpg"):
        output_suffix(name)


def test_a_format_that_cannot_hold_the_picture_says_so(tmp_path):
    with pytest.raises(InputError, match="16384 x 1 pixels as WEBP: cannot be written, choose another format"):
        save(np.zeros((1, 16384), np.uint8), tmp_path / "wide.webp")


def test_errors_of_the_system_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.png")
    with pytest.raises(IsADirectoryError):
        load(tmp_path)
    with pytest.raises(FileNotFoundError):
        save(RGB, tmp_path / "missing" / "picture.png")


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "notes.png"
    path.write_bytes(b"Dear diary")
    with pytest.raises(InputError, match=r"notes.png: not a picture in a known format"):
        load(path)


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "cut.png"
    noise = np.random.default_rng(251).integers(0, 256, (64, 64, 3), np.uint8)
    path.write_bytes(encoded(Image.fromarray(noise), "PNG").getvalue()[:5000])
    with pytest.raises(InputError, match=r"cut.png: damaged, .*truncated"):
        load(path)
