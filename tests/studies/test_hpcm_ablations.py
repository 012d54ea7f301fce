"""Ablations of HPCM at a small size."""

import math
from pathlib import Path

import numpy as np
import pytest

from studies import hpcm_ablations
from studies.hpcm_ablations import ANCHOR, VARIANTS, small, summary, verdict
from studies.scaling.ladder import hpcm, size
from tests.training.runs import pictures
from tintype.models.hpcm import CONFIGS


def test_variants_change_a_rung_as_they_change_base() -> None:
    models = {name: small(hpcm(16), variant) for name, variant in VARIANTS.items()}
    assert models[ANCHOR] == hpcm(16)
    assert len({(model.schedule, model.context) for model in models.values()}) == len(VARIANTS) == 7
    macs = {name: size(model).macs_per_pixel for name, model in models.items()}
    assert macs["(2,3,3)"] < macs["psi as context"] == macs["no progressive fusion"] < macs[ANCHOR]
    assert macs[ANCHOR] < macs["(4,3,6)"] < macs["no hierarchy"] < macs["(2,3,12)"]


def test_small_differences_show_no_sign() -> None:
    assert verdict(0.03, 0.01, 1.0) == verdict(-0.03, 0.01, -1.0) == "holds"
    assert verdict(-0.03, 0.01, 1.0) == "opposite"
    assert verdict(0.019, 0.01, 1.0) == verdict(0.5, math.nan, 1.0) == "not seen"


def test_the_table_has_differences_to_the_mean_of_the_anchor() -> None:
    models = {name: small(hpcm(16), variant) for name, variant in VARIANTS.items()}
    results = {name: [{"rows": [{"cost": 1.1}]}] for name in VARIANTS}
    results[ANCHOR] = [{"rows": [{"cost": cost}]} for cost in (0.99, 1.0, 1 / 0.99)]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in summary(models, results).splitlines()[2:]]
    cells = {line[0]: line[1:] for line in lines}
    assert cells["(2,3,3)"] == [
        *("663.89", "663.90", f"{size(models['(2,3,3)']).macs_per_pixel / 1000:.2f}", "1", "1.1000", "+10.00 %"),
        *("2.01 %", "+2.39 %", "holds"),  # log(1 / 0.99) is the standard deviation of the anchor's three
    ]
    assert cells["(2,3,12)"][-1] == "opposite" and cells[ANCHOR][-2:] == ["", ""]


def test_all_variants_train(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "train.npy", pictures(side=320))
    np.save(tmp_path / "val.npy", pictures(2, 256))
    data = ["--data", str(tmp_path / "train.npy"), "--validation", str(tmp_path / "val.npy")]
    command = [*data, "--out", str(tmp_path / "runs"), "--steps", "1", "--rung", "hpcm-m16", "--anchor-seeds", "0,1"]
    hpcm_ablations.main(command)
    first = capsys.readouterr().out
    assert "hpcm-m16, 1 steps, 2 crops." in first and len(list((tmp_path / "runs").iterdir())) == 8
    hpcm_ablations.main(command)
    assert capsys.readouterr().out == first[first.index("hpcm-m16, 1 steps") :]
    assert "hpcm-m16-psi" not in CONFIGS
