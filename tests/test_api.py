"""The library's calls on real weights: round trips, hostile bytes, threads, forks, and what the guide shows."""

import dataclasses
import io
import logging
import os
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

import tintype
import tintype.plugins.pillow
from tests.codec.graphics.drawings import page
from tests.pictures import deep_picture, picture
from tintype.codec.container.file import Chunk, parse, write
from tintype.codec.entropy import rans, reference
from tintype.errors import (
    CorruptError,
    FormatError,
    InputError,
    LimitError,
    TintypeError,
    TruncatedError,
    UnsupportedError,
    WeightsError,
)
from tintype.images import Picture, ReadOptions, load
from tintype.limits import Limits
from tintype.weights import store

ROOT = Path(__file__).parents[1]
SIZES = [(1, 1), (1, 2000), (7, 9), (504, 504), (505, 1009)]  # width, height
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def error_of(image: Image.Image, pixels: NDArray[np.uint8]) -> float:
    """Mean absolute difference, 0 to 255."""
    return float(np.abs(np.asarray(image, np.float32) - pixels).mean())


# Round trips


@pytest.mark.parametrize("size", SIZES)
def test_size_and_bytes_are_the_same_for_any_threads_repetition_and_coder(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    width, height = size
    pixels = picture(height, width)
    one, two = tintype.Codec(threads=1), tintype.Codec(threads=2)
    data = one.encode(pixels)
    image = one.decode(data)
    assert (image.size, image.mode) == (size, "RGB")
    assert error_of(image, pixels) < 20
    assert data == one.encode(pixels) == two.encode(pixels)
    assert image.tobytes() == one.decode(data).tobytes() == two.decode(data).tobytes()

    monkeypatch.setattr(rans, "_default", lambda: reference)
    assert data == one.encode(pixels)
    assert image.tobytes() == two.decode(data).tobytes()


def test_a_photo_of_12_megapixels_comes_back_from_its_tiles() -> None:
    pixels = np.tile(picture(1512, 1344), (2, 3, 1))
    data = tintype.encode(pixels, threads=2)
    assert tintype.info(data).tiles == 48
    image = tintype.decode(data, threads=2)
    assert image.size == (4032, 3024)
    assert error_of(image, pixels) < 20
    assert image.tobytes() == tintype.decode(data, threads=1).tobytes()


def test_paths_images_and_arrays_give_the_same_file(tmp_path: Path) -> None:
    pixels = picture(30, 40)
    image = Image.fromarray(pixels)
    image.save(tmp_path / "a.png")
    expected = tintype.encode(pixels)
    for source in (image, tmp_path / "a.png", str(tmp_path / "a.png")):
        assert tintype.encode(source) == expected
    (tmp_path / "a.tint").write_bytes(expected)
    assert tintype.open(tmp_path / "a.tint").tobytes() == tintype.decode(expected).tobytes()


def test_bytes_and_open_files_go_in_and_come_out(tmp_path: Path) -> None:
    pixels = picture(30, 40)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    content, expected = (tmp_path / "a.png").read_bytes(), tintype.encode(pixels)
    for source in (content, bytearray(content), memoryview(content), io.BytesIO(content)):
        assert tintype.encode(source) == expected
    with open(tmp_path / "a.png", "rb") as file:
        assert tintype.encode(file) == expected

    (tmp_path / "a.tint").write_bytes(expected)
    decoded = tintype.decode(expected).tobytes()
    for data in (bytearray(expected), memoryview(expected), io.BytesIO(expected), tmp_path / "a.tint"):
        assert tintype.info(data if not isinstance(data, io.BytesIO) else expected).size_bytes == len(expected)
        assert tintype.decode(data).tobytes() == decoded
    with open(tmp_path / "a.tint", "rb") as file:
        assert tintype.decode(file).tobytes() == decoded
    (tmp_path / "b.tint").write_text("text")
    with open(tmp_path / "b.tint") as text, pytest.raises(InputError, match=r"b.tint was opened as text"):
        tintype.decode(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("type", [np.uint8, np.uint16])
def test_arrays_of_8_and_16_bits_come_back_in_their_depth_with_alpha(type: type) -> None:
    codec, rgb = tintype.Codec(threads=1), picture(30, 40).astype(type) * (np.iinfo(type).max // 255)
    alpha = rgb[..., :1] // 2
    found = codec.decode_picture(codec.encode(np.concatenate([rgb, alpha], 2)))
    assert (found.pixels.shape, found.pixels.dtype, found.depth) == (rgb.shape, type, np.iinfo(type).bits)
    np.testing.assert_array_equal(found.alpha, alpha[..., 0])
    opaque = np.full_like(alpha, np.iinfo(type).max)
    assert codec.encode(np.concatenate([rgb, opaque], 2)) == codec.encode(rgb)


def test_reading_options_reach_the_reader_and_the_limit_is_the_codecs() -> None:
    film, frames = io.BytesIO(), [Image.fromarray(picture(16, 16, seed)).convert("L") for seed in range(2)]
    frames[0].save(film, "TIFF", save_all=True, append_images=frames[1:])
    second = tintype.Codec().encode(film.getvalue(), read=ReadOptions(frame=1))
    assert second == tintype.encode(frames[1])
    with pytest.raises(InputError, match="above the limit of 255"):
        tintype.Codec(max_pixels=255).encode(film.getvalue(), read=ReadOptions(frame=1, max_pixels=2**20))

    clear = np.zeros((8, 8, 4), np.uint8)
    white = tintype.Codec().encode(Image.fromarray(clear), read=ReadOptions(background="white"))
    assert white == tintype.encode(np.full((8, 8, 3), 255, np.uint8))


def test_metadata_are_left_out_on_demand() -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    exif.get_ifd(0x8825)[1] = "N"
    image = Image.fromarray(picture(8, 8))
    image.info |= {"icc_profile": ICC, "exif": exif.tobytes(), "xmp": b"<x:xmpmeta/>"}
    codec = tintype.Codec()
    assert [kind for kind, _ in tintype.info(codec.encode(image, strip="all")).chunks] == ["ICC"]
    kept = codec.decode(codec.encode(image, strip="gps")).getexif()
    assert kept[0x010F] == "maker" and not kept.get_ifd(0x8825)


def test_what_is_converted_or_lost_is_logged_and_by_default_not_printed(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    deep = tintype.encode(picture(8, 8).astype(np.uint16) * 200)
    assert not caplog.messages
    tintype.decode(deep)
    assert caplog.record_tuples == [
        (
            "tintype",
            logging.WARNING,
            "the picture: 16 bits per sample became 8, for Pillow has no more; decode_picture keeps them",
        )
    ]
    caplog.clear()
    Image.new("CMYK", (8, 8)).save(tmp_path / "a.jpg")
    tintype.Codec().encode(tmp_path / "a.jpg", read=ReadOptions(convert=True))
    assert any("CMYK" in message and message.startswith(f"{tmp_path}/a.jpg: ") for message in caplog.messages)

    script = "import numpy, tintype; tintype.decode(tintype.encode(numpy.full((8, 8, 3), 700, numpy.uint16)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, cwd=ROOT, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_decode_to_writes_a_picture_and_names_what_it_cannot_hold(tmp_path: Path) -> None:
    pixels = picture(30, 40).astype(np.uint16) * 257 - 9
    data = tintype.encode(pixels)
    codec = tintype.Codec()
    assert codec.decode_to(data, tmp_path / "a.png") == ()
    np.testing.assert_array_equal(load(tmp_path / "a.png").pixels, codec.decode_picture(data).pixels)
    (lost,) = codec.decode_to(data, tmp_path / "a.jpg", quality=50)
    assert "16 bits per sample became 8" in lost
    file = io.BytesIO()
    codec.decode_to(data, file, suffix=".jpg", quality=50)
    assert file.getvalue() == (tmp_path / "a.jpg").read_bytes()
    for target, options in (("a.doc", {}), ("a.bmp", {"quality": 50})):
        with pytest.raises(InputError):
            codec.decode_to(data, tmp_path / target, **options)
        assert not (tmp_path / target).exists()


def test_a_codec_says_what_it_is_and_frees_its_models_after_a_with_block() -> None:
    codec = tintype.Codec(threads=2)
    others = f"look='faithful', threads=2, tile=None, options=None, limits={Limits()}"
    assert repr(codec) == f"Codec(model='{store.DEFAULT}', {others})"
    with codec as same:
        assert same is codec
        model = codec.load()
        data = codec.encode(picture(8, 8))
    assert codec.load() is not model
    assert codec.encode(picture(8, 8)) == data


def test_grey_pictures_stay_grey() -> None:
    pixels = picture(65, 33)[:, :, 1]
    data = tintype.encode(pixels)
    image = tintype.decode(data)
    assert (image.mode, image.size, tintype.info(data).grey) == ("L", (33, 65), True)
    assert error_of(image, pixels) < 20


def test_colour_profile_exif_and_xmp_come_back() -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    image = Image.fromarray(picture(8, 8))
    image.info |= {"icc_profile": ICC, "exif": exif.tobytes(), "xmp": b"<x:xmpmeta/>"}
    back = tintype.decode(tintype.encode(image))
    assert back.info["icc_profile"] == ICC
    assert back.getexif()[0x010F] == "maker"
    assert back.info["xmp"] == b"<x:xmpmeta/>"


@pytest.mark.parametrize(("chunk", "name"), [(4, "EXIF"), (6, "XMP"), (16, "IPTC")])
def test_metadata_that_no_reader_could_use_are_left_out_and_named(
    chunk: int, name: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    container = parse(tintype.Codec().encode(picture(8, 8), content="photo"))
    data = write(dataclasses.replace(container, chunks=(Chunk(chunk, b"\xff\xfejunk\xed\xa0\x80"),)))
    sentence = f"Its {name} is damaged and was left out."
    image = tintype.decode(data)
    assert not image.getexif() and not {"xmp", "photoshop"} & set(image.info)
    assert caplog.messages == [f"the picture: {sentence}"]
    for suffix in ("png", "jpg", "tif", "avif"):
        assert sentence in tintype.Codec().decode_to(data, tmp_path / f"a.{suffix}")
        assert load(tmp_path / f"a.{suffix}").notes == ()
    (tmp_path / "a.tint").write_bytes(data)
    with Image.open(tmp_path / "a.tint") as opened:
        assert not opened.getexif()


def test_info_tells_the_size_the_model_and_the_chunks() -> None:
    image = Image.fromarray(picture(1030, 1030))
    image.info["icc_profile"] = ICC
    data = tintype.encode(image, quality=0)
    about = tintype.info(data)
    assert (about.width, about.height, about.grey, about.level, about.tiles) == (1030, 1030, False, 0, 4)
    assert (about.size_bytes, about.bpp) == (len(data), 8 * len(data) / 1030**2)
    assert about.chunks == (("ICC", len(ICC)),)
    assert about.decodable


def test_salvage_gives_the_sound_tiles_and_logs_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    codec, pixels = tintype.Codec(tile=64), np.dstack([picture(150, 200), picture(150, 200)[..., 0]])
    image = Image.fromarray(pixels)
    image.info |= {"icc_profile": ICC, "xmp": b"<x:xmpmeta/>"}
    data = codec.encode(image, 0)
    container = parse(data)
    tiles = container.header.tile_count
    assert codec.decode_picture(data, salvage=True).notes == ()
    assert not caplog.messages

    damaged = bytearray(data)
    for chunk in container.chunks[:2]:  # the transparency, the profile
        damaged[data.index(chunk.data[:40])] ^= 1
    (tmp_path / "a.tint").write_bytes(damaged[:-9])  # cut in the last tile
    for decode in (codec.decode, codec.decode_picture, lambda *_, **o: codec.decode_to(*_, tmp_path / "b.png", **o)):
        caplog.clear()
        decode(tmp_path / "a.tint", salvage=True)
        tile, chunks = caplog.messages
        assert tile.startswith(f"{tmp_path}/a.tint: Tile {tiles - 1} is grey, 72 x 86 pixels from column 128, row 64: ")
        assert chunks == f"{tmp_path}/a.tint: Damaged or missing, and left out: ALPHA, ICC."
    found = codec.decode_picture(tmp_path / "a.tint", salvage=True)
    assert (found.alpha, found.icc, found.xmp) == (None, None, b"<x:xmpmeta/>")
    np.testing.assert_array_equal(found.pixels[:60], codec.decode_picture(data).pixels[:60])

    with pytest.raises(TruncatedError, match="tile 0 ends at byte"):
        codec.decode(data[: len(data) - sum(len(payload) + 4 for payload in container.payloads)], salvage=True)


def test_salvage_counts_damaged_tiles_beyond_the_first() -> None:
    data = bytearray(tintype.Codec(tile=64).encode(picture(300, 300), 0))
    container = parse(data)
    for payload in container.payloads[1:]:
        data[bytes(data).index(payload)] ^= 1
    notes = tintype.Codec().decode_picture(data, salvage=True).notes
    tiles = container.header.tile_count
    assert len(notes) == 11 and notes[-1] == f"{tiles - 11} more of {tiles} tiles are grey."


def test_salvage_leaves_out_a_transparency_that_its_checksum_does_not_betray() -> None:
    pixels = np.dstack([picture(8, 8), picture(8, 8)[..., 0]])
    container = parse(tintype.Codec().encode(pixels, content="photo"))
    broken = write(dataclasses.replace(container, chunks=(Chunk(1, b"nonsense"),)))
    with pytest.raises(CorruptError, match="transparency"):
        tintype.decode(broken)
    found = tintype.Codec().decode_picture(broken, salvage=True)
    assert found.alpha is None and "The transparency was left out: " in found.notes[0]


# Regions


def test_a_region_is_a_crop_of_all_that_a_picture_has(tmp_path: Path) -> None:
    codec, deep = tintype.Codec(tile=64), deep_picture(200, 260, 16)
    original = Picture(deep, depth=16, alpha=deep[..., 0], icc=ICC)
    (tmp_path / "a.tint").write_bytes(codec.encode(original))
    whole = codec.decode_picture(tmp_path / "a.tint")
    assert whole.alpha is not None
    region, part = (70, 30, 140, 99), (slice(30, 129), slice(70, 210))
    for source in (tmp_path / "a.tint", (tmp_path / "a.tint").read_bytes()):
        found = codec.decode_picture(source, region=region)
        assert np.array_equal(found.pixels, whole.pixels[part])
        assert found.alpha is not None and np.array_equal(found.alpha, whole.alpha[part])
        assert (found.depth, found.icc) == (16, ICC)
    image = codec.decode(tmp_path / "a.tint", region=region)
    assert image.tobytes() == codec.decode(tmp_path / "a.tint").crop((70, 30, 210, 129)).tobytes()
    codec.decode_to(tmp_path / "a.tint", tmp_path / "b.png", region=region)
    saved = load(tmp_path / "b.png")
    assert np.array_equal(saved.pixels, whole.pixels[part])
    with pytest.raises(InputError, match=r"the region 200,0,61,1 .* is not inside the picture of 260 x 200"):
        codec.decode(tmp_path / "a.tint", region=(200, 0, 61, 1))


def test_an_open_file_is_read_from_where_it_is() -> None:
    codec = tintype.Codec(tile=64)
    data = codec.encode(picture(150, 150))
    whole = np.asarray(codec.decode(data))
    file = io.BytesIO(b"before" + data)
    file.seek(6)
    assert np.array_equal(np.asarray(codec.decode(file)), whole)
    file.seek(6)
    assert np.array_equal(np.asarray(codec.decode(file, region=(30, 20, 20, 30))), whole[20:50, 30:50])


def test_a_region_counts_for_the_limits_not_the_picture() -> None:
    pixels = picture(300, 300)
    data = tintype.Codec(tile=64).encode(pixels)
    small = tintype.Codec(limits=tintype.Limits(max_pixels=10_000, max_network_pixels=128**2))
    assert small.decode(data, region=(5, 5, 40, 40)).size == (40, 40)
    with pytest.raises(LimitError, match="max_pixels"):
        small.decode(data, region=(0, 0, 101, 100))
    with pytest.raises(LimitError, match="max_network_pixels"):
        small.decode(data, region=(60, 60, 10, 10))  # of four tiles
    transparent = tintype.Codec(tile=64).encode(np.dstack([pixels, pixels[..., 0]]))
    with pytest.raises(LimitError, match="max_pixels"):  # its transparency is decoded as a whole
        small.decode(transparent, region=(5, 5, 40, 40))


def test_progress_counts_tiles_and_may_end_the_work() -> None:
    class StopHereError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 2:
            raise StopHereError

    seen: list[tuple[int, int]] = []
    codec = tintype.Codec(threads=2)
    data = codec.encode(picture(1030, 1030), 0, lambda done, total: seen.append((done, total)))
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    for work in (lambda: codec.encode(picture(1030, 1030), 0, stop), lambda: codec.decode(data, stop)):
        seen.clear()
        with pytest.raises(StopHereError):
            work()
        assert seen == [(0, 4), (1, 4), (2, 4)]


def test_quality_rises_with_bytes_and_fidelity() -> None:
    pixels = picture(128, 192)
    files = [tintype.encode(pixels, quality=quality) for quality in (0, 25, 50, 75, 100)]
    sizes = [len(data) for data in files]
    errors = [error_of(tintype.decode(data), pixels) for data in files]
    assert sizes == sorted(sizes) and len(set(sizes)) == 5
    assert errors == sorted(errors, reverse=True)


# Refusals


@pytest.mark.parametrize("quality", [-1, 100.5, float("nan")])
def test_a_quality_outside_0_to_100_is_refused(quality: float) -> None:
    with pytest.raises(InputError, match="0 to 100 are possible"):
        tintype.encode(picture(8, 8), quality=quality)


def test_threads_models_and_pictures_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    for option, least in (("threads", 1), ("max_pixels", 1), ("tile", 64)):
        with pytest.raises(InputError, match=f"{option}={least - 1}: at least {least}"):
            tintype.Codec(**{option: least - 1})
    with pytest.raises(WeightsError, match="no model named 'pico-xxl'"):
        tintype.encode(picture(8, 8), model="pico-xxl")
    with pytest.raises(WeightsError, match="no such weights file"):
        tintype.encode(picture(8, 8), model=str(tmp_path / "none.tintmodel"))
    with pytest.raises(InputError, match="CMYK"):
        tintype.encode(Image.new("CMYK", (8, 8)))
    with pytest.raises(InputError, match="not a picture"):
        tintype.encode(str(tmp_path / "none.png").encode())  # bytes are content, never a name
    with pytest.raises(FileNotFoundError):
        tintype.encode(tmp_path / "none.png")
    with pytest.raises(AttributeError, match="no attribute 'shrink'"):
        tintype.shrink  # type: ignore[attr-defined] # noqa: B018


# Hostile bytes


@pytest.fixture(scope="module")
def small() -> bytes:
    """A real file, small enough to change each of its bytes."""
    return tintype.encode(picture(16, 16), quality=5)


def test_every_change_of_a_byte_is_an_error(small: bytes) -> None:
    for position, byte in enumerate(small):
        for other in {byte ^ 1, byte ^ 0x80, byte ^ 0xFF, (byte + 1) % 256, 0} - {byte}:
            with pytest.raises(FormatError):
                tintype.decode(small[:position] + bytes([other]) + small[position + 1 :])


def test_truncated_and_spliced_files_are_errors(small: bytes) -> None:
    other = tintype.encode(picture(17, 16, seed=3), quality=40)
    chance = random.Random(251)
    files = (small, other)
    for _ in range(2000):
        first, second = chance.choice(files), chance.choice(files)
        cut, joint = chance.randrange(len(first)), chance.randrange(len(second) + 1)
        data = first[:cut] + second[joint:] if chance.random() < 0.7 else first[:cut]
        if data in files:
            continue
        with pytest.raises(TintypeError) as caught:
            tintype.decode(data)
        assert isinstance(caught.value, FormatError) or data[4] > 1


def test_any_payload_behind_valid_checksums_is_a_picture_or_an_error(small: bytes) -> None:
    container = parse(small)
    (payload,) = container.payloads
    chance = random.Random(251)
    errors = 0
    for _ in range(300):
        hostile = bytearray(payload)
        for _ in range(chance.randint(1, 4)):
            hostile[chance.randrange(len(hostile))] = chance.randrange(256)
        if chance.random() < 0.3:
            hostile = hostile[: chance.randrange(len(hostile))] + chance.randbytes(chance.randrange(99))
        try:
            image = tintype.decode(write(dataclasses.replace(container, payloads=(bytes(hostile),))), threads=1)
        except FormatError:
            errors += 1
        else:
            assert image.size == (16, 16)
    assert errors > 200


def test_unknown_weights_are_named(small: bytes) -> None:
    container = parse(small)
    header = dataclasses.replace(container.header, weights_hash=b"stranger")
    data = write(dataclasses.replace(container, header=header))
    assert not tintype.info(data).decodable
    with pytest.raises(UnsupportedError, match=f"for the network pico-s with weights {b'stranger'.hex()}"):
        tintype.decode(data)


# Threads and forks


def test_a_codec_is_shared_between_threads() -> None:
    codec = tintype.Codec(threads=2)
    pictures = [picture(40 + 8 * seed, 90, seed) for seed in range(6)]
    expected = [codec.encode(pixels) for pixels in pictures]
    start = threading.Barrier(3)

    def work(number: int) -> tuple[list[bytes], list[bytes]]:
        start.wait(timeout=60)
        order = pictures[number:] + pictures[:number]
        files = [codec.encode(pixels) for pixels in order]
        return files, [codec.decode(data).tobytes() for data in files]

    with ThreadPoolExecutor(3) as pool:
        for number, (files, decoded) in enumerate(pool.map(work, range(3))):
            assert files == expected[number:] + expected[:number]
            assert decoded == [codec.decode(data).tobytes() for data in files]


FORK = """
import os, signal, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of the very thing that is tested
import tintype
from tests.codec.graphics.drawings import page
from tests.pictures import deep_picture, picture
from tintype.models import load

codec = tintype.Codec(threads=2)
pixels = picture(70, 80)
data = codec.encode(pixels)
decoded = codec.decode(data).tobytes()
model = load.model(codec.model)

def child_agrees():
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a deadlock ends here
        same = codec.encode(pixels) == data and codec.decode(data).tobytes() == decoded
        os._exit(0 if same and load.model(codec.model) is not model else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 and load.model(codec.model) is model
"""


def run_forking(script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK + script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(ROOT)]))},
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_makes_its_own_sessions_and_the_same_bytes() -> None:
    run_forking("sys.exit(not child_agrees())")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_while_another_thread_encodes_makes_the_same_bytes() -> None:
    run_forking("""
done = threading.Event()
def busy():
    while not done.is_set():
        codec.encode(pixels)
thread = threading.Thread(target=busy)
thread.start()
agree = [child_agrees() for _ in range(3)]
done.set()
thread.join()
sys.exit(not all(agree))
""")


# The face of the package


def test_the_package_shows_its_calls_before_they_are_loaded() -> None:
    script = "import sys, tintype; assert set(tintype.__all__) <= set(dir(tintype)); assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
    assert issubclass(tintype.errors.InputError, tintype.errors.TintypeError)


def test_the_guide_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(picture(40, 56)).save("photo.jpg")
    blocks: list[str] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "library.md").read_text(), re.DOTALL)
    assert len(blocks) >= 4
    run: Callable[..., None] = exec
    scope: dict[str, object] = {"__name__": "__guide__"}
    for block in blocks:
        run(compile(block, "library.md", "exec"), scope)


def test_pictures_above_the_pixel_limit_are_refused_both_ways(small: bytes) -> None:
    codec = tintype.Codec(max_pixels=255)
    with pytest.raises(LimitError, match="256 pixels, above the limit of 255"):
        codec.decode(small)
    with pytest.raises(LimitError, match="max_pixels"):
        codec.encode(picture(16, 16))


def test_a_tune_chooses_the_weights_that_encode_and_any_codec_decodes_them() -> None:
    pixels = picture(96, 128)
    eyes = tintype.Codec(tune="eyes").encode(pixels)
    assert tintype.info(eyes).model == store.TUNES["eyes"]
    assert tintype.info(tintype.Codec(tune="psnr").encode(pixels)).model == store.TUNES["psnr"] != store.DEFAULT
    assert tintype.Codec().decode(eyes).size == (128, 96)


def test_a_tune_that_is_unknown_or_beside_a_model_is_refused() -> None:
    with pytest.raises(InputError, match="possible are eyes, psnr"):
        tintype.Codec(tune="vmaf")
    with pytest.raises(InputError, match="either it or a model"):
        tintype.Codec("pico-s-psnr", tune="eyes")


@pytest.mark.parametrize("depth", [8, 10, 16])
@pytest.mark.parametrize("grey", [False, True])
def test_lossless_files_give_back_every_sample_and_hidden_colours(depth: int, grey: bool) -> None:
    pixels = deep_picture(70, 90, depth)
    alpha = deep_picture(70, 90, depth, seed=1)[..., 0]
    alpha[:30] = 0
    source = Picture(pixels[..., 0] if grey else pixels, depth=depth, alpha=alpha)
    codec = tintype.Codec()
    data = codec.encode(source, lossless=True)
    found = codec.decode_picture(data)
    np.testing.assert_array_equal(found.pixels, source.pixels)
    np.testing.assert_array_equal(found.alpha, alpha)
    assert found.depth == depth and tintype.info(data).exact == 1
    assert codec.encode(source, 100) == data


def test_lossless_files_of_several_tiles_are_exact() -> None:
    pixels = picture(300, 1600)
    codec = tintype.Codec(tile=400)
    data = codec.encode(pixels, lossless=True)
    assert tintype.info(data).tiles == 4
    np.testing.assert_array_equal(np.asarray(codec.decode(data)), pixels)


def test_lossless_excludes_another_quality() -> None:
    with pytest.raises(InputError, match="lossless has no quality"):
        tintype.Codec().encode(picture(8, 8), 50, lossless=True)


def test_a_large_screen_is_cut_into_larger_tiles_than_a_photograph() -> None:
    drawing = np.tile(page(160, 240), (7, 5, 1))
    assert drawing.shape[0] * drawing.shape[1] > 2**20
    codec = tintype.Codec()
    screen, photo = (tintype.info(codec.encode(drawing, 0, content=content)) for content in ("auto", "photo"))
    assert (screen.tiles, screen.graphics) == (1, 1)
    assert (photo.tiles, photo.graphics) == (4, 0)


def test_flat_pictures_stay_flat_to_their_corners() -> None:
    for colour in (255, 0, (0, 0, 255)):
        pixels = np.full((200, 170, 3), colour, np.uint8)
        for quality in (0, 75):
            data = tintype.encode(pixels, quality)
            assert len(data) < 150
            np.testing.assert_array_equal(np.asarray(tintype.decode(data)), pixels)
