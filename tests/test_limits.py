"""What files ask for is known beforehand, and bounded: pixels, work, memory, time."""

import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import tintype
from tests.hostile import asking, claiming
from tests.pictures import picture
from tests.toy import ToyModel
from tintype import limits
from tintype.api import Codec
from tintype.codec import decoder
from tintype.codec.container.alpha import write_alpha
from tintype.codec.container.file import Chunk, ChunkType, parse
from tintype.codec.container.header import Samples
from tintype.codec.encoder import Encoder
from tintype.codec.tiling import WHOLE_PICTURE, Tiling
from tintype.errors import DeadlineError, InputError, LimitError
from tintype.limits import Deadline, Limits
from tintype.pixels import Pixels

DEEP = Samples(16, primaries=9, transfer=16)
CLEAR = Chunk(ChunkType.ALPHA, write_alpha(np.full((1500, 1500), 128, np.uint8)))


# The values


@pytest.mark.parametrize("name", limits.PARSERS)
def test_a_limit_comes_from_the_environment_where_the_caller_gives_none(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"TINTYPE_{name.upper()}", "77")
    assert getattr(Codec().limits, name) == 77
    assert Codec(limits=Limits()).limits == Limits()
    assert Codec(max_pixels=5).limits.max_pixels == 5
    monkeypatch.setenv(f"TINTYPE_{name.upper()}", "many")
    with pytest.raises(InputError, match=rf"TINTYPE_{name.upper()}=many: not a"):
        Codec()


@pytest.mark.parametrize("name", limits.PARSERS)
def test_a_limit_outside_its_range_is_refused(name: str) -> None:
    for value in (-1, float("nan")):
        with pytest.raises(InputError, match=rf"{name}={value}: at least"):
            Limits(**{name: value})


def test_memory_may_be_written_with_a_unit() -> None:
    assert [limits.size(text) for text in ("7", "3K", "2m", "1G")] == [7, 3072, 2**21, 2**30]
    for text in ("", "K", "1.5G", "-1", "1T"):
        with pytest.raises(ValueError, match="512M"):
            limits.size(text)


# Work, from the header alone


@pytest.mark.parametrize(
    "header, asked, message",
    [
        # cores of 64 with margins of 16, which the network sees as 128 x 128: four times the pixels
        ((2048, 4096, Tiling(64, 16)), Limits(max_pixels=2**23), "33554432 pixels in tiles .*network"),
        ((65535, 1, WHOLE_PICTURE), Limits(max_tile_pixels=2**22 - 1), "a tile of 4194304 .*max_tile"),
        ((65535, 1, WHOLE_PICTURE), Limits(max_network_pixels=2**22 - 1), "4194304 pixels in tiles"),
        ((4096, 4096, WHOLE_PICTURE), Limits(max_pixels=2**24 - 1), "16777216 pixels, above .*max_pixels"),
    ],
)
def test_a_file_that_asks_for_too_much_work_is_refused_before_weights_are_read(
    header: tuple[int, int, Tiling], asked: Limits, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = claiming(*header)
    monkeypatch.setattr(Codec, "_model_for", lambda *_: pytest.fail("weights were read"))
    with pytest.raises(LimitError, match=message):
        Codec(limits=asked).decode(data)


def test_kilobytes_that_ask_for_more_than_a_gigabyte_are_refused() -> None:
    plane = BytesIO()
    Image.new("L", (6240, 6400), 128).save(plane, "PNG")
    data = claiming(6240, 6400, Tiling(64, 0), DEEP, [Chunk(ChunkType.ALPHA, plane.getvalue())])
    assert len(data) < 110_000
    asked = Limits(max_pixels=40_000_000, max_memory=10**9)
    with pytest.raises(LimitError, match=r"about 10\d{8} bytes of memory, above the limit of 1000000000"):
        Codec(limits=asked).decode(data)


def test_margins_above_a_quarter_of_the_core_do_not_exist() -> None:
    with pytest.raises(InputError, match="tile margin 17 is not in 0 to 16"):
        claiming(2048, 2048, Tiling(64, 17))


def test_a_picture_that_asks_for_too_much_work_is_not_encoded() -> None:
    pixels = picture(200, 200)
    for asked, message in (
        (Limits(max_network_pixels=65535), "the picture: 65536 pixels in tiles"),
        (Limits(max_tile_pixels=65535), "a tile of 65536 pixels"),
        (Limits(max_memory=2**20), "about .* bytes of memory, above the limit of 1048576; .*max_memory"),
    ):
        with pytest.raises(LimitError, match=message):
            Codec(limits=asked).encode(pixels)


def test_a_thin_picture_is_within_the_limits_of_its_pixels() -> None:
    pixels = np.tile(picture(1, 1000), (1, 20, 1))
    codec = Codec(threads=2, limits=Limits(max_pixels=20000, max_tile_pixels=2**19, max_memory=2**27))
    assert codec.decode(codec.encode(pixels, 0)).size == (20000, 1)


# Memory

WORKS: dict[str, Callable[[Codec, bytes], object]] = {
    "decode": lambda codec, data: codec.decode(data),
    "decode_to": lambda codec, data: codec.decode_to(data, BytesIO(), suffix=".png"),
    "encode": lambda codec, data: codec.encode(data),
}


def measure(work: str, path: str, threads: int) -> None:
    """Print the least memory that a work on a file is allowed with, and what it takes within `threads` times as much.

    In a process of its own, so that nothing else has raised the peak.
    """
    data, codec = Path(path).read_bytes(), Codec()
    codec.decode(codec.encode(picture(64, 64)))  # what stays loaded
    with pytest.raises(LimitError) as refusal:
        WORKS[work](Codec(limits=Limits(max_memory=2**25)), data)
    needed = int(next(word for word in str(refusal.value).split() if word.isdecimal()))
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    WORKS[work](Codec(threads=threads, limits=Limits(max_memory=threads * needed)), data)
    print(threads * needed, resident("VmHWM") - before)


def resident(field: str) -> int:
    """VmRSS: bytes of this process in memory. VmHWM: the most there have been."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))


def photo_png(side: int) -> bytes:
    file = BytesIO()
    Image.fromarray(np.tile(picture(256, 256), (side // 256, side // 256, 1))).save(file, "PNG", compress_level=1)
    return file.getvalue()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux to measure the peak")
@pytest.mark.parametrize(
    "make, work, threads",
    [
        pytest.param(lambda: asking(1500, 1500, Tiling(64, 16), DEEP), "decode_to", 1, id="deep"),
        pytest.param(lambda: asking(1400, 1400, WHOLE_PICTURE), "decode", 1, id="one tile"),
        pytest.param(lambda: asking(1600, 1400, Tiling(700, 175)), "decode", 2, id="wide margins, two threads"),
        pytest.param(lambda: asking(1500, 1500, Tiling(504, 4), chunks=[CLEAR]), "decode_to", 1, id="alpha"),
        pytest.param(lambda: photo_png(1280), "encode", 1, id="encode"),
    ],
)
def test_a_picture_takes_about_the_memory_that_its_header_lets_expect(
    make: Callable[[], bytes], work: str, threads: int, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(make())
    code = f"from tests.test_limits import measure; measure({work!r}, {str(tmp_path / 'file')!r}, {threads})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    allowed, taken = map(int, done.stdout.split())
    assert taken <= 1.2 * allowed


def test_memory_decides_how_many_tiles_are_worked_on_at_once() -> None:
    asked = Limits(max_memory=1000)
    assert [asked.tiles_at_once("a", 8, 300, each) for each in (700, 351, 350, 87, 1)] == [1, 1, 2, 8, 8]
    with pytest.raises(LimitError, match="a: about 1001 bytes of memory, above the limit of 1000"):
        asked.tiles_at_once("a", 8, 300, 701)


def test_without_a_limit_of_memory_what_is_free_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: 1000)
    assert Limits().tiles_at_once("a", 8, 300, 350) == 2
    with pytest.raises(LimitError, match="about 1001 bytes of memory, but 1000 are free"):
        Limits().tiles_at_once("a", 8, 300, 701)
    assert Limits(max_memory=2000).tiles_at_once("a", 8, 300, 701) == 2
    monkeypatch.setattr(limits, "free_memory", lambda: None)
    assert Limits().tiles_at_once("a", 8, 300, 2**60) == 8


def test_a_file_longer_than_the_memory_is_refused_before_it_is_read() -> None:
    class Endless:
        def read(self, count: int) -> bytes:
            return bytes(min(count, 2**20))

    codec = Codec(limits=Limits(max_memory=2**16))
    with pytest.raises(LimitError, match=r"more than 65536 bytes; .*max_memory"):
        codec.decode(Endless())  # type: ignore[arg-type]
    with pytest.raises(LimitError, match="reading it takes more than 65536 bytes of memory"):
        codec.encode(picture(128, 128))


# Time


class _Clock(ToyModel):
    """A model whose synthesis takes ten seconds of a clock that nobody waits for."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def synthesise(self, latents: NDArray[np.float32], level: int) -> Pixels:
        self.now += 10
        return super().synthesise(latents, level)

    def analyse(self, pixels: Pixels) -> NDArray[np.float32]:
        self.now += 10
        return super().analyse(pixels)


@pytest.mark.parametrize("threads", [1, 2])
def test_work_ends_at_the_first_tile_or_step_after_the_deadline(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model, pixels, tiling = _Clock(), picture(64, 640), Tiling(64, 4)
    monkeypatch.setattr(limits.time, "monotonic", lambda: model.now)
    data = Encoder(model, pixels, tiling).encode(4, deadline=Deadline(100))
    for work in (
        lambda deadline: Encoder(model, pixels, tiling, threads).encode(4, deadline=deadline),
        lambda deadline: decoder.decode(parse(data), model, threads, deadline=deadline),
    ):
        begin = model.now
        with pytest.raises(DeadlineError, match=r"not done after 25 seconds, .*--deadline"):
            work(Deadline(25))
        assert 30 <= model.now - begin <= 20 + 10 * threads


def test_the_deadline_of_a_codec_counts_from_the_call() -> None:
    data = tintype.encode(picture(64, 64))
    codec = Codec(limits=Limits(deadline=0))
    for work in (lambda: codec.encode(picture(64, 64)), lambda: codec.decode(data)):
        with pytest.raises(DeadlineError):
            work()
    codec = Codec(limits=Limits(deadline=1000))
    assert codec.decode(codec.encode(picture(64, 64))).size == (64, 64)
