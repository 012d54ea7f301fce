"""TIFF is read by its tags, as tifffile reads and writes it."""

import io
import itertools
import struct
import tracemalloc

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.images.files import noise, saved
from tintype.errors import InputError
from tintype.images import Picture, ReadOptions, load

SIZE = (37, 50)
EXTRA = {1: [], 2: ["unassalpha"], 3: [], 4: ["unassalpha"]}


def written(samples, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, samples, **options)
    return file.getvalue()


def channels_of(picture: Picture) -> np.ndarray:
    """(H, W, channels), alpha last."""
    pixels = picture.pixels if picture.pixels.ndim == 3 else picture.pixels[..., None]
    return pixels if picture.alpha is None else np.dstack([pixels, picture.alpha])


@pytest.mark.parametrize("bits, channels", list(itertools.product((8, 16), (1, 2, 3, 4))))
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_of_every_arrangement_is_read_exactly(bits, channels, planar, order):
    samples = noise((*SIZE, channels), bits).astype(f"u{bits // 8}")
    if channels == 1 and planar == "separate":
        pytest.skip("one channel is never apart")
    stored = np.moveaxis(samples, 2, 0) if planar == "separate" else samples
    how = {"photometric": "rgb" if channels > 2 else "minisblack", "byteorder": order, "extrasamples": EXTRA[channels]}
    for compression, predictor, tile in (
        (None, False, None),
        (None, False, (16, 32)),
        ("packbits", False, None),
        ("deflate", False, (32, 16)),
        ("deflate", True, None),
        ("lzw", True, (16, 32)),
    ):
        if compression in ("lzw", "packbits") or predictor:
            pytest.importorskip("imagecodecs")
        options = how | {"compression": compression, "predictor": predictor, "tile": tile, "rowsperstrip": 10}
        options.pop("rowsperstrip" if tile else "tile")
        data = written(
            stored[..., 0] if channels == 1 else stored, **options, **({"planarconfig": planar} if channels > 1 else {})
        )
        picture = load(data)
        assert picture.depth == bits
        assert picture.notes == ()
        np.testing.assert_array_equal(channels_of(picture), samples, err_msg=str(options))
        np.testing.assert_array_equal(tifffile.imread(io.BytesIO(data)), stored[..., 0] if channels == 1 else stored)


@pytest.mark.parametrize("bits", [8, 16])
def test_signed_samples_are_shifted_and_noted(bits):
    samples = noise(SIZE, bits)
    signed = (samples.astype(int) - 2 ** (bits - 1)).astype(f"i{bits // 8}")
    picture = load(written(signed))
    np.testing.assert_array_equal(picture.pixels, samples)
    assert picture.notes == (f"Its samples are signed; 2^{bits - 1} was added to each.",)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("order", ["<", ">"])
def test_white_may_be_zero(bits, order):
    samples = noise(SIZE, bits).astype(f"u{bits // 8}")
    picture = load(written(samples, photometric="miniswhite", byteorder=order))
    np.testing.assert_array_equal(picture.pixels, 2**bits - 1 - samples)


@pytest.mark.parametrize("bits", [8, 16])
def test_associated_alpha_is_divided_out(bits):
    white = 2**bits - 1
    colours, alpha = noise((*SIZE, 3), bits).astype(int), noise(SIZE, bits, seed=1).astype(int)
    stored = np.dstack([(colours * alpha[..., None] + white // 2) // white, alpha]).astype(f"u{bits // 8}")
    picture = load(written(stored, photometric="rgb", extrasamples=["assocalpha"]))
    np.testing.assert_array_equal(picture.alpha, alpha)
    seen = picture.pixels.astype(int) * alpha[..., None] / white
    np.testing.assert_allclose(seen, stored[..., :3], atol=1)  # what a viewer blends is the same


def test_channels_of_no_stated_meaning_are_left_out_with_a_note():
    samples = noise((*SIZE, 4), 16)
    for planar in ("contig", "separate"):
        stored = np.moveaxis(samples, 2, 0) if planar == "separate" else samples
        picture = load(written(stored, photometric="rgb", planarconfig=planar, extrasamples=["unspecified"]))
        np.testing.assert_array_equal(picture.pixels, samples[..., :3])
        assert picture.alpha is None
        assert picture.notes == ("1 channels of no stated meaning were left out.",)


@pytest.mark.parametrize("order", ["<", ">"])
def test_twelve_bits_of_grey_are_read_in_full(order):
    samples = noise((16, 32), 12)
    pairs = samples.reshape(-1, 2).astype(np.uint32)
    packed = (pairs[:, 0] << 12 | pairs[:, 1]).astype(">u4").tobytes()
    body = b"".join(packed[at + 1 : at + 4] for at in range(0, len(packed), 4))
    tags = ((256, 32), (257, 16), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 16), (279, len(body)))
    directory = struct.pack(f"{order}H", len(tags))
    directory += b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags) + bytes(4)
    start = b"II*\0" if order == "<" else b"MM\0*"
    picture = load(start + struct.pack(f"{order}I", 8 + len(body)) + body + directory)
    assert picture.depth == 12
    np.testing.assert_array_equal(picture.pixels, samples)


@pytest.mark.parametrize("kind", [np.int32, np.uint32])
def test_integers_of_32_bits_that_fit_into_16_are_kept(kind):
    samples = noise(SIZE, 16)
    picture = load(written(samples.astype(kind)))
    np.testing.assert_array_equal(picture.pixels, samples)


def test_big_tiff_is_read():
    samples = noise((*SIZE, 3), 16)
    np.testing.assert_array_equal(load(written(samples, photometric="rgb", bigtiff=True)).pixels, samples)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("bits", [8, 16])
def test_orientation_is_applied_once(orientation, bits):
    samples = noise((*SIZE, 3), bits).astype(f"u{bits // 8}")
    turns = {1: 0, 3: 2, 6: -1, 8: 1}
    picture = load(written(samples, photometric="rgb", extratags=[(274, "H", 1, orientation, True)]))
    np.testing.assert_array_equal(picture.pixels, np.rot90(samples, turns[orientation]))


def test_palettes_written_in_eight_bits_are_not_black():
    image = Image.fromarray(noise(SIZE, 8).astype(np.uint8))
    palette = noise((3, 256), 8, seed=2)
    for scale in (1, 256):
        data = written(np.asarray(image), photometric="palette", colormap=palette * np.uint16(scale))
        np.testing.assert_array_equal(load(data).pixels, palette.T[np.asarray(image)])


@pytest.mark.parametrize(
    "samples, options, message",
    [
        (np.zeros((*SIZE, 3), np.float32), {"photometric": "rgb"}, "3 float samples of 32 bits.*16-bit integers"),
        (np.zeros(SIZE, np.float16), {}, "1 float samples of 16 bits"),
        (np.zeros(SIZE, np.float64), {}, "samples are floats"),
        (np.full(SIZE, 70000, np.uint32), {}, "integers of 32 bits"),
        (np.full(SIZE, -1, np.int32), {}, "integers of 32 bits"),
        (np.zeros((*SIZE, 3), np.uint32), {"photometric": "rgb"}, r"samples of \(32, 32, 32\) bits cannot be read"),
        (np.zeros(SIZE, np.complex64), {}, "SampleFormat 6"),
        (np.zeros((*SIZE, 4), np.uint16), {"photometric": "separated"}, "samples are CMYK"),
        (np.zeros((*SIZE, 3), np.uint8), {"photometric": "cielab"}, "samples are Lab"),
        (np.zeros((*SIZE, 3), np.uint8), {"photometric": "ycbcr"}, "samples are YCbCr"),
        (np.zeros((*SIZE, 6), np.uint16), {"photometric": "rgb", "extrasamples": [0, 0, 0]}, "6 samples of 16 bits"),
    ],
)
def test_other_samples_are_refused_by_name(samples, options, message):
    with pytest.raises(InputError, match=message):
        load(written(samples, **options))


@pytest.mark.parametrize("photometric", ["separated", "cielab", "ycbcr"])
def test_other_models_convert_on_demand(photometric):
    shape = (*SIZE, 4 if photometric == "separated" else 3)
    data = written(np.full(shape, 128, np.uint8), photometric=photometric)
    picture = load(data, ReadOptions(convert=True))
    assert picture.pixels.shape == (*SIZE, 3)
    assert "converted to" in picture.notes[0]


def test_jpeg_inside_tiff_is_read_as_jpeg():
    image = Image.fromarray(noise((*SIZE, 3), 8).astype(np.uint8))
    data = saved(image, "TIFF", compression="jpeg", quality=95)
    np.testing.assert_array_equal(load(data).pixels, np.asarray(Image.open(io.BytesIO(data))))


def chained(count: int, entries: bytes, values: int = 0) -> bytes:
    """A file of so many directories, one behind the other, each with these entries; then zeros."""
    size = 2 + len(entries) + 4
    offsets = [*(8 + size * number for number in range(1, count)), 0]
    directories = (struct.pack("<H", len(entries) // 12) + entries + struct.pack("<I", offset) for offset in offsets)
    return b"II*\0" + struct.pack("<I", 8) + b"".join(directories) + bytes(values)


@pytest.mark.parametrize(
    "data",
    [chained(20_000, b""), chained(100, struct.pack("<HHII", 0x8773, 7, 2**20, 0), 2**20)],
    ids=["too many", "the same megabyte in each"],
)
def test_directories_without_end_are_refused_before_they_take_memory(data):
    tracemalloc.start()
    with pytest.raises(InputError, match="more than 16384 pages, or values"):
        load(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**27


def test_directories_in_a_circle_end():
    data = bytearray(written(noise(SIZE, 8).astype(np.uint8)))
    start = int.from_bytes(data[4:8], "little")
    following = start + 2 + 12 * int.from_bytes(data[start : start + 2], "little")
    data[following : following + 4] = data[4:8]
    assert load(bytes(data)).pixels.shape == SIZE
