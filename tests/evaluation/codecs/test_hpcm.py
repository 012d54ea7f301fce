"""HPCM's weights files as points of a curve."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="HPCM runs on it")

from tests.hpcm import NANO, network
from tests.pictures import picture
from tintype.errors import InputError, UnsupportedError, WeightsError
from tintype.evaluation.codecs.names import codec_named
from tintype.evaluation.measuring import sweep
from tintype.evaluation.measuring.rows import RESULTS
from tintype.evaluation.pages import compare, report, viewing
from tintype.evaluation.results.summary import Results
from tintype.models import load
from tintype.models.hpcm.weights import save

PSNR = ("psnr",)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("a+b=c")  # signs that names of codecs are made of
    for seed in range(2):
        save(network(seed), folder / f"w{seed}.safetensors")
    return [str(folder / f"w{seed}.safetensors") for seed in range(2)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    Image.fromarray(picture(40, 56)).save(tmp_path / "pictures" / "p.png")
    return tmp_path


def run(folder: Path, *names: str) -> list[sweep.Row]:
    return sweep.run(sweep.Plan(sweep.subjects([folder / "pictures"]), names, PSNR, {}), folder / "out")


def test_weights_of_one_model_make_one_curve(weights: list[str]) -> None:
    codec = codec_named(f"{NANO}:{weights[0]}+{weights[1]}")
    assert codec.name == NANO and list(codec.qualities) == [1, 2]
    pixels = picture(40, 56)
    for quality, file in zip(codec.qualities, weights, strict=True):
        alone = codec_named(f"{NANO}:{file}")
        data = codec.encode(pixels, quality)
        assert data == alone.encode(pixels, 1)
        assert np.array_equal(codec.decode(data), alone.decode(data))
    with pytest.raises(InputError, match="quality 3: 1 to 2 are possible"):
        codec.encode(pixels, 3)


def test_rows_say_all_weights_and_are_kept_only_for_the_same(folder: Path, weights: list[str]) -> None:
    (one,) = run(folder, f"{NANO}:{weights[0]}")
    first = (folder / "out" / RESULTS).read_bytes()
    assert one.codec == NANO and one.settings.startswith("weights ") and one.settings.endswith("; float32, 1 thread")
    run(folder, f"{NANO}:{weights[0]}")
    assert (folder / "out" / RESULTS).read_bytes() == first  # nothing was measured again, times stand

    (other,) = run(folder, f"{NANO}:{weights[1]}")
    assert (other.codec, other.quality) == (one.codec, one.quality)
    assert other.settings != one.settings and other.file_sha256 != one.file_sha256

    both = run(folder, f"{NANO}:{weights[0]}+{weights[1]}")
    assert [row.quality for row in both] == [1, 2]
    assert [row.file_sha256 for row in both] == [one.file_sha256, other.file_sha256]
    assert len({row.settings for row in both}) == 1
    turned = run(folder, f"{NANO}:{weights[1]}+{weights[0]}")
    assert [row.file_sha256 for row in turned] == [other.file_sha256, one.file_sha256]


def test_other_weights_of_a_model_need_a_label(folder: Path, weights: list[str]) -> None:
    with pytest.raises(InputError, match=f"both go by the name {NANO}; name one LABEL="):
        run(folder, f"{NANO}:{weights[0]}", f"{NANO}:{weights[1]}")
    found = run(folder, f"{NANO}:{weights[0]}", f"mine={NANO}:{weights[1]}")
    assert {row.codec for row in found} == {NANO, "mine"}
    assert len({row.file_sha256 for row in found}) == 2


def test_files_of_other_weights_are_not_decoded(weights: list[str]) -> None:
    data = codec_named(f"{NANO}:{weights[0]}").encode(picture(40, 56), 1)
    with pytest.raises(InputError, match="made with other weights"):
        codec_named(f"{NANO}:{weights[1]}").decode(data)


def test_weights_that_cannot_be_used_become_a_row_and_the_rest_goes_on(folder: Path, weights: list[str]) -> None:
    (folder / "bad.safetensors").write_bytes(b"no weights")
    bad = f"{NANO}:{weights[0]}+{folder}/bad.safetensors"
    found = run(folder, "webp_m0", bad, f"hpcm-base:{weights[0]}")
    errors = {row.codec: row.error for row in found if row.error}
    assert "bad.safetensors: cannot be read" in errors[bad]
    assert f"holds {NANO} weights, not those of hpcm-base" in errors[f"hpcm-base:{weights[0]}"]
    assert sum(row.codec == "webp_m0" for row in found) == 13
    with pytest.raises(WeightsError, match="not those of hpcm-tiny"):
        codec_named(f"hpcm-tiny:{weights[0]}").prepare(1)


def test_one_file_twice_is_refused(tmp_path: Path, weights: list[str]) -> None:
    with pytest.raises(InputError, match="a weights file is named twice"):
        codec_named(f"{NANO}:{weights[0]}+{weights[0]}")
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(Path(weights[0]).read_bytes())
    with pytest.raises(InputError, match="two files hold the same weights"):
        _ = codec_named(f"{NANO}:{weights[0]}+{copy}").settings


def test_without_pytorch_the_summary_says_what_is_missing(
    folder: Path, weights: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = dataclasses.replace(load.FAMILIES["hpcm"], engine="no_such_engine")
    monkeypatch.setitem(load.FAMILIES, "hpcm", missing)
    found = run(folder, "webp_m0", f"{NANO}:{weights[0]}")
    (failed,) = [row for row in found if row.error]
    assert "hpcm models need a package" in failed.error and 'pip install "tintype[train]"' in failed.error
    with pytest.raises(UnsupportedError):
        codec_named(f"{NANO}:{weights[0]}").prepare(1)


def test_a_report_shows_files_of_weights_that_go_by_a_label(
    folder: Path, weights: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(weights[0]).parent)
    run(folder, "webp_m0", f"mine={NANO}:w0.safetensors")
    monkeypatch.chdir(folder)
    results = Results(sweep.rows.read(folder / "out" / RESULTS))
    out = folder / "out"
    shown = viewing.Shown(sweep.sources(out), (2.0,), sweep.recipes(out))
    scenes, notes = viewing.scenes(results, shown, lambda _: None)
    assert notes == []
    assert [version["name"] for version in scenes.scenes[0]["versions"]] == ["Original", "mine", "webp_m0"]
    assert "mine" in report.render(results, shown, "x")


def test_a_photo_is_compared_at_the_highest_rate_of_the_weights(folder: Path, weights: list[str]) -> None:
    found = compare.compare(folder / "pictures" / "p.png", f"{NANO}:{weights[0]}+{weights[1]}", ("jpeg444",))
    assert (found.ours.name, found.ours.quality) == (NANO, 2)
    assert f"p.png in {len(found.ours.data) / 1e3:.1f}&nbsp;kB" in compare.render(found)
