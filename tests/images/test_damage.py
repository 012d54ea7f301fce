"""Damaged files are refused or read, by every reader: never another error, a hang, or a message of a library."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.images import files
from tests.images.files import noise, png, saved
from tests.images.test_readers import dng, smooth
from tintype.errors import InputError
from tintype.images import ReadOptions, load

RGB = noise((9, 7, 3), 8).astype(np.uint8)
PLANES = noise((3, 9, 7), 16)
OPTIONS = ReadOptions(max_pixels=2**20, convert=True)


def plain(format: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(RGB).resize((16, 16))
    return saved(image, format, **({"exif": exif} if format in ("PNG", "JPEG", "WEBP", "AVIF", "TIFF") else {}))


def tiff(samples: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, samples, **options)
    return file.getvalue()


def frames(format: str) -> bytes:
    return saved(Image.fromarray(RGB), format, save_all=True, append_images=[Image.fromarray(255 - RGB)])


def by_package(name: str) -> bytes:
    package = pytest.importorskip({"heif": "pillow_heif", "raw": "rawpy"}.get(name, "imagecodecs"))
    if name == "heif":
        file = io.BytesIO()
        package.from_bytes("RGB;16", (64, 48), (smooth(10) << 6).tobytes()).save(file)
        return file.getvalue()
    if name == "raw":
        return dng()
    if name == "jxl":
        pytest.importorskip("pillow_jxl")
        return package.jpegxl_encode(smooth(16), lossless=True)
    return (
        package.avif_encode(smooth(10), bitspersample=10)
        if name == "avif"
        else package.jpeg2k_encode(smooth(12), bitspersample=12)
    )


MADE = {
    **{format: lambda format=format: plain(format) for format in (
        "PNG", "JPEG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "TGA", "ICO", "ICNS", "PCX", "SGI",
        "DDS", "QOI",
    )},
    "MSP": lambda: saved(Image.fromarray(RGB).convert("1"), "MSP"),
    "XBM": lambda: saved(Image.fromarray(RGB).convert("1"), "XBM"),
    "GIF frames": lambda: frames("GIF"),
    "PNG frames": lambda: frames("PNG"),
    "TIFF pages": lambda: frames("TIFF"),
    "JPEG CMYK": lambda: saved(Image.fromarray(RGB).convert("CMYK"), "JPEG"),
    "PNG 16": lambda: png(noise((9, 7, 3), 16), 16, files.RGB),
    "PNG 16 alpha": lambda: png(noise((9, 7, 2), 16), 16, files.GREY_ALPHA, interlaced=True),
    "PPM 16": lambda: b"P6 7 9 1000\n" + (noise((9, 7, 3), 16) % np.uint16(1001)).astype(">u2").tobytes(),
    "PPM text": lambda: b"P2 7 9 1000\n" + b" ".join(b"%d" % value for value in range(63)),
    "TIFF planes": lambda: tiff(PLANES, photometric="rgb", planarconfig="separate", compression="deflate"),
    "TIFF 16": lambda: tiff(noise((9, 7, 3), 16), photometric="rgb", byteorder=">"),
    "TIFF grey alpha": lambda: tiff(noise((9, 7, 2), 16), photometric="minisblack", extrasamples=["unassalpha"]),
    "heif": lambda: by_package("heif"),
    "avif": lambda: by_package("avif"),
    "jp2": lambda: by_package("jp2"),
    "jxl": lambda: by_package("jxl"),
    "raw": lambda: by_package("raw"),
}  # fmt: skip


@pytest.mark.parametrize("kind", list(MADE))
def test_damaged_files_are_refused_or_read(kind):
    rng = np.random.default_rng(251)
    whole = MADE[kind]()
    refused = 0
    for number in range(60):
        data = bytearray(whole)
        reach = len(data) if number % 2 else min(len(data), 200)  # half of the damage is in the head
        for at in rng.integers(0, reach, 4):
            data[at] = rng.integers(0, 256)
        try:
            picture = load(bytes(data[: rng.integers(len(data) // 2, len(data) + 1)]), OPTIONS)
            assert picture.pixels.dtype == (np.uint8 if picture.depth == 8 else np.uint16)
            assert int(picture.pixels.max()) < 2**picture.depth
            assert picture.alpha is None or picture.alpha.shape == picture.pixels.shape[:2]
        except InputError:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize(
    "sample, reason",
    [
        (b"-1", "a sample is not a whole number"),
        (b"1_0", "a sample is not a whole number"),
        (b"1.5", "a sample is not a whole number"),
        (b"1001", "a sample is 1001, above white, which is 1000"),
        (5000 * b"9", "damaged"),
        (b"", "it has 3 of 4 samples"),
    ],
)
def test_ppm_of_text_with_other_words_than_samples_is_refused(sample, reason):
    with pytest.raises(InputError, match=reason):
        load(b"P2 2 2 1000\n1 2 3 " + sample)
