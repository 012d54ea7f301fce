"""What docs/results.md is made of."""

from pathlib import Path

import pytest
from PIL import Image

from benchmarks import results
from tests.evaluation.results.test_curves import sweep as rows_of
from tests.pictures import picture
from tintype.evaluation.measuring import sweep
from tintype.evaluation.results.summary import Results

PAGE = Path(__file__).parents[2] / "docs" / "results.md"
NAMES = {"kodak-eyes", "kodak-psnr", "large-eyes", "large-psnr", "settings", "tiles", "screens", "speed"}


def test_generated_parts_are_replaced_and_the_rest_stays() -> None:
    text = "# A\n\n<!-- make results: x -->\nold\n<!-- end -->\nby hand\n<!-- make results: y -->\n<!-- end -->\n"
    expected = (
        "# A\n\n<!-- make results: x -->\n\nnew x\n\n<!-- end -->\nby hand\n<!-- make results: y -->\n\nnew y\n\n"
        "<!-- end -->\n"
    )
    sections = {"x": "new x", "y": "new y"}
    assert results.filled(text, sections) == expected
    assert results.filled(expected, sections) == expected
    with pytest.raises(KeyError, match="y"):
        results.filled(text, {"x": "new"})


def test_the_page_has_a_place_for_every_part() -> None:
    assert {found[2] for found in results.SECTION.finditer(PAGE.read_text(encoding="utf-8"))} == NAMES


def test_tables_compare_our_model_with_every_other_codec(tmp_path: Path) -> None:
    for number in range(2):
        Image.fromarray(picture(64, 96, seed=50 * number)).save(tmp_path / f"p{number}.png")
    steps = {"pico-s-psnr": [40, 60, 80, 100], "jpeg444": [40, 60, 80, 95]}
    plan = sweep.Plan(sweep.subjects([tmp_path]), ("pico-s-psnr", "jpeg444"), ("psnr", "ms_ssim"), steps)
    found = Results(sweep.run(plan, tmp_path / "out"), window=(0.0, 100.0))
    measured = results.Measured("pico-s-psnr", found, found, ["p1"])
    kodak = measured.kodak()
    assert "| BD-rate of pico-s-psnr | pico-s-psnr | jpeg444 |" not in kodak
    assert "| BD-rate of pico-s-psnr | jpeg444 |" in kodak and "| 40 | " in kodak
    assert "In all 6 pairs of adjacent qualities" in kodak
    assert "Not measured in this run: SSIMULACRA2, Butteraugli." in kodak
    assert "| jpeg444 | " in results.settings(found.measured)
    assert measured.headline().startswith("| bytes of pico-s-psnr at equal | jpeg444 |")
    lines = measured.on_large().splitlines()
    assert [line.split(",")[0] for line in lines[2:]] == ["| 2 (all)"] * 3 + ["| 1 (photographs)"] * 3


def test_losses_are_said() -> None:
    mine, better, worse = (
        Results(rows_of(name, factor)).measured[0] for name, factor in (("x", 1), ("better", 0.8), ("worse", 1.1))
    )
    anchors = [better.curve, worse.curve]
    assert results._losses(anchors, mine, "psnr", "PSNR") == "in PSNR: better by 25.0 %"
    assert results._losses(anchors[1:], mine, "psnr", "PSNR") == ""


def test_a_command_is_run_again_for_other_weights_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = results.Commands(tmp_path)
    command = [results.sys.executable, "-c", "import time; print(time.perf_counter_ns())"]
    first = commands.once("x", command)
    assert commands.once("x", command) == first
    commands.weights = "others"
    assert commands.once("x", command) != first
    assert capsys.readouterr().err.count("x: 0 min") == 2
    with pytest.raises(SystemExit, match="bad failed with status 3"):
        commands.once("bad", [results.sys.executable, "-c", "raise SystemExit(3)"])
    assert not list(tmp_path.glob("bad*.md"))
