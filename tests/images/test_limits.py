"""One limit of pixels, ours; no library's limits, warnings or errors show through."""

import io
import logging
import struct
import subprocess
import sys
import threading
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.images.files import chunk, noise, png, saved
from tintype.errors import InputError
from tintype.images import MAX_PIXELS, ReadOptions, load

RGB = noise((16, 24, 3), 8).astype(np.uint8)
FORMATS = [
    *("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "TGA", "ICO", "PCX", "SGI", "DDS"),
    *("ICNS", "QOI"),
]


def written(format: str) -> bytes:
    image = Image.fromarray(RGB)
    return saved(image.resize((16, 16)) if format == "ICNS" else image, format)


@pytest.mark.parametrize("format", FORMATS)
def test_our_limit_decides_and_pillows_does_not(format, monkeypatch):
    data = written(format)
    picture = load(data)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)
    again = load(data)
    np.testing.assert_array_equal(again.pixels, picture.pixels)
    pixels = picture.width * picture.height
    with pytest.raises(
        InputError, match=rf"above the limit of {pixels - 1}; .* raise max_pixels \(--max-pixels\).* GiB"
    ):
        load(data, ReadOptions(max_pixels=pixels - 1))
    assert load(data, ReadOptions(max_pixels=pixels)).width == picture.width


def test_the_limit_holds_for_arrays_and_images():
    for source in (RGB, Image.fromarray(RGB)):
        with pytest.raises(InputError, match="are 384 pixels, above the limit of 383"):
            load(source, ReadOptions(max_pixels=383))


def test_pillow_keeps_its_limit_for_others(monkeypatch):
    load(written("PNG"))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(written("PNG")))


def test_a_picture_between_both_limits_is_read():
    assert MAX_PIXELS > Image.MAX_IMAGE_PIXELS
    head = struct.pack(">IIBBBBB", 15000, 12000, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(12000 * (1 + 15000 // 8)))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    picture = load(data)
    assert (picture.width, picture.height) == (15000, 12000)


def test_sizes_are_refused_before_memory_is_taken():
    huge = struct.pack(">IIBBBBB", 60000, 60000, 16, 6, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", huge) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(InputError, match=r"60000 x 60000 are 3600000000 pixels, .* takes about 40.2 GiB"):
        load(data)


def test_threads_have_limits_of_their_own():
    data = written("PNG")
    results: dict[int, bool] = {}

    def read(limit: int) -> None:
        for _ in range(20):
            try:
                load(data, ReadOptions(max_pixels=limit))
                results[limit] = True
            except InputError:
                results[limit] = False

    threads = [threading.Thread(target=read, args=(limit,)) for limit in (383, 384, 100, 10**6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {383: False, 384: True, 100: False, 10**6: True}


def test_the_filters_of_warnings_are_left_as_they_were():
    before = list(warnings.filters)
    load(written("TIFF"))
    with pytest.raises(InputError):
        load(b"GIF89a")
    assert list(warnings.filters) == before
    assert not any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("PIL").handlers)


def test_nothing_of_a_library_reaches_the_terminal(tmp_path):
    tiff = bytearray(saved(Image.fromarray(RGB), "TIFF"))
    at = tiff.find(struct.pack("<HH", 277, 3))
    struct.pack_into("<HHIHH", tiff, at, 277, 3, 1, 9999, 0)  # Pillow logs an error about so many samples
    exif = Image.Exif()
    exif[0x010F] = "abc"
    jpeg = bytearray(saved(Image.fromarray(RGB), "JPEG", exif=exif))
    place = jpeg.find(b"Exif\0\0") + 6 + 8 + 2
    jpeg[place + 4 : place + 12] = b"\0\0\xff\xff\xff\xff\xff\xff"  # Pillow warns about data behind the end
    packed = bytearray(saved(Image.fromarray(RGB), "TIFF", compression="tiff_adobe_deflate"))
    packed[12:40] = bytes(28)  # libtiff complains
    for name, data in (("a.tif", tiff), ("d.tif", packed), ("b.jpg", jpeg), ("c.png", png(RGB, 8, 2)[:200])):
        (tmp_path / name).write_bytes(data)
    script = """
import sys
from pathlib import Path
from tintype.errors import TintypeError
from tintype.images import load
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        load(path)
    except TintypeError:
        pass
"""
    result = subprocess.run(
        [sys.executable, "-W", "always", "-c", script, str(tmp_path)], capture_output=True, text=True
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_long_texts_of_png_do_not_refuse_the_picture():
    packed = zlib.compress(b"a" * 2**21)
    for extra in (
        chunk(b"zTXt", b"Comment\0\0" + packed),
        chunk(b"iTXt", b"Comment\0\1\0\0\0" + packed),
        chunk(b"tEXt", b"Comment\0" + b"a" * 2**21),
        chunk(b"tEXt", b"Comment\0" + b"a" * 2**20) * 66,
    ):
        picture = load(png(RGB, 8, 2, extra))
        np.testing.assert_array_equal(picture.pixels, RGB)
        assert "texts were left out" in picture.notes[0]


def test_long_profiles_of_png_are_kept():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(2**21)
    extra = chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile))
    assert load(png(RGB, 8, 2, extra)).icc == profile


def test_a_file_without_end_is_refused():
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            assert 0 <= size < 2**30
            return bytes(size)

    with pytest.raises(InputError, match=r"longer than .* raise max_pixels"):
        load(Endless(), ReadOptions(max_pixels=100))


def test_files_that_cannot_seek_are_read():
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

    np.testing.assert_array_equal(load(Pipe(written("PNG"))).pixels, RGB)
