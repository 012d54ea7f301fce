"""`tintype eval`, `report`, `compare` and `study` from the outside."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import tintype
from tests.pictures import picture
from tintype.weights import store

pytest.importorskip("bjontegaard", reason="BD-rates are that package's")

QUALITIES = ("--qualities", "jpeg444=20,40,60,80", "--qualities", "webp_m0=10,30,60,80")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    for number in range(2):
        Image.fromarray(picture(64, 96, seed=50 * number)).save(tmp_path / "pictures" / f"p{number}.png")
    return tmp_path


def test_eval_measures_and_report_shows_it(folder: Path) -> None:
    (folder / "pictures" / "bad.png").write_bytes(b"no picture")
    codecs = (
        "--codecs",
        "jpeg,webp_m0",
        "--metrics",
        "psnr,ms_ssim",
        "--window",
        "0,100",
        "--anchors",
        "jpeg444",
        "--memory",
    )
    found = tintype(folder, "eval", "pictures", "--out", "out", *codecs, *QUALITIES)
    assert found.status == 0
    assert "| jpeg444 | p0, 48 |" in found.out  # memory; of the first picture that can be read
    assert "## BD-rate, PSNR" in found.out and "not a picture in a known format" in found.out
    assert "2 of 18 measurements failed" in found.err and "left" in found.err
    assert found.out.count("not a picture in a known format") == 1  # the same for all codecs
    assert (folder / "out" / "summary.md").read_text() == found.out.rstrip("\n") + "\n"
    with (folder / "out" / "results.csv").open(newline="") as file:
        assert sum(not row["error"] for row in csv.DictReader(file)) == 16
    assert tintype(folder, "report", "out", "--codecs", "jpeg,webp_m6").status == 2
    assert tintype(folder, "report", "out", "--codecs", "jpeg", "--pictures", "none").status == 0
    assert "webp_m0" not in (folder / "out" / "report.html").read_text()
    shown = tintype(folder, "report", "out", "--rates", "2", "--title", "Two")
    assert shown.status == 0
    assert "out/report.html" in shown.out
    assert "<h1>Two</h1>" in (folder / "out" / "report.html").read_text()


def test_eval_without_pictures_or_with_unknown_names_says_so(folder: Path) -> None:
    (folder / "empty").mkdir()
    assert tintype(folder, "eval", "empty", "--out", "o").status == 3
    found = tintype(folder, "eval", "pictures", "--out", "o", "--codecs", "jepg")
    assert found.status == 3 and "no codec named 'jepg'" in found.err
    found = tintype(folder, "eval", "pictures", "--out", "o", "--metrics", "vmaf")
    assert found.status == 3 and "no metric named 'vmaf'" in found.err
    assert tintype(folder, "eval", "nowhere", "--out", "o").status == 3
    (folder / "bad.png").write_bytes(b"no picture")
    found = tintype(folder, "eval", "bad.png", "--codecs", "jpeg", "--out", "o")
    assert found.status == 3 and "no measurement succeeded" in found.err
    assert "| (all) | bad |  | bad.png: not a picture" in found.out and "there are no means" in found.out
    assert tintype(folder, "eval", "pictures", "--out", "o", "--qualities", "jpeg444=a").status == 2
    assert tintype(folder, "report", "o", "--rates", "0.2,x").status == 2
    assert tintype(folder, "eval", "pictures", "--out", "o", "--window", "3").status == 2


def test_short_names_are_understood_in_every_option(folder: Path) -> None:
    options = ("--codecs", "jpg,webp", "--qualities", "jpeg=20,40,60,80", "--qualities", "webp=10,30,60,80")
    found = tintype(
        folder, "eval", "pictures", "--out", "o", "--metrics", "psnr", "--window", "0,100", "--anchors", "jpg", *options
    )
    assert found.status == 0
    with (folder / "o" / "results.csv").open(newline="") as file:
        assert sum(1 for _ in csv.DictReader(file)) == 16  # two pictures, two codecs, four qualities
    assert "| codec | jpeg444 |" in found.out


def test_the_limit_of_pixels_is_that_of_encode(folder: Path) -> None:
    limit = ("--max-pixels", "6143")  # one less than the pictures have
    found = tintype(folder, "eval", "pictures", "--out", "o", "--codecs", "jpeg", "--qualities", "jpeg444=50", *limit)
    assert found.status == 3
    assert "6144 pixels, above the limit of 6143" in found.out
    compared = tintype(folder, "compare", "pictures/p0.png", *limit)
    assert compared.status == 3
    assert compared.err.startswith("pictures/p0.png: 96 x 64 are 6144 pixels, above the limit of 6143")
    asked = ("study", "pictures", "--codecs", "jpeg,webp_m0", "--rates", "1.5", "--out", "site")
    study = tintype(folder, *asked, *limit)
    assert (study.status, "above the limit of 6143" in study.err) == (3, True)
    coded = tintype(folder, "eval", "pictures", "--out", "o", "--codecs", "jpeg", *QUALITIES, "--metrics", "psnr")
    assert coded.status == 0
    assert tintype(folder, "report", "o", "--rates", "1", *limit).status == 0
    assert "p0 cannot be shown: " in (folder / "o" / "report.html").read_text()
    pytest.importorskip("torch", reason="training needs it")
    run = ("train", "run", "pico_s", "--data", "pictures", "--validation", "pictures", "--out", "run")
    trained = tintype(folder, *run, *limit)
    assert (trained.status, "above the limit of 6143" in trained.err) == (3, True)
    assert tintype(folder, *run, "--max-pixels", "0").status == 2
    packed = tintype(folder, "train", "pack", "pictures", "p.npy", *limit)
    assert (packed.status, "above the limit of 6143" in packed.err) == (3, True)
    assert tintype(folder, "train", "pack", "pictures", "p.npy", "--max-pixels", "6144").status == 0


def test_compare_writes_a_page_and_keeps_an_existing_one(folder: Path) -> None:
    arguments = ("compare", "pictures/p0.png", "--codecs", "jpeg,webp_m0", "-q", "50", "-o", "page.html")
    found = tintype(folder, *arguments)
    assert found.status == 0
    assert [line.split()[0] for line in found.out.splitlines()] == [store.DEFAULT, "jpeg444", "webp_m0", "page.html:"]
    page = (folder / "page.html").read_text()
    assert "p0.png in" in page
    again = tintype(folder, *arguments)
    assert again.status == 2 and "--force" in again.err
    assert (folder / "page.html").read_text() == page
    assert tintype(folder, "compare", "pictures/p0.png", "-q", "50", "--size", "900").status == 2
    assert tintype(folder, "compare", "pictures/none.png").status == 4


def test_study_asks_and_scores(folder: Path) -> None:
    made = tintype(folder, "study", "pictures", "--codecs", "jpeg,webp_m0", "--rates", "1.5", "--out", "site")
    assert made.status == 0 and "keep it private" in made.out
    key = json.loads((folder / "site" / "key.json").read_text())
    for rater in "ab":
        answers = []
        for trial in key["trials"]:
            best = "jpeg444" if "jpeg444" in (trial["left"], trial["right"]) else "webp_m0"
            answers.append({"trial": trial["id"], "chosen": "left" if trial["left"] == best else "right"})
        content = {"study": key["study"], "rater": rater, "answers": answers}
        (folder / f"{rater}.json").write_text(json.dumps(content))
    scored = tintype(folder, "study", "--key", "site/key.json", "--score", "a.json", "b.json")
    assert scored.status == 0 and scored.out.startswith("2 raters")
    lines = [line.split() for line in scored.out.splitlines() if "answers" in line]
    assert [line[0] for line in lines] == ["jpeg444", "webp_m0"]
    assert tintype(folder, "study", "--score", "a.json").status == 2
    assert tintype(folder, "study").status == 2
