"""Time and memory of fresh processes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.pictures import picture
from tintype.errors import UnsupportedError
from tintype.evaluation.codecs.names import codec_named
from tintype.evaluation.measuring import processes
from tintype.evaluation.measuring.measure import Subject
from tintype.evaluation.results import summary
from tintype.evaluation.results.summary import Results

MEGABYTE = 1_000_000


def test_a_fresh_process_does_the_same_work_and_tells_its_cost(tmp_path: Path) -> None:
    pixels = picture(600, 800)
    source, file, back = (tmp_path / name for name in ("pixels.npy", "coded", "back.npy"))
    np.save(source, pixels)
    encode = processes.run("encode", "jpeg444", 60, source, file, repeat=2)
    assert file.read_bytes() == codec_named("jpeg444").encode(pixels, 60)
    decode = processes.run("decode", "jpeg444", 60, file, back, repeat=0)
    assert np.array_equal(np.load(back), codec_named("jpeg444").decode(file.read_bytes()))
    assert 0 < encode.warm_s < encode.process_s
    assert 0 < encode.warm_cpu_s < encode.process_cpu_s
    assert decode.warm_s == float("inf")
    for cost in (encode, decode):
        assert 10 * MEGABYTE < cost.base_bytes <= cost.peak_bytes < 500 * MEGABYTE


def test_the_memory_of_this_process_does_not_count(tmp_path: Path) -> None:
    np.save(tmp_path / "pixels.npy", picture(32, 32))
    ballast = np.ones(300 * MEGABYTE, np.uint8)
    cost = processes.run("encode", "jpeg444", 60, tmp_path / "pixels.npy", tmp_path / "coded", repeat=0)
    assert processes.peak_memory() > ballast.nbytes > cost.peak_bytes


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    np.save(tmp_path / "pixels.npy", picture(8, 8))
    with pytest.raises(UnsupportedError, match="no codec named 'jepg'"):
        processes.run("encode", "jepg", 60, tmp_path / "pixels.npy", tmp_path / "coded")


def test_peaks_of_a_sample_stand_in_the_summary(tmp_path: Path) -> None:
    Image.fromarray(picture(64, 64)).save(tmp_path / "p.png")
    peaks = processes.peaks(["jpeg444", "jepg"], Subject("p", tmp_path / "p.png"))
    assert set(peaks) == {"jpeg444"}
    peak = peaks["jpeg444"]
    from tests.evaluation.results.test_curves import sweep

    text = summary.summary(Results(sweep("x"), memory=peaks))
    assert f"| jpeg444 | p, {peak.quality:g} | {peak.encode_bytes / 1e6:.0f} | {peak.decode_bytes / 1e6:.0f} |" in text
