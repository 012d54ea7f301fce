"""Pillow opens and saves .tint files as it does its own formats."""

import dataclasses
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, UnidentifiedImageError

import tintype
import tintype.plugins.pillow
from tests.pictures import picture
from tintype.codec.container.file import parse, write

PIXELS = picture(24, 40)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="module")
def data() -> bytes:
    return tintype.encode(PIXELS, quality=10)


def test_save_writes_what_the_library_encodes_and_open_reads_it(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.tint", quality=30)
    data = (tmp_path / "a.tint").read_bytes()
    assert data == tintype.encode(PIXELS, quality=30)
    with Image.open(tmp_path / "a.tint") as image:
        assert (image.format, image.mode, image.size) == ("TINT", "RGB", (40, 24))
        np.testing.assert_array_equal(np.asarray(image), np.asarray(tintype.decode(data)))


def test_the_default_quality_is_the_librarys() -> None:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "TINT")
    assert file.getvalue() == tintype.encode(PIXELS)


def test_lossless_is_an_option_as_of_webp() -> None:
    pixels, file = picture(40, 50), io.BytesIO()
    Image.fromarray(pixels).save(file, "TINT", lossless=True)
    np.testing.assert_array_equal(np.asarray(Image.open(file)), pixels)


def test_grey_pictures_open_as_grey_from_a_path_too(tmp_path: Path) -> None:
    Image.fromarray(PIXELS[:, :, 0]).save(tmp_path / "a.tint")
    with Image.open(tmp_path / "a.tint") as image:
        assert image.mode == "L"
        assert image.tobytes() == tintype.open(tmp_path / "a.tint").tobytes()


def test_pixels_are_decoded_once_and_only_when_needed(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    decode = tintype.Codec.decode
    monkeypatch.setattr(tintype.Codec, "decode", lambda *a, **o: calls.append(a) or decode(*a, **o))
    image = Image.open(io.BytesIO(data))
    assert image.get_format_mimetype() == "image/x-tint"
    assert not calls
    first = image.getpixel((3, 5))
    assert image.getpixel((3, 5)) == first
    assert image.resize((20, 12)).size == (20, 12)
    assert len(calls) == 1


def test_metadata_travel_and_options_replace_them() -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    image = Image.fromarray(PIXELS)
    image.info |= {"icc_profile": ICC, "exif": exif.tobytes(), "xmp": b"<x:xmpmeta/>"}
    assert [reopened(image).info[key] for key in ("icc_profile", "xmp")] == [ICC, b"<x:xmpmeta/>"]
    assert reopened(image).getexif()[0x010F] == "maker"

    exif[0x010F] = "another"
    changed = reopened(image, icc_profile=None, exif=exif, xmp=b"")
    assert changed.getexif()[0x010F] == "another"
    assert {"icc_profile", "xmp"}.isdisjoint(changed.info)
    assert image.info["icc_profile"] == ICC


def reopened(image: Image.Image, **options: object) -> Image.Image:
    """The image after a trip through a file in memory."""
    file = io.BytesIO()
    image.save(file, "TINT", **options)
    return Image.open(file)


def test_only_the_present_frame_is_saved_as_in_other_plugins() -> None:
    film = io.BytesIO()
    frames = [Image.fromarray(picture(16, 16, seed)).convert("L") for seed in range(2)]
    frames[0].save(film, "TIFF", save_all=True, append_images=frames[1:])
    image = Image.open(film)
    image.seek(1)
    assert reopened(image).tobytes() == tintype.decode(tintype.encode(frames[1])).tobytes()


@pytest.mark.parametrize("quality", [-1, 101, "keep", float("nan")])
def test_a_wrong_quality_is_a_value_error_and_leaves_no_file(tmp_path: Path, quality: object) -> None:
    with pytest.raises(ValueError, match="is not a number from 0 to 100"):
        Image.fromarray(PIXELS).save(tmp_path / "a.tint", quality=quality)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", ["RGBA", "LA", "I;16"])
def test_transparency_and_deep_grey_are_saved_and_opened(tmp_path: Path, mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 251)
    else:
        image = Image.fromarray(PIXELS).convert(mode[:-1])
        image.putalpha(Image.fromarray(PIXELS[..., 1]))
    image.save(tmp_path / "a.tint")
    with Image.open(tmp_path / "a.tint") as found:
        assert (found.mode, found.size) == (mode, image.size)
        assert found.tobytes() == tintype.open(tmp_path / "a.tint").tobytes()
        if mode != "I;16":
            assert found.getchannel("A").tobytes() == PIXELS[..., 1].tobytes()
        scale = 251 if mode == "I;16" else 1
        assert np.abs(np.asarray(found, float) - np.asarray(image)).mean() < 20 * scale


def test_deep_colour_opens_with_8_bits_as_pillow_has_no_more() -> None:
    with Image.open(io.BytesIO(tintype.encode(PIXELS.astype(np.uint16) * 257))) as image:
        assert image.mode == "RGB"
        assert np.abs(np.asarray(image, float) - PIXELS).mean() < 20


@pytest.mark.parametrize("mode", ["CMYK", "F"])
def test_what_cannot_be_coded_is_an_os_error_and_leaves_no_file(tmp_path: Path, mode: str) -> None:
    with pytest.raises(OSError, match="convert"):
        Image.new(mode, (8, 8)).save(tmp_path / "a.tint")
    assert not list(tmp_path.iterdir())


def test_damage_is_an_os_error_that_says_what_is_wrong(data: bytes) -> None:
    with pytest.raises(OSError, match=f"the file ends at byte {len(data) - 9} of {len(data)}"):
        Image.open(io.BytesIO(data[:-9]))
    for position in range(4, len(data)):
        changed = data[:position] + bytes([data[position] ^ 0x41]) + data[position + 1 :]
        with pytest.raises(OSError):
            Image.open(io.BytesIO(changed))


def test_another_magic_is_not_ours(data: bytes, tmp_path: Path) -> None:
    for position in range(4):
        changed = data[:position] + bytes([data[position] ^ 0x41]) + data[position + 1 :]
        (tmp_path / "a.tint").write_bytes(changed)
        with pytest.raises(UnidentifiedImageError):
            Image.open(tmp_path / "a.tint")


def test_damage_behind_valid_checksums_shows_when_pixels_are_needed(data: bytes) -> None:
    image = Image.open(io.BytesIO(write(dataclasses.replace(parse(data), payloads=(b"nonsense" * 9,)))))
    assert image.size == (40, 24)
    for _ in range(2):  # asking again does not make it better
        with pytest.raises(OSError, match="tile 0: "):
            image.load()


def test_unknown_weights_open_but_do_not_load(data: bytes) -> None:
    container = parse(data)
    header = dataclasses.replace(container.header, weights_hash=b"stranger")
    image = Image.open(io.BytesIO(write(dataclasses.replace(container, header=header))))
    assert image.size == (40, 24)
    with pytest.raises(OSError, match=b"stranger".hex()):
        image.load()


def test_a_picture_like_a_bomb_is_pillows_to_refuse(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(data))


def test_importing_the_plugin_starts_no_engine() -> None:
    script = (
        "import sys, tintype.plugins.pillow; from PIL import Image; assert '.tint' in Image.registered_extensions(); "
        "assert not {'torch', 'onnxruntime'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    "size, factor", [((50, 40), 8), ((64, 48), 8), ((65, 48), 4), ((200, 97), 2), ((513, 1), 1), ((9999, 9999), 1)]
)
def test_a_draft_is_decoded_to_the_smallest_sides_that_are_enough(size: tuple[int, int], factor: int) -> None:
    data = tintype.encode(picture(387, 512))
    image = Image.open(io.BytesIO(data))
    assert image.draft("L", size) == ("RGB", (0, 0, 512 / factor, 387 / factor))
    assert image.size == (512 // factor, -(-387 // factor))
    assert image.tobytes() == tintype.Codec().decode(data, reduce=factor).tobytes()
    assert image.draft("RGB", (1, 1)) is None  # it is loaded


def test_thumbnails_are_those_of_the_whole_picture_in_less_time() -> None:
    data = tintype.encode(picture(387, 512), quality=90)
    whole = tintype.decode(data)
    whole.thumbnail((60, 60))
    image = Image.open(io.BytesIO(data))
    image.thumbnail((60, 60))
    assert image.size == whole.size
    assert np.abs(np.asarray(image, int) - np.asarray(whole, int)).mean() < 3


def test_a_thumbnail_of_a_transparent_drawing_has_no_fringe_of_colour_that_nobody_sees(tmp_path: Path) -> None:
    drawn = np.full((128, 192, 4), 255, np.uint8)
    drawn[np.add.outer(np.arange(128), np.arange(192)) % 7 < 4] = 0  # black where nothing is seen, white elsewhere
    (tmp_path / "a.tint").write_bytes(tintype.Codec(threads=1).encode(drawn, lossless=True))
    with Image.open(tmp_path / "a.tint") as image:
        image.thumbnail((24, 16))
    colours, alpha = np.split(np.asarray(image), [3], axis=2)
    assert (colours == 255).all() and (alpha > 0).all()
