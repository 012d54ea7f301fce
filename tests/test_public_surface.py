"""What programs and scripts rely on: names, signatures, exit codes and keys of JSON. A change here breaks them."""

import dataclasses
import inspect
import json
from pathlib import Path

import pytest

import tintype
from tests.pictures import picture
from tintype.cli.main import main
from tintype.cli.outcome import Status, status_of
from tintype.cli.process import INTERRUPTED, TERMINATED
from tintype.errors import (
    CorruptError,
    DesyncError,
    InputError,
    TintypeError,
    TruncatedError,
    UnsupportedError,
    UsageError,
    WeightsError,
)
from tintype.models import hpcm


def test_the_package_has_these_names() -> None:
    names = ["Codec", "EncodedFile", "Info", "Limits", "Target", "decode", "encode", "errors", "info", "open"]
    assert sorted(tintype.__all__) == names


@pytest.mark.parametrize(
    "call, expected",
    [
        (tintype.Codec, ["model", "*tune", "*look", "*threads", "*max_pixels", "*tile", "*options", "*limits"]),
        (
            tintype.Limits,
            ["*max_pixels", "*max_network_pixels", "*max_tile_pixels", "*max_memory", "*deadline"],
        ),
        (
            tintype.Codec.encode,
            ["self", "image", "quality", "progress", "*read", "*strip", "*content", "*lossless", "*target", "*verify"],
        ),
        (tintype.Target, ["measure", "value"]),
        (tintype.Codec.decode, ["self", "data", "progress", "*salvage", "*region", "*reduce"]),
        (tintype.Codec.decode_picture, ["self", "data", "progress", "*salvage", "*region", "*reduce"]),
        (
            tintype.Codec.decode_to,
            ["self", "data", "target", "progress", "*suffix", "*quality", "*salvage", "*region", "*reduce"],
        ),
        (tintype.encode, ["image", "quality", "model", "threads"]),
        (tintype.decode, ["data", "threads", "look"]),
        (tintype.info, ["data"]),
        (tintype.open, ["path", "threads", "look"]),
        (
            hpcm.Options,
            ["weights", "device", "precision", "compiled", "tolerance", "max_threads", "allow_compiled"],
        ),
    ],
)
def test_calls_have_these_parameters(call: object, expected: list[str]) -> None:
    """A star marks keywords."""
    assert callable(call)
    found = inspect.signature(call).parameters.values()
    assert ["*" * (each.kind is each.KEYWORD_ONLY) + each.name for each in found] == expected


def test_exit_codes_stay() -> None:
    assert {status.name: status.value for status in Status} == {"DONE": 0, "USAGE": 2, "INPUT": 3, "SYSTEM": 4}
    assert (INTERRUPTED, TERMINATED) == (130, 143)
    expected = {
        Status.USAGE: (UsageError(),),
        Status.INPUT: (CorruptError(), TruncatedError(), DesyncError(), InputError()),
        Status.SYSTEM: (UnsupportedError(), WeightsError(), TintypeError(), OSError(), MemoryError(), KeyError()),
    }
    for status, errors in expected.items():
        assert [status_of(error) for error in errors] == [status] * len(errors)


def test_keys_of_json_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.tint").write_bytes(tintype.encode(picture(16, 16)))
    info = (
        *("file", "width", "height", "grey", "depth", "alpha", "code_points", "network", "model"),
        *("weights_hash", "release", "level", "tiles", "size_bytes", "bpp", "graphics", "exact", "chunks"),
        *("numerics", "decodable", "looks"),
    )
    assert [field.name for field in dataclasses.fields(tintype.Info)] == list(info[1:])
    assert main(["info", "--json", str(tmp_path / "a.tint")]) == 0
    assert tuple(json.loads(capsys.readouterr().out)) == info

    size = {
        *("name", "parameters", "encoder_kmac_per_pixel", "decoder_kmac_per_pixel", "levels"),
        *("weights_hash", "release"),
    }
    assert main(["models", "--json"]) == 0
    for line in capsys.readouterr().out.splitlines():
        assert size <= set(json.loads(line))
    assert main(["models", "--json", "--all"]) == 0
    for line in capsys.readouterr().out.splitlines():
        facts = json.loads(line)
        assert not facts["name"].startswith("hpcm") or set(facts) == size
