"""Results of `tintype train` are complete or absent, and replaced only with --force."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.cli.command import tintype
from tests.training.runs import pictures, trainer
from tintype.models.hpcm import CONFIGS
from tintype.models.hpcm.network import HPCM
from tintype.replacing import staged
from tintype.training import checkpoint
from tintype.training.__main__ import main
from tintype.training.pictures import drawn, shards
from tintype.weights.bundle import Bundle


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def prepare_pictures(folder: Path) -> None:
    (folder / "in").mkdir()
    for number, picture in enumerate(pictures(2, 64)):
        Image.fromarray(picture).save(folder / "in" / f"{number}.png")


def prepare_pico(folder: Path) -> None:
    run = trainer("pico_s", folder / "run")
    run.save()


def prepare_hpcm(folder: Path) -> None:
    torch.manual_seed(0)
    model = HPCM(CONFIGS["hpcm-nano"])
    checkpoint.save(folder / "run", {"step": 1, "ema": model.state_dict(), "config": {"model": "hpcm-nano"}}, None)


@pytest.mark.parametrize(
    ("prepare", "command", "target"),
    [
        (prepare_pictures, ["pack", "in", "out/all.npy", "--side", "64"], "out/all.npy"),
        (prepare_pictures, ["pack", "in", "out", "--side", "64"], "out/pictures-00000.shard.zip"),
        (prepare_pictures, ["draw", "--out", "out", "--count", "1", "--side", "64"], "out/graphic0000.png"),
        (prepare_pico, ["keep", "run", "out"], "out/checkpoint.json"),
        (prepare_hpcm, ["export", "run", "--out", "out/a.safetensors"], "out/a.safetensors"),
    ],
)
def test_an_earlier_result_is_replaced_only_with_force(
    prepare: Callable[[Path], None],
    command: list[str],
    target: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    main(command)
    made = files(tmp_path / "out")
    Path(target).write_bytes(b"earlier")

    with pytest.raises(SystemExit, match=f"^tintype.training: {target}: exists; --force replaces it"):
        main(command)
    assert Path(target).read_bytes() == b"earlier"

    main([*command, "--force"])
    replaced = files(tmp_path / "out")
    # sizes: safetensors writes its metadata in any order
    assert {name: len(data) for name, data in replaced.items()} == {name: len(data) for name, data in made.items()}
    assert Path(target).read_bytes() != b"earlier"


def test_a_refusal_has_the_exit_status_of_wrong_usage(tmp_path: Path) -> None:
    drawn.write(tmp_path / "out", 2, 64)
    done = tintype(tmp_path, "train", "draw", "--out", "out", "--count", "1", "--side", "64")
    assert done.status == 2 and done.err.count("\n") == 1
    assert "out/graphic0000.png and 1 more: exists; --force replaces it" in done.err


def test_shards_of_a_larger_set_do_not_stay_among_those_of_a_smaller_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "FILE_BYTES", 20_000)
    before = shards.write(pictures(4, 64), tmp_path, "raw")
    after = shards.write(pictures(1, 64), tmp_path, "raw")
    assert len(before) > len(after) == 1
    assert np.array_equal(shards.read(shards.shards_in(tmp_path)), pictures(1, 64))


def test_drawing_over_earlier_pictures_leaves_photographs_alone(tmp_path: Path) -> None:
    drawn.write(tmp_path, 3, 64)
    (tmp_path / "photo.png").write_bytes(b"a photo")
    drawn.write(tmp_path, 1, 64, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graphic0000.png", "photo.png"]


def test_a_failure_midway_leaves_the_earlier_result_and_no_trace(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("earlier")
    with pytest.raises(OSError, match="disk full"), staged(tmp_path, [tmp_path / "a"]) as part:
        (part / "a").write_text("half")
        raise OSError("disk full")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "earlier"}


def test_pictures_none_of_which_can_be_read_leave_no_packed_array(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "torn.png").write_bytes(b"no picture")
    with pytest.raises(SystemExit, match=r"none of the 1 pictures can be read; .*torn\.png: not a picture"):
        main(["pack", str(tmp_path / "in"), str(tmp_path / "out" / "all.npy"), "--side", "64"])
    assert not list((tmp_path / "out").iterdir())


def test_a_checkpoint_of_pico_is_exported_to_a_bundle_that_a_second_export_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare_pico(tmp_path)
    monkeypatch.chdir(tmp_path)
    np.save("pictures.npy", pictures(2, 64))
    command = ["export", "run", "--out", "out", "--name", "mine"]
    command += ["--data", "pictures.npy", "--validation", "pictures.npy", "--pictures", "2"]
    main(command)
    made = files(Path("out"))
    assert sorted(made) == ["manifest.json", "mine.readout.npz", "mine.tintmodel"]
    bundle = Bundle.read(Path("out/mine.tintmodel"))
    assert bundle.card["name"] == "mine" and bundle.card["training"]["steps"] == 0
    assert bundle.weights_hash().hex() in capsys.readouterr().out

    with pytest.raises(SystemExit, match=r"out/mine\.tintmodel: exists; --force replaces it"):
        main(command)
    assert files(Path("out")) == made


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "run", {"step": 1, "ema": {}, "config": {"model": "pico-s"}}, None)
    command = ["export", str(tmp_path / "run"), "--out", "out", "--name", "../mine", "--data", "a", "--validation", "a"]
    with pytest.raises(SystemExit, match=r"--name \.\./mine: a name, not a path"):
        main(command)
