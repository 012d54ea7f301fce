"""The self-test holds here, and notices what it is there for."""

from pathlib import Path

import numpy as np
import pytest

import tintype
from tintype import metrics, selftest
from tintype.api import Codec
from tintype.codec.encoder import Encoder


def test_everything_holds_here() -> None:
    assert selftest.run() == {"decode": "", "encode": "", "lossless": ""}


def test_the_file_is_small_and_of_the_default_weights_and_its_psnr_is_the_recorded_one() -> None:
    about = tintype.info(selftest.GOLDEN)
    assert (about.width, about.height, about.model) == (128, 96, Codec().model)
    assert about.size_bytes < 1000
    psnr = metrics.psnr(selftest.picture(), np.asarray(tintype.decode(selftest.GOLDEN)))
    assert psnr == pytest.approx(selftest.GOLDEN_PSNR, abs=selftest.TOLERANCE)


def test_a_damaged_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(selftest.GOLDEN.read_bytes())
    data[-20] ^= 1
    (tmp_path / "a.tint").write_bytes(data)
    monkeypatch.setattr(selftest, "GOLDEN", tmp_path / "a.tint")
    found = selftest.run()
    assert found["decode"].startswith("CorruptError: ")
    assert (found["encode"], found["lossless"]) == ("", "")


def test_other_pixels_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "GOLDEN_PSNR", selftest.GOLDEN_PSNR + 0.2)
    assert "the file that ships decodes at 25." in selftest.run()["decode"]


def test_an_encoder_that_writes_something_else_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    other = tintype.encode(255 - selftest.picture())
    monkeypatch.setattr(Encoder, "encode", lambda *_: bytes(other))
    found = selftest.run()
    assert found["decode"] == ""
    assert found["encode"].startswith("VerifyError: ") and found["lossless"].startswith("VerifyError: ")
