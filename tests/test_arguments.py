"""Whatever callers give as an argument, it is taken as documented, or an error of the library names it."""

import io
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tintype
from tests.pictures import picture
from tintype import arguments, images, metrics
from tintype.batch.actions import Encode
from tintype.errors import InputError, TintypeError
from tintype.models.hpcm import Options

Call = Callable[..., Any]

PIXELS = np.zeros((16, 16, 3), np.uint8)
CODEC = tintype.Codec(threads=1)
DATA = CODEC.encode(PIXELS)


def closed_file() -> io.BytesIO:
    file = io.BytesIO(DATA)
    file.close()
    return file


WRONG = {
    "none": None,
    "int": 5,
    "negative": -1,
    "huge": 10**30,
    "float": 1.5,
    "nan": math.nan,
    "infinity": math.inf,
    "complex": 1j,
    "bool": True,
    "numpy int": np.int64(3),
    "numpy float": np.float32(2.5),
    "text": "GPS",
    "empty": "",
    "null": "a\0b",
    "bytes": b"x",
    "list": [],
    "dict": {},
    "array": np.zeros((2, 2)),
    "array of text": np.array(["a"]),
    "function": lambda *_: None,
    "closed file": closed_file(),
    "object": object(),
}


def calls(call: Call, names: str, **given: Any) -> Mapping[str, tuple[Call, str, Mapping[str, Any]]]:
    return {f"{getattr(call, '__qualname__', call)} {name}": (call, name, given) for name in names.split()}


def coded_with(**options: Any) -> object:
    return tintype.Codec(**options).encode(PIXELS)


def limited(**limits: Any) -> object:
    return tintype.Codec(threads=1, limits=tintype.Limits(**limits)).encode(PIXELS)


def read_with(**options: Any) -> object:
    return images.load(Image.fromarray(PIXELS), images.ReadOptions(**options))


def aimed(measure: Any = "size", value: Any = 9999) -> object:
    return CODEC.encode(PIXELS, target=tintype.Target(measure, value))


def made_of(**parts: Any) -> object:
    return CODEC.encode(images.Picture(**{"pixels": PIXELS} | parts))


CALLS = {
    **calls(coded_with, "model tune look threads max_pixels tile options limits"),
    **calls(CODEC.encode, "image"),
    **calls(CODEC.encode, "quality progress read strip content lossless target verify", image=PIXELS),
    **calls(tintype.encode, "quality model threads", image=PIXELS),
    **calls(CODEC.decode, "data"),
    **calls(CODEC.decode, "progress salvage region reduce", data=DATA),
    **calls(CODEC.decode_to, "target", data=DATA),
    **calls(CODEC.decode_to, "suffix quality", data=DATA, target=io.BytesIO()),
    **calls(tintype.decode, "threads look", data=DATA),
    **calls(tintype.open, "path"),
    **calls(tintype.info, "data"),
    **calls(limited, "max_pixels max_network_pixels max_tile_pixels max_memory deadline"),
    **calls(read_with, "frame background convert max_pixels"),
    **calls(aimed, "measure value"),
    **calls(made_of, "pixels icc exif xmp iptc depth alpha code_points"),
    **calls(images.load, "source"),
    **calls(images.load, "options", source=PIXELS),
    **calls(images.load_8bit, "options", source=PIXELS),
    **calls(images.save, "picture", target=io.BytesIO(), suffix=".png"),
    **calls(images.save, "quality png_level", picture=PIXELS, target=io.BytesIO(), suffix=".png"),
    **calls(images.strip, "picture", what="all"),
    **calls(images.strip, "what", picture=images.Picture(PIXELS)),
    **calls(metrics.psnr, "a", b=PIXELS),
    **calls(metrics.ms_ssim, "b", a=PIXELS),
    **calls(Options, "weights"),
    **calls(Options, "device precision compiled tolerance max_threads allow_compiled", weights="a"),
    **calls(Encode, "codec"),
    **calls(Encode, "quality read strip content lossless target verify only_if_smaller", codec=CODEC),
}


@pytest.mark.parametrize("call, name, given", CALLS.values(), ids=CALLS)
def test_a_wrong_argument_is_taken_as_documented_or_refused_by_an_error_of_the_library(
    call: Call, name: str, given: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # texts may name files to write
    refused = 0
    for value in WRONG.values():
        try:
            call(**given, **{name: value})
        except TintypeError as error:
            refused += 1
            assert "\n" not in str(error)
        except OSError:  # a text that names no file
            refused += 1
    assert refused > len(WRONG) // 2


CHOICES = {
    "strip": ["GPS", "x", "", "All", True, False, 1, ["all"]],
    "content": ["x", None, "screens", "exact", "", 1],
    "lossless": ["no", "false", None, 2, np.zeros(2)],
    "verify": ["no", None],
}


@pytest.mark.parametrize("name, value", [(name, value) for name, values in CHOICES.items() for value in values])
def test_a_choice_that_there_is_not_is_refused_with_those_that_there_are(name: str, value: Any) -> None:
    possible = {"strip": "None, all, gps", "content": "auto, photo, screen$"}.get(name, "True or False")
    for call in (lambda **given: CODEC.encode(PIXELS, **given), lambda **given: Encode(CODEC, **given)):
        with pytest.raises(InputError, match=f"^{name}=.*{possible}"):
            call(**{name: value})


@pytest.mark.parametrize("value", ["GPS", "x", "", True, None])
def test_metadata_are_not_kept_where_their_removal_is_misspelt(value: Any) -> None:
    with pytest.raises(InputError, match=r"^strip=.*: possible are all, gps$"):
        images.strip(images.Picture(PIXELS, exif=b"MM\0*\0\0\0\x08\0\0\0\0\0\0"), value)


MESSAGES: list[tuple[Callable[[], Any], str]] = [
    (lambda: tintype.Codec(threads="x"), "threads='x': a whole number is needed, at least 1"),  # type: ignore[arg-type]
    (lambda: tintype.Codec(tile=100.5), "tile=100.5: a whole number is needed, at least 64"),  # type: ignore[arg-type]
    (lambda: tintype.Codec(limits=3), r"limits=3: give tintype.Limits\(...\)"),  # type: ignore[arg-type]
    (lambda: tintype.Codec(model=5), "model=5: give the name of shipped weights"),  # type: ignore[arg-type]
    (lambda: tintype.Codec(""), "model='': give the name of shipped weights"),
    (lambda: tintype.Limits(deadline="x"), "deadline='x': a number is needed, at least 0"),  # type: ignore[arg-type]
    (lambda: tintype.Limits(max_pixels=None), "max_pixels=None: a whole number"),  # type: ignore[arg-type]
    (lambda: tintype.Target("size", "x"), "size='x': a number is needed"),  # type: ignore[arg-type]
    (lambda: Options("a", allow_compiled="no"), "allow_compiled='no': True or False"),  # type: ignore[arg-type]
    (lambda: CODEC.encode(PIXELS, "x"), "quality='x': a number is needed"),  # type: ignore[arg-type]
    (lambda: CODEC.encode(PIXELS, target=3), r"target=3: give tintype.Target\("),  # type: ignore[arg-type]
    (lambda: tintype.decode(None), "a NoneType is not a .tint file; give its content"),  # type: ignore[arg-type]
    (lambda: tintype.decode(PIXELS), "a ndarray is not a .tint file; give its content"),  # type: ignore[arg-type]
    (lambda: tintype.info(5), "a int is not a .tint file; give its content"),  # type: ignore[arg-type]
    (lambda: tintype.decode(closed_file()), "the file is closed"),
    (lambda: CODEC.encode(closed_file()), "the file is closed"),
    (lambda: tintype.open("a\0b"), "no file has such a name"),
    (lambda: CODEC.decode_to(DATA, 5, suffix=".png"), "a int cannot be written to; give a path"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("call, message", MESSAGES)
def test_the_refusal_of_an_argument_says_what_is_needed(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_numbers_of_numpy_and_whole_floats_count_as_pythons(tmp_path: Path) -> None:
    pixels = picture(150, 200)
    codec = tintype.Codec(threads=np.int64(2), tile=np.float64(64), max_pixels=30_000.0)  # type: ignore[arg-type]
    assert repr((codec.threads, codec.tile, codec.max_pixels)) == "(2, 64, 30000)"
    expected = tintype.Codec(tile=64).encode(pixels, 50)
    for quality in (np.int32(50), np.float32(50), 50.0):
        assert codec.encode(pixels, quality) == expected
    assert codec.encode(pixels, lossless=np.bool_(True)).lossless
    region = np.array([64, 0, 64, 8])
    assert codec.decode(expected, region=region, reduce=np.int64(8)).size == (8, 1)  # type: ignore[arg-type]
    limits = tintype.Limits(max_memory=5e8, deadline=np.float32(30))  # type: ignore[arg-type]
    assert repr((limits.max_memory, limits.deadline)) == "(500000000, 30.0)"
    assert tintype.Target("psnr", np.float32(40)).value == 40
    images.save(pixels, tmp_path / "a.jpg", quality=np.float64(50))
    images.save(pixels, tmp_path / "a.png", png_level=np.int64(9))


def test_a_view_of_any_memory_is_a_file() -> None:
    for view in (memoryview(np.frombuffer(DATA, np.uint8)), memoryview(np.frombuffer(DATA, np.int8)[None])):
        assert tintype.info(view).size_bytes == len(DATA)
        assert tintype.decode(view).size == (16, 16)


def test_a_value_is_shown_short_and_in_one_line() -> None:
    for value in (np.zeros((99, 99)), "x" * 999, list(range(999))):
        assert len(arguments.shown(value)) < 100 and "\n" not in arguments.shown(value)
