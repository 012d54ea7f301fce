"""The search for a decoder: the space, the time model, the funnel, and all commands on a small scale."""

from pathlib import Path

import numpy as np
import pytest
import torch

from studies.search import rows, space, time_model, timing
from studies.search.__main__ import CHOSEN, TIMES, TRAINED, main
from studies.search.funnel import SHIPPED, Funnel, Run, following
from studies.search.space import TODAY, Shape
from tests.pictures import picture
from tests.training.runs import trainer
from tintype.models import torch_file
from tintype.models.macs import count_macs
from tintype.models.pico.layers import Conv
from tintype.models.pico.network import Pico, Synthesis
from tintype.training import checkpoint


@pytest.fixture(scope="module")
def shapes() -> space.Shapes:
    return space.within_filter()


def test_every_decoder_of_the_space_has_its_own_name(shapes: space.Shapes) -> None:
    everything = space.everything()
    assert len(np.unique(everything, axis=0)) == len(everything) > len(shapes) > 500_000
    assert (shapes == TODAY.row).all(1).sum() == 1
    for row in everything[:: len(everything) // 50]:
        assert Shape.named(Shape.of(row).name).row.tolist() == row.tolist()


def test_the_formula_counts_what_the_counter_counts(shapes: space.Shapes) -> None:
    side = 32
    for shape in (TODAY, *timing.draw(shapes, 5, seed=3)):
        with torch.device("meta"):
            synthesis = Synthesis(shape.config)
            folding = sum(count_macs(layer.folded) for layer in synthesis.modules() if isinstance(layer, Conv))
            counted = count_macs(synthesis, torch.empty(1, 320, side // 16, side // 16)) - folding
        assert counted / side**2 / 1000 == pytest.approx(space.kmac_per_pixel(shape.row[None])[0], rel=1e-12)


def seconds(shape: Shape) -> float:
    """A time that depends on more than multiply-adds."""
    return float(0.2 + 0.05 * space.kmac_per_pixel(shape.row[None])[0] + 0.004 * shape.channels[2] * shape.blocks[2])


def measured(shapes: list[Shape]) -> list[rows.Row]:
    return [{"shape": shape.name, "native_ratio": seconds(shape) / seconds(TODAY)} for shape in shapes]


def test_the_model_orders_decoders_that_it_has_not_seen(shapes: space.Shapes) -> None:
    found = time_model.fit(measured(timing.draw(shapes, 90, seed=0)), "native")
    value, low, high = found.correlation
    assert (found.fitted, found.unseen) == (60, 30)
    assert 0.99 < low <= value <= high <= 1 and found.error < 0.01
    assert found.predict(TODAY.row[None])[0] == pytest.approx(1, abs=0.01)


def test_a_cut_line_is_neither_read_nor_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rows.jsonl"
    rows.append(path, {"a": 1})
    path.write_text(path.read_text() + '{"a": 2')
    assert rows.read(path) == [{"a": 1}]
    rows.append(path, {"a": 3})
    assert rows.read(path) == [{"a": 1}, {"a": 3}]


def test_the_funnel_keeps_the_best_and_then_trains_the_control(shapes: space.Shapes) -> None:
    names = [shape.name for shape in timing.draw(shapes, 6, seed=0)]
    chosen = [{"budget": 0.5, "arm": "funnel" if i < 4 else "control", "shape": name} for i, name in enumerate(names)]
    quality = dict(zip(names, [3.0, 9.0, 1.0, 7.0, 5.0, 5.0], strict=True))
    trained: list[rows.Row] = []
    halving = Funnel(steps=(1, 4), keep=(4, 2))
    while run := following(chosen, trained, [0.5], halving, seeds=[1]):
        psnr = [quality.get(run.shape, 4.0) - 0.5 * run.seed] * 8
        trained.append({"shape": run.shape, "steps": run.steps, "seed": run.seed, "psnr": psnr})
    runs = [Run(row["shape"], row["steps"], row["seed"]) for row in trained]
    today = TODAY.name
    assert runs == [
        *(Run(name, 1) for name in (today, *names[:4])),
        *(Run(name, 4) for name in (today, names[1], names[3])),
        *(Run(name, 4) for name in names[4:]),  # 12 steps in all pay for three decoders, of which two are there
        Run(today, 1, 1),
        Run(today, 4, 1),
        Run(names[1], 4, 1),
    ]
    assert halving.controls == 3


def test_times_are_measured_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        main(["--results", str(tmp_path), "time", "--count", "2", "--side", "64", "--repeats", "1"])
    found = rows.read(tmp_path / TIMES)
    assert found[0]["shape"] == TODAY.name and len({row["shape"] for row in found}) == len(found) == 3
    assert all(0 < row[f"{engine}_ratio"] < 20 for row in found for engine in ("native", "onnx"))


def test_all_commands_end_in_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shapes: space.Shapes
) -> None:
    # times that do not depend on the machine
    monkeypatch.setattr(timing, "runs", lambda shape, side: dict.fromkeys(("native", "onnx"), lambda: seconds(shape)))
    monkeypatch.setattr(timing, "ratios", lambda run, anchor, repeats: (run() / anchor(), 30.0))
    np.save(tmp_path / "train.npy", np.stack([picture(160, 160, seed) for seed in range(3)]))
    np.save(tmp_path / "validation.npy", np.stack([picture(256, 256, 9)]))
    trainer("pico_s", tmp_path / "weights", "steps=0").run(report=lambda _: None)
    results = ["--results", str(tmp_path)]
    train = ["train", "--weights", str(tmp_path / "weights"), "--data", str(tmp_path / "train.npy")]
    train += ["--validation", str(tmp_path / "validation.npy"), "--out", str(tmp_path / "out"), "--crops", "16"]
    funnel = ["--steps", "1,2", "--keep", "2,1"]

    main([*results, "time", "--count", "45"])
    main([*results, "choose", "--budgets", "0.6", "--count", "2", "--controls", "2"])
    chosen = rows.read(tmp_path / CHOSEN)
    assert [row["arm"] for row in chosen] == ["funnel", "funnel", "control", "control"]
    assert all(abs(row["ratio"] / 0.6 - 1) <= 0.05 for row in chosen)

    main([*results, *train, "--budgets", "0.6", *funnel, "--seeds", "1", "--minutes", "0"])
    assert [row["shape"] for row in rows.read(tmp_path / TRAINED)] == [SHIPPED]
    for _ in range(2):
        main([*results, *train, "--budgets", "0.6", *funnel, "--seeds", "1"])
    trained = rows.read(tmp_path / TRAINED)
    assert len(trained) == 1 + 3 + 2 + 2 + 3  # shipped; two rungs with today's; the control; seeds
    assert all(np.isfinite(row["psnr"]).all() and len(row["psnr"]) == 8 for row in trained)

    longest = [row for row in trained if row["steps"] == 2]
    assert all(np.allclose(row["psnr"], row["native_psnr"], atol=0.2) for row in longest)

    kept = next((tmp_path / "out").glob("*.pt"))
    join = ["join", str(kept), "--weights", str(tmp_path / "weights"), "--name", "other", "--out", str(tmp_path / "o")]
    main([*results, *join])
    state, _ = checkpoint.load(tmp_path / "o")
    assert state["config"]["model"] == "other"
    shape = Shape.named(kept.stem.rsplit("-", 2)[0])
    torch_file.fill(Pico(shape.config), state["ema"], "the joined checkpoint")

    (tmp_path / "docs").mkdir()
    main([*results, "page", "--docs", str(tmp_path / "docs"), *funnel])
    page = (tmp_path / "docs/search.md").read_text()
    assert all(f"`{row['shape']}`" in page for row in trained if row["seed"] == 1)
    assert page.count("| 0.6 | funnel |") == 2 and page.count("| 0.6 | control |") == 1
    assert "<svg" in (tmp_path / "docs/figures/search.svg").read_text()
