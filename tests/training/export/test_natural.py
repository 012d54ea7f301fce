"""The natural look of a bundle: exported from a run that began with the bundle's weights, and from no other."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.natural import OPENED
from tests.pictures import picture
from tests.training.runs import pictures
from tintype.api import Codec
from tintype.models.pico.layers import Conv
from tintype.models.pico.network import SIZES, Pico, Synthesis
from tintype.training import checkpoint
from tintype.training.__main__ import main
from tintype.training.export.natural import between
from tintype.training.export.pico import export
from tintype.training.export.ship import install
from tintype.training.objectives.natural import NATURAL
from tintype.weights.bundle import Bundle


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with its manifest, a run that began there, a gate, and pictures."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("natural")
    model = Pico(SIZES["pico-s"])
    base, _ = export(model, pictures(3), "base", {})
    install(base, folder)
    checkpoint.save(folder / "run", state_of(model), None)
    np.savez(folder / "gate.npz", weights_hash=np.frombuffer(base.weights_hash(), np.uint8), **OPENED.to_arrays())
    np.save(folder / "pictures.npy", pictures())
    return folder


def state_of(model: Pico) -> dict[str, Any]:
    """As a run leaves it, whose natural synthesis is half as strong as the faithful one."""
    weights = {name: value.half() for name, value in model.state_dict().items()}
    natural = {
        NATURAL + name.removeprefix("synthesis."): value / (2 if "out." in name else 1)
        for name, value in weights.items()
        if name.startswith("synthesis.")
    }
    return {"step": 5, "pixels": 9, "seconds": 7.0, "config": {"model": "pico-s"}, "ema": weights | natural}


def arguments(folder: Path, run: str = "run", gate: str = "gate.npz") -> list[str]:
    data = str(folder / "pictures.npy")
    return [
        *("export", str(folder / run), "--out", str(folder), "--base", str(folder / "base.tintmodel")),
        *("--data", data, "--validation", data, "--gate", str(folder / gate), "--provenance", "drawn"),
    ]


def test_an_exported_look_is_found_beside_its_bundle(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "base.tintmodel").read_bytes()
    main(arguments(folder))
    assert "base.natural.tintmodel: " in capsys.readouterr().out
    assert (folder / "base.tintmodel").read_bytes() == before
    natural = Bundle.read(folder / "base.natural.tintmodel")
    assert natural.card["training"]["steps"] == 5 and natural.card["training"]["provenance"] == "drawn"
    assert natural.card["licence"] == "Apache-2.0" and len(natural.card["validation"]) == 8
    assert "natural_sha256" in json.loads((folder / "manifest.json").read_text())["base"]
    path = str(folder / "base.tintmodel")
    data = Codec(path, threads=1).encode(picture(64, 64), 10, content="photo")
    plain, drawn = (np.asarray(Codec(path, look=look, threads=1).decode(data)) for look in ("faithful", "natural"))
    assert not np.array_equal(plain, drawn)
    with pytest.raises(SystemExit, match=r"base\.natural\.tintmodel"):  # --force would replace it
        main(arguments(folder))


def test_weights_between_both_syntheses() -> None:
    torch.manual_seed(0)
    faithful, natural = Synthesis(SIZES["pico-s"]), Synthesis(SIZES["pico-s"])
    for layer in faithful.modules():
        if isinstance(layer, Conv):
            torch.nn.init.uniform_(layer.s_in, 0.5, 2)
            torch.nn.init.uniform_(layer.s_out, 0.5, 2)
    ends = [each.out.folded()[0] for each in (faithful, natural)]
    y_hat = torch.randn(1, 320, 2, 2)
    expected = natural(y_hat)
    between(faithful, natural, 1.0)
    torch.testing.assert_close(natural(y_hat), expected)
    between(faithful, natural, 0.25)
    torch.testing.assert_close(natural.out.folded()[0], 0.75 * ends[0] + 0.25 * ends[1])


def test_a_share_of_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(SystemExit, match="--share 0: must be above 0"):
        main([*arguments(folder), "--force", "--share", "0"])


def test_a_run_or_a_gate_of_other_weights_is_refused(folder: Path) -> None:
    torch.manual_seed(1)
    checkpoint.save(folder / "other", state_of(Pico(SIZES["pico-s"])), None)
    with pytest.raises(SystemExit, match="began from other weights than those of base"):
        main([*arguments(folder, "other"), "--force"])
    np.savez(folder / "other.npz", weights_hash=np.zeros(8, np.uint8), **OPENED.to_arrays())
    with pytest.raises(SystemExit, match="fitted to other weights"):
        main([*arguments(folder, gate="other.npz"), "--force"])


@pytest.mark.parametrize("name", ["pictures.npy", "missing.npz", "half.npz"])
def test_a_file_that_is_no_gate_is_refused(folder: Path, name: str) -> None:
    np.savez(folder / "half.npz", weight=np.zeros(3))
    with pytest.raises(SystemExit, match=rf"{name}: no gate .*tintype\.training\.export\.gate"):
        main([*arguments(folder, gate=name), "--force"])


def test_options_of_the_other_kind_are_refused(folder: Path) -> None:
    with pytest.raises(SystemExit, match="--name is no option of the natural look of pico-s"):
        main([*arguments(folder), "--name", "a"])
    with pytest.raises(SystemExit, match="--gate is needed to export the natural look of pico-s"):
        main(arguments(folder)[:10])
