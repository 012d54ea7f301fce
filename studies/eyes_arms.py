"""What each part of training for eyes does: short runs from one start, judged by measures that are in no loss.

    python -m studies.eyes_arms terms --init weights/training/pico-s-psnr --data PICTURES --validation CROPS ...
    python -m studies.eyes_arms natural --init weights/training/pico-s-eyes --data PICTURES --validation CROPS ...

Each arm changes one thing. FOLDER/results.jsonl gets a row for each arm and seed; rows that are there are not measured
again. Prints a Markdown table: BD-rates against the start on the validation crops (estimated bits), on text that
`tintype train draw` drew, and how far brightness jumps at a border between tiles. The arm `text` needs masks beside the
pictures (`tintype train text-masks`).
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import fmean
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn

from tintype import metrics
from tintype.errors import InputError
from tintype.evaluation.metrics import resnet
from tintype.evaluation.metrics.registry import COLUMNS, METRICS, measure
from tintype.evaluation.results import markdown
from tintype.evaluation.results.bd_rate import Curve, bd_rate_or_none
from tintype.models.pico.network import SIZES, Pico, PicoConfig, Synthesis
from tintype.training import checkpoint
from tintype.training.loop import Trainer
from tintype.training.objectives import features, natural, perceptual
from tintype.training.objectives.objective import pictures_to
from tintype.training.objectives.pico_rate import forward, latents
from tintype.training.pictures import drawn, text_masks
from tintype.training.pictures.crops import Crops, load
from tintype.training.recipes import configure

JUDGES = ("psnr", "ssimulacra2", "resnet", "texture")
TITLES = {name: COLUMNS[name].title for name in ("psnr", "ssimulacra2", "resnet_lp", "resnet_ds", "texture")}
LEVELS = (5, 20, 35, 50, 65)
PAGES, PAGE_SEED = 8, 251  # drawn pictures that no run is trained on
BAND = 8  # pixels on either side of a border, and rows, whose mean errors are compared

Decode = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Pictures (B, 3, S, S) in [0, 1] and levels (B,) to decoded ones, not clipped, and bits (B,)."""
Change = Callable[[Pico, Tensor], AbstractContextManager[None]]
"""What an arm replaces while its run lasts, given the start and some crops."""


def nothing(start: Pico, crops: Tensor) -> AbstractContextManager[None]:
    return nullcontext()


@contextmanager
def random_features(start: Pico, crops: Tensor) -> Iterator[None]:
    """The feature network with random weights; scales are measured again, so that shares mean the same."""
    with patch.object(features.Lite0, "_fill", fill_at_random):
        scales = perceptual.measure_scales(start, perceptual.Terms(None), crops)
        with patch.dict(perceptual.SCALES, scales):
            yield


def fill_at_random(network: features.Lite0, saved: dict[str, Tensor]) -> None:
    """Weights that keep the variance (He et al. 2015), the same at every call."""
    generator = torch.Generator().manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, features._Layer):
            deviation = math.sqrt(2 / layer.weight[0].numel())
            layer.weight.copy_(deviation * torch.randn(layer.weight.shape, generator=generator))


@contextmanager
def noise_planes(start: Pico, crops: Tensor) -> Iterator[None]:
    with patch.object(natural, "Synthesis", NoisySynthesis):
        yield


class NoisySynthesis(Synthesis):
    """A synthesis to which fixed planes of noise are added at 1/4, each with an amplitude that begins at zero."""

    def __init__(self, config: PicoConfig) -> None:
        super().__init__(config)
        self.amplitude = nn.Parameter(torch.zeros(config.decoder[2][0]))
        self.up4.register_forward_hook(lambda _, __, h: h + self.amplitude[:, None, None] * planes(tuple(h.shape[1:])))


@lru_cache
def planes(shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@dataclass(frozen=True, slots=True)
class Arm:
    """What one run changes: settings of the recipe, or what is no setting."""

    settings: tuple[str, ...] = ()
    change: Change = nothing


@dataclass(frozen=True, slots=True)
class Study:
    """Arms on top of `common`, where {step} is the start's and {end} that of the runs' ends."""

    recipe: str
    common: tuple[str, ...]
    levels: tuple[float, ...]
    arms: dict[str, Arm]


SHORT = ("steps={end}", "batch=4", "crop=192", "warmup=20", "ema=0.97", "lambda_weight=-0.4", "clip=100")
STUDIES = {
    "terms": Study(
        "pico_s_eyes",
        (*SHORT, "learning_rate=3e-4", "mse=0.15", "ms_ssim=0.3", "lp=0.35", "wd=0.2"),
        LEVELS,
        {
            "all four terms": Arm(),
            "without squared error": Arm(("mse=0",)),
            "without MS-SSIM": Arm(("ms_ssim=0",)),
            "without lp": Arm(("lp=0",)),
            "without wd": Arm(("wd=0",)),
            "random features": Arm((), random_features),
            "tiles": Arm(("tal=0.1",)),
            "text": Arm(("text=0.1",)),
        },
    ),
    "natural": Study(
        "pico_s_natural",
        (*SHORT, "learning_rate=3e-4", "adversarial_from={step}", "adversarial_rise=40"),
        (0, 10, 20, 30, 40),
        {
            "no discriminator": Arm(("adversarial=0",)),
            "of pixels": Arm(("discriminator_heads=0",)),
            "of features": Arm(("discriminator_width=0",)),
            "of both": Arm(),
            "of both, twice as wide": Arm(("discriminator_width=64", "discriminator_heads=64")),
            "of both, planes of noise": Arm((), noise_planes),
        },
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m studies.eyes_arms", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--init", type=Path, required=True, help="checkpoint that all arms begin from")
    parser.add_argument("--data", type=Path, required=True, help="training pictures")
    parser.add_argument("--validation", type=Path, required=True, help="256x256 crops")
    parser.add_argument("--out", type=Path, required=True, help="folder of results.jsonl")
    parser.add_argument("--arms", default="", help="names separated by semicolons (all)")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--steps", type=int, default=150, help="of every run (%(default)s)")
    parser.add_argument("--crops", type=int, default=16, help="validation crops, spread over all (%(default)s)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    study = STUDIES[options.study]
    arms = [name for name in study.arms if not options.arms or name in options.arms.split(";")]
    options.out.mkdir(parents=True, exist_ok=True)
    results = Results(options.out / "results.jsonl", [options.study, options.init.name, options.steps, options.crops])
    validation = load(options.validation, 256)
    validation = validation[:: max(1, len(validation) // options.crops)][: options.crops]
    train = load(options.data)
    state = checkpoint.load(options.init)[0]
    start = Pico(SIZES[state["config"]["model"]])
    start.load_state_dict(state["ema"])
    if ("start", 0) not in results.rows:
        results.add("start", 0, judged(of_model(start), study.levels, validation))
    for seed in map(int, options.seeds.split(",")):
        for name in arms:
            if (name, seed) not in results.rows:
                trainer, seconds = trained(study, study.arms[name], seed, options, start, state["step"], train)
                row = judged(decoder_of(trainer), study.levels, validation)
                results.add(name, seed, {**row, "seconds_per_step": round(seconds, 3)})
    print(table(results.rows, arms))


class Results:
    """Rows of a file, by arm and seed; those of other studies, starts, steps and crops stay in it."""

    def __init__(self, path: Path, key: list[Any]) -> None:
        self.path, self.key = path, key
        lines = path.read_text().splitlines() if path.exists() else []
        found = [json.loads(line) for line in lines]
        self.rows = {(row["arm"], row["seed"]): row for row in found if row["key"] == key}

    def add(self, arm: str, seed: int, row: dict[str, Any]) -> None:
        self.rows[arm, seed] = {"key": self.key, "arm": arm, "seed": seed, **row}
        with self.path.open("a") as file:
            file.write(json.dumps(self.rows[arm, seed]) + "\n")
        print(arm, seed, "is judged", flush=True)


def trained(
    study: Study, arm: Arm, seed: int, options: argparse.Namespace, start: Pico, step: int, train: Any
) -> tuple[Trainer, float]:
    """An arm's run at its end, and CPU seconds a step."""
    settings = [*study.common, *arm.settings, f"decay={options.steps * 6 // 10}", f"seed={seed}"]
    config = configure(study.recipe, [each.format(step=step, end=step + options.steps) for each in settings])
    with arm.change(start, Crops(train, 0, torch.device("cpu")).batch(0, 8, config.crop)):
        masks = text_masks.beside(options.data)
        trainer = Trainer(config, train, None, options.out, options.init, weights_only=True, masks=masks)
        started = time.process_time()
        while trainer.step < config.steps:
            if not trainer.train_step()["finite"]:
                raise InputError(f"{' '.join(arm.settings)}: step {trainer.step} is not finite")
        return trainer, (time.process_time() - started) / options.steps


def decoder_of(trainer: Trainer) -> Decode:
    """The averaged weights of a run."""
    model = trainer.model
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(trainer.ema[name])
    return of_natural(model) if isinstance(model, natural.NaturalPico) else of_model(model)


def of_model(model: Pico) -> Decode:
    def decode(x: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        x_hat, bits = forward(model, x, level, None)
        return x_hat, torch.stack(bits).sum(0)

    return decode


def of_natural(model: natural.NaturalPico) -> Decode:
    def decode(x: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        y_hat, bits = latents(model, x, level, None)
        return model.natural(y_hat).float(), torch.stack(bits).sum(0)

    return decode


@torch.no_grad()
def judged(decode: Decode, levels: Sequence[float], validation: Any) -> dict[str, Any]:
    """Means over the crops at each level: bpp, judges, jumps at borders; of drawn pages bpp, and PSNR inside text."""
    names = [name for name in JUDGES if not METRICS[name].available()]
    pages = [drawn.drawing(number, 256, PAGE_SEED) for number in range(PAGES)]
    pixels = np.stack([np.asarray(page.picture) for page in pages])
    written = np.stack([np.asarray(page.text) > 0 for page in pages])
    rows: dict[str, list[float]] = {}
    for level in levels:
        found = [_of_crop(decode, crop, level, names) for crop in validation]
        point = {name: fmean(each[name] for each in found) for name in found[0]}
        decoded, bits = _coded(decode, pixels, level)
        error = np.square(decoded.astype(np.float64) - pixels)[written].mean()
        point |= {"page_bpp": bits / written.size, "page_psnr": 10 * math.log10(metrics.PEAK**2 / error)}
        for name, value in point.items():
            rows.setdefault(name, []).append(round(value, 6))
    return rows


def _of_crop(decode: Decode, crop: Any, level: float, names: Sequence[str]) -> dict[str, float]:
    decoded, bits = _coded(decode, crop[None], level)
    at = perceptual.border(crop.shape[1])
    left, right = (_coded(decode, part[None], level)[0] for part in (crop[:, :at], crop[:, at:]))
    found = {"bpp": bits / decoded[0, ..., 0].size, "jump": jump(np.concatenate((left, right), 2)[0], crop, at)}
    return found | {name: value for name, value in measure(names, crop, decoded[0]).items() if name in TITLES}


def _coded(decode: Decode, pictures: Any, level: float) -> tuple[Any, float]:
    """8-bit pictures, decoded, and their bits together."""
    x = pictures_to(torch.device("cpu"), pictures)
    with torch.autocast("cpu", torch.bfloat16):
        x_hat, bits = decode(x, torch.full((len(x),), float(level)))
    decoded = (255 * x_hat.clamp(0, 1)).round().byte().movedim(1, -1).numpy()
    return decoded, float(bits.sum())


def jump(decoded: Any, original: Any, at: int) -> float:
    """How far the mean error of small areas differs across a border, in 8-bit levels."""
    error = decoded.astype(np.float64) - original
    sides = error[:, at - BAND : at].mean(1) - error[:, at : at + BAND].mean(1)  # (H, 3)
    areas = sides[: len(sides) // BAND * BAND].reshape(-1, BAND, 3).mean(1)
    return float(np.abs(areas).mean())


def table(rows: dict[tuple[str, int], dict[str, Any]], arms: Sequence[str]) -> str:
    """BD-rates of the arms against the start, means over the seeds; below it the spread between seeds."""
    start = rows["start", 0]
    shown = [name for name in TITLES if name in start]
    heads = [*(TITLES[name] for name in shown), "PSNR in drawn text", "jump at borders", "CPU s a step"]
    lines: list[list[str]] = []
    squares: list[list[float]] = []
    for arm in arms:
        runs = [changes(start, row, shown) for (name, _), row in rows.items() if name == arm]
        columns = list(zip(*runs, strict=True))
        squares += [[(run - fmean(column)) ** 2 for run, column in zip(row, columns, strict=True)] for row in runs]
        cells = [percent(fmean(column), "+") for column in columns]
        seconds = fmean(row["seconds_per_step"] for (name, _), row in rows.items() if name == arm)
        lines.append([arm, *cells, f"{seconds:.2f}"])
    if (freedom := len(squares) - len(arms)) > 0:
        spreads = [math.sqrt(sum(column) / freedom) for column in zip(*squares, strict=True)]
        cells = [percent(2 * spread) for spread in spreads]
        lines.append(["twice the spread between seeds", *cells, ""])
    return markdown.table(["arm", *heads], lines)


def percent(value: float, sign: str = "") -> str:
    return "-" if math.isnan(value) else f"{value:{sign}.1f} %"


def changes(start: dict[str, Any], row: dict[str, Any], shown: Sequence[str]) -> list[float]:
    """BD-rates, then the change of the jump, all in per cent; NaN where curves have too little in common."""
    found = [_bd_rate(start, row, "bpp", name) for name in shown]
    jumps = 100 * (fmean(row["jump"]) / fmean(start["jump"]) - 1)
    return [*found, _bd_rate(start, row, "page_bpp", "page_psnr"), jumps]


def _bd_rate(start: dict[str, Any], row: dict[str, Any], rate: str, name: str) -> float:
    falls = name in COLUMNS and not COLUMNS[name].higher_is_better
    curves = []
    for each in (start, row):
        values = np.array(each[name])
        curves.append(Curve(each["arm"], np.array(each[rate]), {name: -10 * np.log10(values) if falls else values}))
    found = bd_rate_or_none(*curves, metric=name)
    return math.nan if found is None else found.percent


if __name__ == "__main__":
    if reason := resnet.available():
        print(f"without resnet distances: {reason}")
    main()
