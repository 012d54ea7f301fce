"""Sweeps over real files: resumable, honest about failures."""

import csv
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.pictures import picture
from tintype import metrics
from tintype.errors import InputError
from tintype.evaluation.codecs.names import codec_named, parse_names
from tintype.evaluation.measuring import rows, sweep
from tintype.evaluation.measuring.rows import RESULTS, TIMES
from tintype.weights import store

STEPS = {"jpeg444": [10, 40, 70, 90], "webp_m0": [5, 30, 60, 90]}
PSNR = ("psnr",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    for number, size in enumerate([(48, 64), (48, 64), (40, 80)]):
        Image.fromarray(picture(*size, seed=9 * number)).save(made / f"p{number}.png")
    return made


def plan(
    folder: Path,
    names: Sequence[str] = ("jpeg444", "webp_m0"),
    metrics: tuple[str, ...] = PSNR,
    steps: Mapping[str, Sequence[float]] = STEPS,
) -> sweep.Plan:
    return sweep.Plan(sweep.subjects([folder]), tuple(names), metrics, steps)


def without_times(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [{k: v for k, v in row.items() if k not in TIMES} for row in csv.DictReader(file)]


def test_each_row_tells_the_truth_about_its_file(folder: Path, tmp_path: Path) -> None:
    found = sweep.run(plan(folder), tmp_path / "out")
    assert len(found) == 3 * 2 * 4
    for row in found:
        original = np.asarray(Image.open(folder / f"{row.image}.png"))
        file = tmp_path / "out" / "files" / row.codec / f"{row.image}_q{row.quality:g}"
        data = next(file.parent.glob(file.name + ".*")).read_bytes()
        assert row.size_bytes == len(data)
        assert row.file_sha256 == hashlib.sha256(data).hexdigest()
        assert row.image_sha256 == hashlib.sha256((folder / f"{row.image}.png").read_bytes()).hexdigest()
        assert row.bpp == round(8 * len(data) / original[..., 0].size, 5)
        decoded = codec_named(row.codec).decode(data)
        assert row.values["psnr"] == pytest.approx(metrics.psnr(original, decoded), abs=1e-4)
        assert "Pillow" in row.versions and row.settings
        assert all(row.times[name] >= 0 for name in TIMES)


def test_an_interrupted_run_continued_equals_an_uninterrupted_one(folder: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    sweep.run(plan(folder), whole)
    sweep.run(plan(folder), broken)
    lines = (broken / RESULTS).read_text().splitlines(keepends=True)
    # as if killed in the middle of a line, the rows not yet in order
    (broken / RESULTS).write_text("".join([lines[0], *lines[9:4:-1]]) + lines[20][:70])
    done = []
    sweep.run(plan(folder), broken, progress=lambda *state: done.append(state))
    assert done[-1][0] == done[-1][1] == 24 - 5
    assert without_times(broken / RESULTS) == without_times(whole / RESULTS)


def test_processes_in_parallel_find_the_same(folder: Path, tmp_path: Path) -> None:
    sweep.run(plan(folder), tmp_path / "one")
    sweep.run(plan(folder), tmp_path / "two", jobs=2)
    assert without_times(tmp_path / "one" / RESULTS) == without_times(tmp_path / "two" / RESULTS)


def test_nothing_is_measured_twice(folder: Path, tmp_path: Path) -> None:
    sweep.run(plan(folder), tmp_path / "out")
    before = (tmp_path / "out" / RESULTS).read_bytes()
    sweep.run(plan(folder), tmp_path / "out", progress=lambda *state: pytest.fail("measured again"))
    assert (tmp_path / "out" / RESULTS).read_bytes() == before


def test_a_changed_picture_is_measured_again(folder: Path, tmp_path: Path) -> None:
    first = sweep.run(plan(folder), tmp_path / "out")
    Image.fromarray(picture(48, 64, seed=100)).save(folder / "p1.png")
    sweep._hash.cache_clear()
    done = []
    second = sweep.run(plan(folder), tmp_path / "out", progress=lambda *state: done.append(state[2]))
    assert done == ["p1 jpeg444", "p1 webp_m0"]
    changed = {a.image for a, b in zip(first, second, strict=True) if a.file_sha256 != b.file_sha256}
    assert changed == {"p1"}


def test_rows_of_other_codecs_stay(folder: Path, tmp_path: Path) -> None:
    sweep.run(plan(folder, ["jpeg444"]), tmp_path / "out")
    found = sweep.run(plan(folder, ["webp_m0"]), tmp_path / "out")
    assert {row.codec for row in found} == {"webp_m0"}
    assert {row.codec for row in rows.read(tmp_path / "out" / RESULTS)} == {"jpeg444", "webp_m0"}


def test_a_metric_asked_for_later_is_measured(folder: Path, tmp_path: Path) -> None:
    sweep.run(plan(folder, ["jpeg444"]), tmp_path / "out")
    found = sweep.run(plan(folder, ["jpeg444"], ("psnr", "ms_ssim")), tmp_path / "out")
    assert len(found) == 12
    assert all("ms_ssim" in row.values for row in found)


def test_an_unreadable_picture_becomes_a_row_and_the_rest_goes_on(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.png").write_bytes(b"no picture")
    found = sweep.run(plan(folder), tmp_path / "out")
    failed = [row for row in found if row.error]
    assert {(row.image, row.codec) for row in failed} == {("bad", "jpeg444"), ("bad", "webp_m0")}
    assert all("not a picture in a known format" in row.error for row in failed)
    assert len(found) - len(failed) == 24


def test_a_codec_that_fails_on_one_picture_becomes_rows_and_the_rest_goes_on(folder: Path, tmp_path: Path) -> None:
    Image.new("RGB", (17000, 2)).save(folder / "wide.png")  # WebP ends at 16383
    found = sweep.run(plan(folder), tmp_path / "out")
    failed = [row for row in found if row.error]
    assert {(row.image, row.codec) for row in failed} == {("wide", "webp_m0")}
    assert len(failed) == 4
    assert sum(row.image == "wide" for row in found if not row.error) == 4


def test_a_codec_whose_library_is_missing_becomes_a_row(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("pillow_jxl", "pillow_jxl.JpegXLImagePlugin"):  # as if it had not been imported
        monkeypatch.setitem(sys.modules, module, None)
    found = sweep.run(plan(folder, ["jpeg444", "jxl_e7"]), tmp_path / "out")
    (failed,) = [row for row in found if row.error]
    assert failed.codec == "jxl_e7" and "pip install pillow-jxl-plugin" in failed.error
    assert sum(row.codec == "jpeg444" for row in found) == 12


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(InputError, match="no pictures"):
        sweep.subjects([tmp_path])
    with pytest.raises(InputError, match="nowhere: no such file or folder"):
        sweep.subjects([tmp_path, tmp_path / "nowhere"])


def test_pictures_of_one_stem_keep_their_suffixes(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "b.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    assert [subject.name for subject in sweep.subjects([tmp_path])] == ["a.jpg", "a.png", "b"]


def test_grey_pictures_are_compared_as_grey(tmp_path: Path) -> None:
    (tmp_path / "grey").mkdir()
    Image.fromarray(picture(48, 64)[..., 0]).save(tmp_path / "grey" / "g.png")
    found = sweep.run(plan(tmp_path / "grey"), tmp_path / "out")
    assert len(found) == 8
    assert all(row.values["psnr"] > 20 for row in found)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("jpeg420", "JPEG 4:2:0, optimised Huffman tables, progressive"),
        ("webp_m6", "WebP lossy, method 6, 4:2:0"),
        ("avif444_s6", "AVIF (aom) 4:4:4, speed 6, full range, one tile, default tune"),
        ("avif420_s10_psnr", "AVIF (aom) 4:2:0, speed 10, full range, one tile, tune=psnr"),
    ],
)
def test_a_name_says_all_settings(name: str, settings: str) -> None:
    codec = codec_named(name)
    assert (codec.name, codec.settings) == (name, settings)
    pixels = picture(32, 48)
    low, high = (codec.encode(pixels, quality) for quality in (codec.qualities[0], codec.qualities[-1]))
    assert len(low) < len(high)
    assert metrics.psnr(pixels, codec.decode(low)) < metrics.psnr(pixels, codec.decode(high))


def test_jpeg_xl_is_measured_where_its_plugin_is_installed() -> None:
    pytest.importorskip("pillow_jxl", reason="a plugin that few have")
    codec = codec_named("jxl_e3")
    pixels = picture(32, 48)
    assert metrics.psnr(pixels, codec.decode(codec.encode(pixels, 90))) > 30


def test_aliases_and_labels_are_understood() -> None:
    assert parse_names("jpeg, avif,jpeg444,jpg,tintype") == ["jpeg444", "avif444_s6", store.DEFAULT]
    assert codec_named("mine=webp_m4").name == "mine"
    with pytest.raises(InputError, match=r"no codec named 'jepg'; there is tintype, .*jpeg, "):
        codec_named("jepg")
    with pytest.raises(InputError, match="no codec is named"):
        parse_names(" , ")


def test_two_codecs_of_one_name_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="webp_m0 and webp_m0=webp_m4 both go by the name webp_m0; name one LABEL="):
        sweep.run(plan(folder, ["webp_m0", "webp_m0=webp_m4"]), tmp_path / "out")


def test_a_codec_that_breaks_in_an_unforeseen_way_becomes_a_row(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tintype.evaluation.codecs.pillow._require", lambda *_: 1 // 0)
    found = sweep.run(plan(folder, ["jpeg444", "pico-s-psnr"], steps={"pico-s-psnr": [50]}), tmp_path / "out")
    (failed,) = [row for row in found if row.error]
    assert failed.codec == "jpeg444" and failed.error.startswith("ZeroDivisionError: ")
    assert sum(row.codec == "pico-s-psnr" for row in found) == 3


def test_what_could_not_be_used_is_forgotten_once_it_is_left_out(folder: Path, tmp_path: Path) -> None:
    sweep.run(plan(folder, ["jpeg444", "jepg"]), tmp_path / "out")
    assert any(row.error for row in rows.read(tmp_path / "out" / RESULTS))
    sweep.run(plan(folder, ["jpeg444"]), tmp_path / "out")
    assert not any(row.error for row in rows.read(tmp_path / "out" / RESULTS))


def test_a_label_is_no_part_of_a_path() -> None:
    with pytest.raises(InputError, match=r"no codec named 'runs/lr=3/x\.jpg'"):
        codec_named("runs/lr=3/x.jpg")


def test_labelled_codecs_are_measured_under_their_label(folder: Path, tmp_path: Path) -> None:
    found = sweep.run(plan(folder, ["mine=webp_m0"], steps={"mine": [50]}), tmp_path / "out")
    assert {(row.codec, row.quality) for row in found} == {("mine", 50)}
