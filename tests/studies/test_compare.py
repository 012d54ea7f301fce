"""Studies: their arms exist, differ in what they say, and are judged by their spread."""

import math
from pathlib import Path

import numpy as np
import pytest

from studies.compare import STUDIES, Checkerboard, main, prepared, table
from tests.training.runs import pictures
from tintype.training import checkpoint
from tintype.training.recipes import configure


@pytest.mark.parametrize("name", STUDIES)
def test_arms_are_valid_runs_that_differ(name: str) -> None:
    study = STUDIES[name]
    made = [
        (configure(study.recipe, [*study.common, *arm.settings]), [constant[1:] for constant in arm.constants])
        for arm in study.arms.values()
    ]
    for arm in study.arms.values():
        for module, constant, value in arm.constants:
            assert type(getattr(module, constant)) is type(value)
    assert len({str(arm) for arm in made}) == len(made) >= 2


def test_the_colours_of_a_checkerboard_share_out_all_cells() -> None:
    first, second = (Checkerboard(colour).mask((3, 4, 6)) for colour in (0, 1))
    assert np.array_equal(first + second, np.ones((3, 4, 6)))
    assert first[0, 0].tolist() == first[1, 1].tolist() == [1, 0, 1, 0, 1, 0]


def result(cost: float) -> dict[str, object]:
    return {"rows": [{"cost": cost}] * 8, "milliseconds": 7.0}


def test_a_difference_below_twice_the_spread_is_no_result() -> None:
    spread = 0.01  # standard deviation of the logarithms in each arm
    arms = {
        name: [result(math.exp(mean - spread / math.sqrt(2))), result(math.exp(mean + spread / math.sqrt(2)))]
        for name, mean in (("ours", 0.0), ("alike", 0.019), ("apart", 0.021))
    }
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table(arms).splitlines()[2:]]
    assert [row[-2] for row in rows] == ["-", "none", "yes"]
    assert [row[-4] for row in rows] == ["+0.0 %", "+1.9 %", "+2.1 %"]
    assert {row[-3] for row in rows} == {"2.0 %"}


WEIGHTS = Path(__file__).parents[2] / "weights/training/pico-s-psnr"


@pytest.mark.parametrize("name", STUDIES)
def test_runs_from_trained_weights_have_yet_to_learn_what_a_study_is_about(name: str, tmp_path: Path) -> None:
    unlearnt = STUDIES[name].unlearnt
    (before, _), (after, _) = checkpoint.load(WEIGHTS), checkpoint.load(prepared(WEIGHTS, unlearnt, tmp_path))
    assert after["step"] == 0 and "model" not in after
    assert all(before["ema"][each].any() and not after["ema"][each].any() for each in unlearnt)
    others = before["ema"].keys() - unlearnt
    assert others and all((before["ema"][each] == after["ema"][each]).all() for each in others)


def test_a_study_goes_on_from_trained_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "train.npy", pictures(side=320))
    np.save(tmp_path / "val.npy", pictures(1, 256))
    data = ["--data", str(tmp_path / "train.npy"), "--validation", str(tmp_path / "val.npy")]
    command = ["context", *data, "--out", str(tmp_path / "runs"), "--steps", "1", "--set", "learning_rate=0"]
    tables = []
    for init in ([], ["--init", str(WEIGHTS), "--judges"]):
        main([*command, *init, "--seeds", "0"])
        printed = capsys.readouterr().out
        tables.append(printed[printed.index("| arm |") :].splitlines()[2:6])
    judged = [line.split("|")[1:3] for line in printed.splitlines()[-3:]]
    assert [name.strip() for name, _ in judged] == ["none", "checkerboard", "four passes"]
    assert all(abs(float(percent.split("%")[0])) < 2 for _, percent in judged)
    costs = [[float(line.split("|")[2]) for line in lines] for lines in tables]
    # no context yet, and no step: passes do not differ
    assert all(max(each) - min(each) < 0.02 * max(each) for each in costs)
    assert max(costs[1]) < 0.7 * min(costs[0])
