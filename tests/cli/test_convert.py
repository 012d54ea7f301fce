"""`tintype convert`: what it writes and refuses. The conversion itself is tested with the models."""

from pathlib import Path

import pytest
import torch

from tests.models.hpcm.test_weights import official_nano
from tintype.cli.main import main
from tintype.models import create_model, load_official
from tintype.models.hpcm import CONFIGS
from tintype.models.hpcm.weights import empty

NANO = "hpcm-nano"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "official.pth.tar"
    torch.save({f"module.{key}": value for key, value in official_nano().items()}, path)
    return path


def test_a_checkpoint_becomes_a_weights_file_that_create_model_loads(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "nano.safetensors"
    assert main(["convert", str(checkpoint), str(out), "--model", NANO]) == 0
    assert capsys.readouterr().out == f"{out}: {NANO}\n"
    loaded, direct = create_model(NANO, out), empty(CONFIGS[NANO])
    load_official(direct, official_nano())
    for key, value in direct.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[key]), key


def test_what_is_no_checkpoint_or_another_model_is_refused_in_one_line(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, text, page = tmp_path / "out.safetensors", tmp_path / "text", tmp_path / "page"
    text.write_text("weights, honestly")
    page.write_text("Rate limit exceeded\n")
    runs = tmp_path / "runs"
    torch.save({"a": torch.zeros(1), "b": Path("x")}, runs)  # needs a class that is no tensor's
    for arguments, message in (
        ([str(text), str(out)], "not a PyTorch checkpoint"),
        ([str(page), str(out)], "not a PyTorch checkpoint"),
        ([str(runs), str(out)], "not a PyTorch checkpoint of plain tensors, or damaged; code in it was not run"),
        ([str(tmp_path / "missing"), str(out)], "cannot be read"),
        ([str(checkpoint), str(out)], "no official model has these weights; compared with"),
        ([str(checkpoint), str(out), "--model", "hpcm-base"], "does not fit hpcm-base; compared with hpcm-base"),
        ([str(checkpoint), str(out), "--model", "pico"], "there is no model 'pico'"),
    ):
        assert main(["convert", *arguments]) == 4
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1 and "weights_only" not in error, error
    assert not out.exists()


def test_an_existing_file_is_kept_unless_forced(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "nano.safetensors"
    out.write_bytes(b"mine")
    assert main(["convert", str(checkpoint), str(out), "--model", NANO]) == 2
    assert "exists; --force overwrites it" in capsys.readouterr().err
    assert out.read_bytes() == b"mine"
    assert main(["convert", str(checkpoint), str(out), "--model", NANO, "--force"]) == 0
    assert out.read_bytes() != b"mine"
