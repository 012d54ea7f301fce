"""Actions do what the library's calls do, and their settings are all that decides the bytes."""

import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tintype
from tests.pictures import picture
from tintype import images
from tintype.api import Codec
from tintype.batch.actions import Decode, Encode, Verify
from tintype.errors import CorruptError, InputError
from tintype.limits import Limits
from tintype.models.pico import engine
from tintype.targets import Target

CODEC = Codec(threads=1)


@pytest.fixture
def photo(tmp_path: Path) -> str:
    Image.fromarray(picture(40, 56)).save(tmp_path / "a.png")
    return str(tmp_path / "a.png")


def test_encode_decode_and_verify_do_what_the_library_does(photo: str) -> None:
    data = tintype.encode(photo, quality=30)
    assert Encode(CODEC, 30)(photo).data == data
    decoded = Decode(CODEC, ".png")(io.BytesIO(data))
    assert decoded.data is not None and not decoded.notes and not decoded.damaged
    with Image.open(io.BytesIO(decoded.data)) as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(tintype.decode(data)))
    assert Verify(CODEC)(io.BytesIO(data)).data is None
    with pytest.raises(CorruptError):
        Verify(CODEC)(io.BytesIO(data[:-1] + bytes([data[-1] ^ 1])))


def test_what_a_format_loses_and_what_was_salvaged_is_said() -> None:
    data = tintype.encode(np.full((300, 200, 4), 9, np.uint8), threads=1)
    assert "no transparency" in " ".join(Decode(CODEC, ".jpg")(io.BytesIO(data)).notes)
    coded = Codec(threads=1, tile=120).encode(picture(200, 200))
    broken = bytearray(coded)
    broken[-1] ^= 1
    assert Decode(CODEC, ".png", salvage=True)(io.BytesIO(bytes(broken))).damaged


@pytest.mark.parametrize(
    "other",
    [
        Encode(CODEC, 30),
        Encode(CODEC, lossless=True),
        Encode(CODEC, content="photo"),
        Encode(CODEC, strip="gps"),
        Encode(CODEC, read=images.ReadOptions(background="white")),
        Encode(CODEC, read=images.ReadOptions(frame=0)),
        Encode(CODEC, read=images.ReadOptions(convert=True)),
        Encode(CODEC, target=Target("size", 1000)),
        Encode(CODEC, only_if_smaller=True),
        Encode(Codec(tile=120)),
        Encode(Codec(tune="psnr")),
        Decode(CODEC, ".png"),
    ],
)
def test_whatever_changes_bytes_changes_the_settings(other: Encode | Decode) -> None:
    assert other.settings() != Encode(CODEC).settings()


def test_what_changes_no_byte_changes_no_setting() -> None:
    expected = Encode(CODEC).settings()
    limits = Limits(max_pixels=10**6, max_memory=2**30, deadline=5)
    for same in (
        Encode(Codec(threads=2)),
        Encode(CODEC, 75),
        Encode(CODEC, verify=True),
        Encode(Codec(tune="eyes", limits=limits)),
    ):
        assert same.settings() == expected
    assert Encode(CODEC, 100).settings() == Encode(CODEC, lossless=True).settings()
    assert Decode(CODEC, ".png").settings() == Decode(Codec(threads=2), ".png").settings()
    for other in (
        Decode(CODEC, ".jpg"),
        Decode(CODEC, ".png", salvage=True),
        Decode(CODEC, ".png", region=(0, 0, 9, 9)),
        Decode(CODEC, ".png", reduce=2),
        Decode(CODEC, ".png", png_level=9),
        Decode(Codec(look="natural"), ".png"),
    ):
        assert other.settings() != Decode(CODEC, ".png").settings()


def test_the_engine_is_a_setting_because_its_floats_decide_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Encode(CODEC).settings(), Decode(CODEC, ".png").settings()
    monkeypatch.setattr(engine, "chosen", lambda: "another")
    monkeypatch.setattr(engine, "versions", lambda: "another 1.2")
    assert Encode(CODEC).settings() != before[0] and Decode(CODEC, ".png").settings() != before[1]


def test_every_field_of_an_action_is_in_its_settings() -> None:
    """A field that is forgotten would let `--resume` skip what has to be done again."""
    for action in (Encode(CODEC), Decode(CODEC, ".png")):
        # with `verify` come the same bytes, or none
        fields = {field.name for field in dataclasses.fields(action)} - {"codec", "verify"}
        assert fields <= set(action.settings())
        assert json.loads(json.dumps(action.settings())) == action.settings()


def test_settings_hold_the_version_and_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Encode(CODEC).settings()
    about = tintype.info(tintype.encode(picture(16, 16)))
    assert (settings["weights"], settings["model"]) == (about.weights_hash, about.model)
    for action in (Encode(CODEC), Decode(CODEC, ".png")):
        before = action.settings()
        with monkeypatch.context() as patch:
            patch.setattr(tintype, "__version__", "9.9")
            assert action.settings() != before


def test_a_quality_that_the_model_lacks_is_refused() -> None:
    with pytest.raises(InputError):
        Encode(CODEC, 101).settings()
