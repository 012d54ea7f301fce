"""The commands with HPCM's weights files."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.command import DONE, photo, tintype
from tests.hpcm import NANO, network
from tintype.models.hpcm.weights import save

NO_RELEASE = f"{NANO}: weights of no release; only they open these files, so keep their file too\n"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("weights") / "nano.safetensors"
    save(network(), path)
    return str(path)


def test_a_picture_goes_there_and_back_with_a_weights_file(tmp_path: Path, weights: str) -> None:
    photo(tmp_path / "a.png", 40, 56)
    encoded = tintype(tmp_path, "encode", "a.png", "--model", NANO, "--weights", weights, "--threads", "1")
    assert encoded.all == (0, "", NO_RELEASE)
    assert tintype(tmp_path, "decode", "a.tint", "--weights", weights, "--threads", "2", "-o", "b.png").all == DONE
    assert np.asarray(Image.open(tmp_path / "b.png")).shape == (40, 56, 3)

    about = json.loads(tintype(tmp_path, "info", "--json", "a.tint").out)
    assert (about["network"], about["model"], about["release"]) == (NANO, None, None)
    assert ", float32, 1 thread, " in about["numerics"]
    assert {chunk["type"] for chunk in about["chunks"]} == {"NUMERICS", "ROW_HASHES", "ROW_REPAIRS"}

    refused = tintype(tmp_path, "decode", "a.tint", "-o", "c.png")
    assert refused.status == 4
    assert (
        refused.err.startswith("a.tint: the file was made for the network hpcm-nano with ")
        and "--weights" in refused.err
    )


def test_options_reach_the_file(tmp_path: Path, weights: str) -> None:
    photo(tmp_path / "a.png", 40, 140)
    options = ("--weights", weights, "--tile", "70", "--tolerance", "0", "--precision", "bfloat16")
    assert tintype(tmp_path, "encode", "a.png", *options, "--quiet").all == DONE
    about = json.loads(tintype(tmp_path, "info", "--json", "a.tint").out)
    assert about["tiles"] == 2 and ", bfloat16, 2 threads, " in about["numerics"]
    assert {chunk["type"] for chunk in about["chunks"]} == {"NUMERICS", "ROW_HASHES"}
    assert tintype(tmp_path, "verify", "a.tint", "--weights", weights).out == "a.tint: OK\n"


def test_a_file_of_more_threads_than_allowed_is_refused_with_the_flag(tmp_path: Path, weights: str) -> None:
    photo(tmp_path / "a.png", 40, 56)
    assert tintype(tmp_path, "encode", "a.png", "--weights", weights).status == 0
    refused = tintype(tmp_path, "verify", "a.tint", "--weights", weights, "--max-threads", "1")
    assert refused.status == 3
    assert refused.err == (
        "a.tint: the file was encoded with 2 compute threads, above the limit of 1; raise max_threads (--max-threads) "
        "to allow them\n"
    )


def test_a_quality_is_refused_because_weights_have_one_rate(tmp_path: Path, weights: str) -> None:
    photo(tmp_path / "a.png")
    result = tintype(tmp_path, "encode", "a.png", "--weights", weights, "-q", "50")
    assert result.status == 2
    assert "tintype encode: hpcm-nano weights have a single rate, so there is no quality to choose (-q)" in result.err


def test_a_model_without_its_weights_is_refused(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    result = tintype(tmp_path, "encode", "a.png", "--model", NANO)
    assert result.all == (
        2,
        "",
        "tintype encode: hpcm-nano: its weights do not ship with tintype; give their file: "
        "options=hpcm.Options(FILE), or --weights FILE\n",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("encode", "a.png", "--device", "cuda"),
        ("encode", "a.png", "--tune", "eyes", "--precision", "bfloat16"),
        ("encode", "a.png", "--model", "pico-s-psnr", "--compile"),
        ("encode", "a.png", "--model", "x.tintmodel", "--weights", "x"),
        ("encode", "a.png", "--tolerance", "0"),
        ("encode", "a.png", "--max-threads", "2"),
        ("decode", "a.tint", "--allow-compiled"),
        ("decode", "a.tint", "--device", "cpu"),
        ("verify", "a.tint", "--model", "x.tintmodel", "--weights", "x"),
    ],
)
def test_options_of_another_family_are_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = tintype(tmp_path, *arguments)
    flag = next(each for each in reversed(arguments) if each.startswith("--"))
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"tintype {arguments[0]}: {flag}: pico models have no such option; HPCM models do")


def test_options_that_do_not_fit_together_are_wrong_usage(tmp_path: Path, weights: str) -> None:
    for arguments in (("--tune", "eyes", "--weights", weights), ("--tune", "eyes", "--model", NANO), ("--tile", "63")):
        assert tintype(tmp_path, "encode", "a.png", *arguments).status == 2


def test_models_lists_the_sizes_of_hpcm_if_asked(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in tintype(tmp_path, "models", "--all", "--json").out.splitlines()]
    sizes = {line["name"]: line["parameters"] for line in lines}
    assert sizes["hpcm-base"] == 68_505_299 and sizes["hpcm-1b"] == 1_000_328_003
    assert all(line["levels"] == 1 for line in lines if line["name"].startswith("hpcm"))
