"""Search for a decoder of pico that is faster at equal quality: PICO's funnel (section 4.3) on a small budget.

    python -m studies.search time
    python -m studies.search model
    python -m studies.search choose
    python -m studies.search train --data PICTURES --validation CROPS --out FOLDER --minutes 60
    python -m studies.search join FOLDER/DECODER.pt --name SIZE --out RUN
    python -m studies.search page

`time` measures random decoders of the space (studies/search/space.py) on both engines. `model` fits a sum over
layers to these times and checks it on decoders that it has not seen. `choose` draws some decoders for each time
budget. `train` trains them with encoder and entropy model as shipped: many a little, the best ones longer, one
longest, and a control of random ones as long as that one. `join` makes a checkpoint with a found decoder, whose
training goes on with encoder and entropy model. `page` writes docs/search.md from what there is.

Each command goes on where it was stopped; its rows are in studies/results/search. Times are CPU times of one thread.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from studies.search import choosing, funnel, latents, page, rows, space, time_model, timing, training
from studies.search.funnel import SHIPPED, Funnel
from tintype.models import torch_file
from tintype.training import checkpoint
from tintype.training.pictures.crops import load

RESULTS = Path(__file__).parents[1] / "results" / "search"
DOCS = Path(__file__).parents[2] / "docs"
WEIGHTS = Path(__file__).parents[2] / "weights/training/pico-s-psnr"
TIMES, CONFIRMED, CHOSEN, TRAINED = "times.jsonl", "confirmed.jsonl", "chosen.jsonl", "trained.jsonl"


def main(arguments: list[str] | None = None) -> None:
    """Run one step of the study."""
    torch.set_num_threads(1)
    options = parser().parse_args(arguments)
    options.run(options)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--results", type=Path, default=RESULTS, help="folder of rows (default: %(default)s)")
    steps = made.add_subparsers(required=True, metavar="STEP")

    step = steps.add_parser("time", help="measure random decoders on the engines")
    step.add_argument("--count", type=int, default=320, help="decoders (%(default)s)")
    _add_timing(step)
    step.set_defaults(run=measure)

    step = steps.add_parser("model", help="fit and check a model of these times")
    step.set_defaults(run=check)

    step = steps.add_parser("choose", help="draw decoders for each time budget")
    step.add_argument("--budgets", type=_numbers(float), default=(0.5, 0.25, 1.0), help="shares of today's time")
    step.add_argument("--count", type=int, default=24, help="decoders of the funnel, for each budget (%(default)s)")
    step.add_argument("--controls", type=int, default=4, help="decoders of the control, for each budget (%(default)s)")
    _add_timing(step)
    step.set_defaults(run=choose)

    step = steps.add_parser("train", help="train decoders on latents of the shipped encoder")
    step.add_argument("--data", type=Path, required=True, help="training pictures")
    step.add_argument("--validation", type=Path, required=True, help="256x256 crops")
    step.add_argument("--out", type=Path, required=True, help="folder of decoded latents and of weights; 3 GB")
    step.add_argument("--weights", type=Path, default=WEIGHTS, help="checkpoint of the encoder (%(default)s)")
    step.add_argument("--budgets", type=_numbers(float), default=(0.5, 0.25, 1.0), help="in this order")
    step.add_argument("--steps", type=_numbers(int), default=Funnel().steps, help="of each rung")
    step.add_argument("--keep", type=_numbers(int), default=Funnel().keep, help="decoders of each rung")
    step.add_argument("--seeds", type=_numbers(int), default=(1, 2), help="further ones of winners and today's decoder")
    step.add_argument(
        "--crops", type=int, default=32768, help="training crops of 128x128; few ones are learnt by heart"
    )
    step.add_argument("--pictures", type=int, default=21, help="validation crops, spread over all (%(default)s)")
    step.add_argument("--minutes", type=float, default=np.inf, help="of CPU time; no run begins after that")
    step.set_defaults(run=train)

    step = steps.add_parser("join", help="make a checkpoint of pico-s with a found decoder, for `tintype train --init`")
    step.add_argument("decoder", type=Path, help="weights that `train` kept in its folder")
    step.add_argument("--weights", type=Path, default=WEIGHTS, help="checkpoint of pico-s (%(default)s)")
    step.add_argument("--name", required=True, help="of the size, a row of SIZES with this decoder")
    step.add_argument("--out", type=Path, required=True, help="folder of the new checkpoint")
    step.set_defaults(run=join)

    step = steps.add_parser("page", help="write the page from all rows")
    step.add_argument("--docs", type=Path, default=DOCS)
    step.add_argument("--steps", type=_numbers(int), default=Funnel().steps)
    step.add_argument("--keep", type=_numbers(int), default=Funnel().keep)
    step.set_defaults(run=write)
    return made


def _add_timing(step: argparse.ArgumentParser) -> None:
    step.add_argument("--side", type=int, default=512, help="of the tile (%(default)s)")
    step.add_argument("--repeats", type=int, default=5, help="pairs of each decoder and today's (%(default)s)")


def _numbers(kind: type[Any]) -> Any:
    return lambda text: tuple(kind(part) for part in text.split(","))


def measure(options: argparse.Namespace) -> None:
    shapes = [space.TODAY, *timing.draw(space.within_filter(), options.count, seed=0)]
    timing.measure(shapes, options.results / TIMES, options.side, options.repeats)


def check(options: argparse.Namespace) -> None:
    print(page.time_models(rows.read(options.results / TIMES)))


def choose(options: argparse.Namespace) -> None:
    """Replace the chosen ones; those of budgets that are not asked for stay."""
    path, confirmed = options.results / CHOSEN, options.results / CONFIRMED
    model = time_model.fit(rows.read(options.results / TIMES), "native")
    kept = [row for row in rows.read(path) if row["budget"] not in options.budgets]
    counts = options.count, options.controls
    found = choosing.choose(
        space.within_filter(), model, options.budgets, counts, confirmed, options.side, options.repeats
    )
    rows.write(path, (*kept, *found))


def train(options: argparse.Namespace) -> None:
    """Train what is missing, one run after the other."""
    path, chosen = options.results / TRAINED, rows.read(options.results / CHOSEN)
    began, halving = time.process_time(), Funnel(options.steps, options.keep)
    model = latents.load_model(options.weights)
    pictures = load(options.validation, 256)
    pictures = np.array(pictures[:: max(1, len(pictures) // options.pictures)][: options.pictures])
    coded = latents.training(model, load(options.data), options.out, options.crops, 128)
    held_out = latents.validation(model, pictures, options.out)
    if not any(row["shape"] == SHIPPED for row in rows.read(path)):
        psnr = training.evaluate(model.synthesis, held_out)
        rows.append(path, {"shape": SHIPPED, "steps": 0, "seed": 0, "psnr": psnr, "core_seconds": 0.0})
    while time.process_time() - began < 60 * options.minutes:
        run = funnel.following(chosen, rows.read(path), options.budgets, halving, options.seeds)
        if run is None:
            return
        shape = space.Shape.named(run.shape)
        found = training.train(shape, model.synthesis, run.seed, run.steps, coded, held_out)
        row = {"shape": run.shape, "steps": run.steps, "seed": run.seed, "crops": len(coded.y), "psnr": found.psnr}
        row["core_seconds"] = round(found.core_seconds, 1)
        if run.steps == halving.steps[-1]:
            native = training.on_native_engine(found.synthesis, shape)
            row["native_psnr"] = training.evaluate(native, held_out)
            torch.save(found.synthesis.state_dict(), options.out / f"{run.shape}-{run.steps}-{run.seed}.pt")
        rows.append(path, row)
        print(run.shape, run.steps, run.seed, f"{np.mean(found.psnr):.3f} dB, {found.core_seconds:.0f} s", flush=True)


def join(options: argparse.Namespace) -> None:
    """Put a decoder into a checkpoint, in place of the one that is there."""
    state, _ = checkpoint.load(options.weights)
    decoder = torch_file.read(options.decoder.read_bytes(), str(options.decoder))
    ema = {name: value for name, value in state["ema"].items() if not name.startswith("synthesis.")}
    ema |= {f"synthesis.{name}": value for name, value in decoder.items()}
    state.pop("model", None)  # averages are enough to go on from
    checkpoint.save(options.out, {**state, "ema": ema, "config": {**state["config"], "model": options.name}}, None)


def write(options: argparse.Namespace) -> None:
    times, chosen, trained = (rows.read(options.results / name) for name in (TIMES, CHOSEN, TRAINED))
    page.write(options.docs, times, chosen, trained, Funnel(options.steps, options.keep))


if __name__ == "__main__":
    main()
