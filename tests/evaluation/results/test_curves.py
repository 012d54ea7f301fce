"""Means over pictures, and the summary made of them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tintype import metrics
from tintype.evaluation.measuring.rows import Row
from tintype.evaluation.results import curves, published, summary
from tintype.evaluation.results.summary import Results

GOLDEN = Path(__file__).parents[2] / "golden" / "evaluation"


def row(image: str, codec: str, quality: float, bpp: float, psnr: float, ms_ssim: float = 0.9, error: str = "") -> Row:
    return Row(
        image,
        f"hash of {image}",
        100,
        50,
        codec,
        "settings",
        "versions",
        quality,
        round(bpp * 625),
        bpp,
        "",
        {} if error else {"psnr": psnr, "ms_ssim": ms_ssim},
        {} if error else {"encode_s": 0.01, "encode_cpu_s": 0.01, "decode_s": 0.02, "decode_cpu_s": 0.02},
        error,
    )


def sweep(codec: str, factor: float = 1.0, images: Sequence[str] = ("a", "b"), points: int = 6) -> list[Row]:
    """Rates double from 0.1 bpp, 3 dB each; picture b costs twice as much."""
    return [
        row(image, codec, q, factor * 0.1 * 2**q * (1 + (image == "b")), 27 + 3 * q, 1 - 0.1 / 2**q)
        for image in images
        for q in range(points)
    ]


def test_each_reason_of_failure_is_said_once() -> None:
    unreadable = [Row("torn", codec=codec, error="torn.png: damaged") for codec in "xy"]
    fails = [row("wide", "x", q, 0, 0, error="too wide") for q in (3, 7)]
    assert summary.failures([*sweep("x"), *unreadable, *fails, Row("", codec="z", error="not installed")]) == [
        ("(all)", "torn", "", "torn.png: damaged"),
        ("x", "wide", "3, 7", "too wide"),
        ("z", "(all)", "", "not installed"),
    ]


def test_means_are_means_of_the_pictures_values() -> None:
    rows = [row("a", "x", 1, 0.2, 30, 0.9), row("b", "x", 1, 0.6, 40, 0.99)]
    (table,) = curves.tables(rows, ["a", "b"])
    means = {name: values[0] for name, values in table.means.items()}
    assert means["bpp"] == pytest.approx(0.4)
    assert means["psnr"] == 35
    assert means["psnr_of_mean_mse"] == pytest.approx(-10 * np.log10((1e-3 + 1e-4) / 2))
    assert means["ms_ssim_db"] == pytest.approx(15)
    assert means["ms_ssim_db_of_mean"] == pytest.approx(metrics.decibels(0.945))
    assert means["decode_s"] == pytest.approx(0.02 / 5000 * 1e6)  # seconds per megapixel
    assert "ssimulacra2" not in means


def test_means_are_over_pictures_that_every_codec_coded_at_every_quality() -> None:
    rows = [*sweep("x", images=("a", "b", "c")), *sweep("y"), row("d", "x", 0, 0.1, 30)]
    rows += [row("e", codec, q, 0.1, 30, error="broke" if q == 3 else "") for codec in "xy" for q in range(6)]
    assert curves.common_images(rows) == ("a", "b")
    assert curves.common_images([row("a", "x", 1, 0, 0, error="broke")]) == ()


def test_a_quality_that_costs_less_is_counted() -> None:
    rows = [row("a", "x", q, bpp, psnr) for q, bpp, psnr in [(1, 0.2, 30), (2, 0.1, 31), (3, 0.3, 29)]]
    (table,) = curves.tables(rows, ["a"])
    found = curves.monotony(rows, table)
    assert (found.rate_falls, found.psnr_falls, found.pairs) == (1, 1, 2)
    assert not found.mean_rises and not found.holds
    good = sweep("y")
    assert curves.monotony(good, curves.tables(good, ["a", "b"])[0]).holds


def test_the_summary_compares_codecs_of_one_run() -> None:
    text = summary.summary(Results([*sweep("x"), *sweep("y", 0.8)], anchors=["x"]))
    assert "| y | -20.00 / -20.00" in text
    assert "| x | yes | 0 of 10 | 0 of 10 |" in text


def test_stored_means_over_other_pictures_are_not_compared() -> None:
    entries = {"old": {"bpp": [0.1, 0.2, 0.4, 0.8], "psnr": [27, 30, 33, 36], "dataset": "kodak"}}
    text = summary.summary(Results(sweep("x"), anchor_curves=entries, anchors=["old", "gone"]))
    assert "`old` is a mean over all pictures of kodak; this run's means are over 2 pictures" in text
    assert "## BD-rate" not in text


def test_stored_means_over_the_same_pictures_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    print_ = published.fingerprint(["hash of a", "hash of b"])
    monkeypatch.setitem(published.DATASETS, "mine", print_)
    (x,) = curves.tables(sweep("x"), ["a", "b"])
    entry = {
        "bpp": list(x.means["bpp"] * 1.25),
        "psnr": list(x.means["psnr"]),
        "dataset": "mine",
        "quality": list(x.qualities),
    }
    results = Results(sweep("x"), anchor_curves={"old": entry, "x": entry}, anchors=["old"])
    assert results.dataset == "mine"
    text = summary.summary(results)
    assert "| x | -20.00 / -20.00" in text
    assert "old (stored)" in text
    assert "| x | 6 | 20.0000 % | 0.0000 dB |" in text  # agreement with the stored curve of the same name


def test_rows_of_an_earlier_run_are_compared_over_this_runs_pictures() -> None:
    earlier = [*sweep("old", 1.25, images=("a", "b", "c")), *sweep("partial", images=("a",))]
    text = summary.summary(Results(sweep("x"), anchor_rows=earlier, anchors=["old", "partial"]))
    assert "| x | -20.00 / -20.00" in text
    assert "`partial` is neither measured here nor stored" in text


def test_failures_stand_in_the_summary() -> None:
    rows = [*sweep("x"), row("c", "x", 1, 0, 0, error="it | broke"), Row("", codec="jxl_e7", error="not installed")]
    text = summary.summary(Results(rows))
    assert "| x | c | 1 | it \\| broke |" in text
    assert "| jxl_e7 | (all) |  | not installed |" in text
    assert "Excluded from the means, because not every codec coded them: c." in text


def test_pictures_of_different_sizes_are_pointed_out() -> None:
    rows = [*sweep("x"), Row("c", "", 7, 9, "x", "", "", 1, 10, 1.0, "", {"psnr": 30.0})]
    assert "differ in size" not in summary.summary(Results(sweep("x")))
    rows = [
        r if r.image == "a" else Row(r.image, "", 7, 9, "x", "", "", r.quality, 9, 1 + r.quality, "", r.values)
        for r in rows
    ]
    assert "differ in size" in summary.summary(Results(rows))


def test_kodak_is_known_by_the_hashes_of_its_files() -> None:
    assert published.DATASETS["kodak"] == "c6c8e5aaf02cf314aaa490dc"
    assert published.dataset_of(["x"]) is None
    assert published.fingerprint(["a", "b"]) == published.fingerprint(["b", "a", "b"]) != published.fingerprint(["a"])
    assert {entry["dataset"] for entry in json.loads((GOLDEN / "rd_curves.json").read_text()).values()} == {"kodak"}


def test_pictures_given_back_exactly_leave_the_means_and_are_named() -> None:
    rates = (0.25, 0.5, 0.75, 1.0, 1.25)
    rows = [
        row(image, codec, quality, bpp, float("inf") if image == "white" and codec == "x" else 30 + 8 * bpp)
        for image in ("photo", "white")
        for codec in ("x", "y")
        for quality, bpp in enumerate(rates)
    ]
    results = Results(rows, anchors=("x",))
    assert results.images == ("photo",)
    text = summary.summary(results)
    assert "## BD-rate, PSNR\n" in text
    assert "because a codec gave them back so exactly that a metric is infinite: white." in text


def test_missing_tables_are_explained() -> None:
    rows = [row("white", codec, quality, 0.5 + quality, float("inf")) for codec in ("x", "y") for quality in range(5)]
    assert Results(rows).images == ("white",)  # no other pictures
    text = summary.summary(Results(rows, anchors=("x",)))
    assert "- x has 0 finite points of psnr, not 4" in text
    alone = summary.summary(Results([row("photo", "x", quality, 0.5 + quality, 30 + quality) for quality in range(5)]))
    assert "No BD-rates: none of jpeg444, webp_m6" in alone
