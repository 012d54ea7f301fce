"""Arms of training for eyes: valid runs that differ, judged against their start."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from studies import eyes_arms
from studies.eyes_arms import STUDIES, NoisySynthesis, jump, table
from tests.pictures import picture
from tests.training.runs import trainer
from tintype.models.pico.network import SIZES, Synthesis
from tintype.training.objectives import features
from tintype.training.recipes import configure


@pytest.mark.parametrize("name", STUDIES)
def test_arms_are_valid_runs_that_differ(name: str) -> None:
    study = STUDIES[name]
    made = [
        (str(configure(study.recipe, [each.format(step=0, end=1) for each in settings])), arm.change.__name__)
        for arm in study.arms.values()
        if (settings := [*study.common, *arm.settings])
    ]
    assert len(set(made)) == len(made)


def test_planes_of_noise_begin_as_nothing_and_learn() -> None:
    torch.manual_seed(0)
    noisy, plain = NoisySynthesis(SIZES["pico-s"]), Synthesis(SIZES["pico-s"])
    assert set(noisy.state_dict()) == set(plain.state_dict()) | {"amplitude"}
    plain.load_state_dict({name: value for name, value in noisy.state_dict().items() if name != "amplitude"})
    y = torch.randn(1, 320, 4, 4)
    assert torch.equal(noisy(y), plain(y))
    noisy(y).square().mean().backward()
    assert noisy.amplitude.grad is not None and noisy.amplitude.grad.abs().max() > 0


def test_random_features_are_not_the_trained_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = features.Lite0()
    monkeypatch.setattr(features.Lite0, "_fill", eyes_arms.fill_at_random)
    first, second = features.Lite0(), features.Lite0()
    assert torch.equal(first.stem.weight, second.stem.weight)
    assert not torch.equal(first.stem.weight, trained.stem.weight)
    maps = first(torch.rand(1, 3, 64, 64))
    assert all(0.01 < float(each.std()) < 100 for each in maps)


def test_a_jump_is_what_mean_errors_differ_by_across_the_border() -> None:
    original = np.full((32, 64, 3), 100, np.uint8)
    decoded = original + np.where(np.arange(64) < 32, 3, 1)[None, :, None].astype(np.uint8)
    assert jump(decoded, original, 32) == 2
    assert jump(decoded, original, 16) == 0


def test_the_table_has_rates_against_the_start() -> None:
    rates = [0.1, 0.2, 0.4, 0.8, 1.6]
    start = {"arm": "start", "bpp": rates, "psnr": [30.0, 32, 34, 36, 38], "resnet_lp": [0.5, 0.4, 0.3, 0.2, 0.1]}
    start |= {"page_bpp": rates, "page_psnr": [20.0, 22, 24, 26, 28], "jump": [2.0, 1, 1, 1, 1]}
    half = start | {"arm": "half", "bpp": [rate / 2 for rate in rates], "jump": [3.0] * 5, "seconds_per_step": 1.5}
    worse = half | {"page_psnr": [1.0, 2, 3, 4, 5]}
    lines = table({("start", 0): start, ("half", 0): half, ("half", 1): half, ("worse", 0): worse}, ["half", "worse"])
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines.splitlines()]
    assert rows[0] == ["arm", "PSNR", "ResNet lp", "PSNR in drawn text", "jump at borders", "CPU s a step"]
    assert rows[2] == ["half", "-50.0 %", "-50.0 %", "+0.0 %", "+150.0 %", "1.50"]
    assert rows[3] == ["worse", "-50.0 %", "-50.0 %", "-", "+150.0 %", "1.50"]
    assert rows[4][:2] == ["twice the spread between seeds", "0.0 %"]


@pytest.mark.parametrize(("study", "arm"), [("terms", "tiles"), ("natural", "of both, planes of noise")])
def test_arms_are_run_once(
    study: str, arm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(eyes_arms, "PAGES", 1)
    monkeypatch.setattr(eyes_arms, "JUDGES", ("psnr",))
    small = replace(STUDIES[study], common=("steps={end}", "batch=1", "crop=128"), levels=(10,))
    monkeypatch.setitem(STUDIES, study, small)
    np.save(tmp_path / "train.npy", np.stack([picture(256, 256, seed) for seed in range(2)]))
    np.save(tmp_path / "val.npy", picture(256, 256, 9)[None])
    trainer("pico_s", tmp_path / "start", "steps=0").run(report=lambda _: None)
    paths = ["--init", str(tmp_path / "start"), "--data", str(tmp_path / "train.npy"), "--out", str(tmp_path / "out")]
    command = [study, *paths, "--validation", str(tmp_path / "val.npy"), "--arms", arm, "--steps", "1", "--crops", "1"]
    eyes_arms.main(command)
    first = capsys.readouterr().out
    assert f"{arm} 0 is judged" in first and f"| {arm} |" in first
    rows = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert [row["arm"] for row in rows] == ["start", arm]
    assert rows[0]["bpp"] != rows[1]["bpp"] if study == "terms" else rows[0]["bpp"] == rows[1]["bpp"]
    eyes_arms.main(command)
    assert "is judged" not in capsys.readouterr().out
