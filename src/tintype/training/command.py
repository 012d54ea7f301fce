"""`tintype train` and `python -m tintype.training`: the same arguments, the same run."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from tintype.training.recipes import RECIPES, configure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of a run."""
    parser.add_argument("recipe", choices=sorted(RECIPES), metavar="RECIPE", help=", ".join(sorted(RECIPES)))
    parser.add_argument("--data", type=Path, required=True, help="folder of pictures, or a packed .npy")
    parser.add_argument("--validation", type=Path, required=True, help="folder of 256x256 crops, or a packed .npy")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and log.jsonl")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--init", type=Path, help="start from the checkpoint in this folder")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop, with a checkpoint, after this")


def run(options: argparse.Namespace) -> None:
    """Train."""
    import torch

    from tintype.training.data import load
    from tintype.training.loop import Trainer
    from tintype.training.machine import Plain

    started = time.time()
    torch.set_num_threads(options.threads)
    config = configure(options.recipe, options.set)
    train: Any = load(options.data)
    if options.device != "cpu":
        train = torch.as_tensor(train).to(options.device)
    source = options.out if options.resume else options.init
    machine = Plain(options.device, config.bf16)
    trainer = Trainer(config, train, load(options.validation, 256), options.out, source, machine)
    trainer.run(started + 60 * options.minutes, print_record)


def print_record(record: dict[str, Any]) -> None:
    """One line a report: numbers short, rows of a validation on lines of their own."""
    if "validation" in record:
        for number, row in enumerate(record["validation"]):
            print(f"  {number}  " + "  ".join(f"{key} {value:.4f}" for key, value in row.items()), flush=True)
        return
    print("  ".join(f"{key} {_short(value)}" for key, value in record.items() if key != "finite"), flush=True)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "/".join(map(_short, value))
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value)
