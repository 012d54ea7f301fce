"""The command as users run it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.command import tintype
from tests.training.runs import SMALL, pictures
from tintype.training import checkpoint
from tintype.training.__main__ import main
from tintype.training.command import line

BLOCKED = """
import sys

for name in ("onnx", "onnxruntime", "safetensors", "lightning_fabric", "rich", "matplotlib"):
    sys.modules[name] = None  # as if it were not installed
import tintype.models.pico.network, tintype.models.hpcm, tintype.models.pico.start
from tintype.training.__main__ import main
main(sys.argv[1:])
"""

EVENTS = """
import json, sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

found = EventAccumulator(sys.argv[1])
found.Reload()
tags = found.Tags()["scalars"]
print(json.dumps({tag: [(event.step, event.value) for event in found.Scalars(tag)] for tag in tags}))
"""


def options(folder: Path, *settings: str) -> list[str]:
    np.save(folder / "pictures.npy", pictures())
    chosen = [part for setting in (*SMALL["pico_s"], *settings) for part in ("--set", setting)]
    return ["--data", "pictures.npy", "--validation", "pictures.npy", "--out", "run", *chosen]


def test_training_needs_torch_numpy_and_pillow_alone(tmp_path: Path) -> None:
    arguments = ["run", "pico_s", *options(tmp_path, "steps=2")]
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "step 2" in done.stdout and "validation 7" in done.stdout
    assert (tmp_path / "run" / "curve.svg").exists()
    assert [json.loads(text)["step"] for text in (tmp_path / "run" / "log.jsonl").read_text().splitlines()] == [1, 2, 2]


def test_wrong_settings_and_missing_folders_are_one_clear_line(tmp_path: Path) -> None:
    wrong = tintype(tmp_path, "train", "run", "pico_s", *options(tmp_path, "bach=3"))
    assert wrong.status == 2 and "bach=3" in wrong.err and wrong.err.count("\n") == 1
    missing = tintype(
        tmp_path, "train", "run", "pico_s", "--data", "nothing", "--validation", "nothing", "--out", "run"
    )
    assert missing.status == 3 and "nothing: there is no such folder" in missing.err


def test_two_processes_learn_as_one(tmp_path: Path) -> None:
    """The same global batch; sums in another order, so losses agree to float32's last digits."""
    pytest.importorskip("lightning_fabric")
    found = {}
    for count in ("1", "2"):
        arguments = [*options(tmp_path, "steps=3", "learning_rate=1e-4"), "--out", count, "--processes", count]
        # not `tintype`, which turns warnings into errors: Fabric has some
        done = subprocess.run(
            [sys.executable, "-m", "tintype.training", "run", "pico_s", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = (tmp_path / count / "log.jsonl").read_text().splitlines()
        found[count] = [json.loads(text) for text in lines[:-1]]  # the last is a validation
    assert len(found["1"]) == 3
    for key in ("loss", "norm", "bpp", "psnr"):
        assert [r[key] for r in found["2"]] == pytest.approx([r[key] for r in found["1"]], rel=1e-4)


def test_tensorboard_reads_the_numbers_of_the_log(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    arguments = ["run", "pico_s", *options(tmp_path, "steps=2"), "--tensorboard"]
    done = subprocess.run(  # not `tintype`, which turns warnings into errors: TensorBoard may have some
        [sys.executable, "-m", "tintype.training", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    script = [sys.executable, "-c", EVENTS, str(tmp_path / "run")]
    read = json.loads(subprocess.run(script, capture_output=True, text=True, check=True).stdout)
    first, second, validation = map(json.loads, (tmp_path / "run" / "log.jsonl").read_text().splitlines())
    for key in ("loss", "bpp", "psnr", "norm", "rate", "images_per_second", "pixels"):
        expected = [[1, pytest.approx(first[key])], [2, pytest.approx(second[key])]]
        assert read[key] == expected
    for anchor, row in enumerate(validation["validation"]):
        for key, value in row.items():
            assert read[f"validation/{anchor}/{key}"] == [[2, pytest.approx(value)]]
    assert len(validation["validation"]) == 8


def test_a_line_shows_the_share_of_the_peak() -> None:
    record = {"step": 3, "finite": True, "loss": 1.5, "cost_by_level": [1.0, None], "images_per_second": 2.0}
    assert line(record, 0.1) == "step 3  loss 1.5  cost_by_level 1/-  images_per_second 2  peak 20.0%"


@pytest.mark.parametrize("name", ["run", "pack", "draw", "text-masks", "keep", "export"])
def test_every_subcommand_has_help_and_the_page_of_all_names_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0 and f"tintype.training {name}" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--help"])
    assert re.search(rf"\n    {name}\s", capsys.readouterr().out)


def test_a_run_is_replaced_only_with_force(tmp_path: Path) -> None:
    arguments = ["train", "run", "pico_s", *options(tmp_path, "steps=2")]
    assert tintype(tmp_path, *arguments).status == 0
    log = (tmp_path / "run" / "log.jsonl").read_bytes()
    refused = tintype(tmp_path, *arguments)
    assert refused.status == 2 and "run: holds a run; --resume continues it, --force replaces it" in refused.err
    assert (tmp_path / "run" / "log.jsonl").read_bytes() == log
    assert tintype(tmp_path, *arguments, "--set", "steps=1", "--force").status == 0
    steps = [json.loads(text)["step"] for text in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert steps == [1, 1]


def test_masks_are_not_read_where_no_term_needs_them(tmp_path: Path) -> None:
    np.save(tmp_path / "pictures.text.npy", np.zeros((1, 2, 3), np.uint8))  # of other pictures
    assert tintype(tmp_path, "train", "run", "pico_s", *options(tmp_path, "steps=1")).status == 0


def test_export_refuses_options_of_the_other_family(tmp_path: Path) -> None:
    for folder, model in (("pico", "pico-s"), ("hpcm", "hpcm-nano")):
        checkpoint.save(tmp_path / folder, {"step": 1, "ema": {}, "config": {"model": model}}, None)
    with pytest.raises(SystemExit, match="--name is for pico only"):
        main(["export", str(tmp_path / "hpcm"), "--out", "a.safetensors", "--name", "a"])
    with pytest.raises(SystemExit, match=r"give --out FILE\.safetensors"):
        main(["export", str(tmp_path / "hpcm"), "--out", "a"])
    with pytest.raises(SystemExit, match="--data is needed to export pico-s"):
        main(["export", str(tmp_path / "pico"), "--out", "a"])
