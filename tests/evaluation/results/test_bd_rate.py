"""BD-rates: reference figures, and what must be refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from benchmarks import bd_rate_check
from tintype.evaluation.results import published
from tintype.evaluation.results.bd_rate import Curve, Method, NotComparableError, bd_rate

GOLDEN = Path(__file__).parents[2] / "golden" / "evaluation"
BPP = np.array([0.1, 0.2, 0.4, 0.8, 1.6])
PSNR = np.array([28.0, 30.5, 33.0, 36.0, 39.0])


def curve(bpp: ArrayLike = BPP, psnr: ArrayLike = PSNR, name: str = "a") -> Curve:
    return Curve(name, np.asarray(bpp, float), {"psnr": np.asarray(psnr, float)})


def test_reference_figures_are_reproduced() -> None:
    curves = published.load(GOLDEN / "rd_curves.json")
    entries = json.loads((GOLDEN / "bd_reference.json").read_text())["entries"]
    comparisons = bd_rate_check.compare(curves, entries)
    assert len(comparisons) == 112
    assert max(c.difference for c in comparisons) < bd_rate_check.TOLERANCE
    assert max(abs(c.found.overlap - c.expected_overlap) for c in comparisons) < 1e-4


@pytest.mark.parametrize("method", ["akima", "pchip"])
@pytest.mark.parametrize("factor", [0.5, 0.9, 1.25])
def test_a_rate_scaled_by_a_constant_is_that_per_cent(factor: float, method: Method) -> None:
    result = bd_rate(curve(), curve(BPP * factor), method=method)
    assert result.percent == pytest.approx(100 * (factor - 1), abs=1e-9)
    assert result.overlap == 1
    assert result.interval == (28, 39)


def test_the_order_of_points_does_not_matter() -> None:
    shuffled = [3, 0, 4, 2, 1]
    assert bd_rate(curve(), curve(BPP[shuffled] * 0.8, PSNR[shuffled])).percent == pytest.approx(-20)


def test_points_that_cost_more_without_being_better_are_dropped() -> None:
    bpp, psnr = curve([*BPP, 0.5, 0.6], [*PSNR, 32.0, 33.0]).points("psnr")
    assert np.array_equal(bpp, BPP) and np.array_equal(psnr, PSNR)


def test_the_window_keeps_points_at_its_ends() -> None:
    bpp, _ = curve().points("psnr", (0.2, 0.8))
    assert list(bpp) == [0.2, 0.4, 0.8]


def test_overlap_is_the_common_share_of_both_intervals() -> None:
    result = bd_rate(curve(), curve(BPP, PSNR + 5.5))
    assert result.interval == (33.5, 39)
    assert result.overlap == pytest.approx(5.5 / 16.5)


def test_curves_with_little_in_common_are_refused_with_their_intervals() -> None:
    with pytest.raises(NotComparableError, match=r"b has psnr 37\.00 to 48\.00 and a 28\.00 to 39\.00: 10% in common"):
        bd_rate(curve(), curve(BPP, PSNR + 9, "b"))


def test_curves_without_anything_in_common_are_refused_even_where_any_overlap_is_allowed() -> None:
    with pytest.raises(NotComparableError, match="0% in common"):
        bd_rate(curve(), curve(BPP, PSNR + 20), min_overlap=0)


def test_too_few_points_are_refused() -> None:
    with pytest.raises(NotComparableError, match=r"3 rising points of psnr between 0\.2 and 0\.8 bpp; 4 are needed"):
        bd_rate(curve(), curve(), window=(0.2, 0.8))


def test_conventions_of_one_metric_are_never_compared() -> None:
    means, of_mean = (Curve(key, BPP, {key: PSNR}) for key in ("ms_ssim_db", "ms_ssim_db_of_mean"))
    for key in ("ms_ssim_db", "ms_ssim_db_of_mean"):
        with pytest.raises(NotComparableError, match="has no ms_ssim"):
            bd_rate(means, of_mean, key)


def test_stored_conventions_keep_their_own_keys() -> None:
    curves = published.load(GOLDEN / "rd_curves.json")
    vtm = published.curve("vtm", curves["vtm"])
    assert "ms_ssim_db_of_mean" in vtm.quality and "ms_ssim_db" not in vtm.quality
    assert {"ms_ssim_db", "ms_ssim_db_of_mean"} <= set(published.curve("jpeg444", curves["jpeg444"]).quality)


def test_values_that_were_not_measured_do_not_enter() -> None:
    bpp, psnr = published.curve("x", {"bpp": [0.1, 0.2, 0.3], "psnr": [30, None, 32]}).points("psnr")
    assert list(bpp) == [0.1, 0.3] and list(psnr) == [30, 32]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "holds list"),
        ("{", "not JSON"),
        ('{"x": {}}', "curve 'x' has no list 'bpp'"),
        ('{"x": {"bpp": [1, 2], "psnr": [3]}}', "has 2 bpp but 1 psnr"),
    ],
)
def test_a_file_that_holds_no_curves_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "curves.json").write_text(text)
    with pytest.raises(published.InputError, match=message):
        published.load(tmp_path / "curves.json")
