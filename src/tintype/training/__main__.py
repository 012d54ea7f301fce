"""`python -m tintype.training RECIPE --data TRAIN --validation FOLDER --out RUN`; needs torch, numpy, Pillow."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from tintype.training.config import RECIPES, configure
from tintype.training.data import load
from tintype.training.loop import Trainer


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tintype.training", description=__doc__)
    parser.add_argument("recipe", choices=sorted(RECIPES))
    parser.add_argument("--data", type=Path, required=True, help="folder of pictures, or a packed .npy")
    parser.add_argument("--validation", type=Path, required=True, help="folder of 256x256 crops, or a packed .npy")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and log.jsonl")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--init", type=Path, help="start from the checkpoint in this folder")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop, with a checkpoint, after this")
    options = parser.parse_args(arguments)

    import torch

    started = time.time()
    torch.set_num_threads(options.threads)
    config = configure(options.recipe, options.set)
    train: Any = load(options.data)
    if options.device != "cpu":
        train = torch.as_tensor(train).to(options.device)
    trainer = Trainer(config, train, load(options.validation, 256), options.out, options.device)
    if options.resume or options.init:
        trainer.resume(options.out if options.resume else options.init)
    else:
        trainer.start()
    trainer.run(started + 60 * options.minutes, print_line)


def print_line(record: dict[str, Any]) -> None:
    """One line a report: numbers short, lists of dictionaries as a table row each."""
    if "validation" in record:
        for anchor, row in enumerate(record["validation"]):
            print(f"  anchor {anchor}  " + "  ".join(f"{key} {value:.4f}" for key, value in row.items()), flush=True)
        return
    shown = {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in record.items()}
    print(json.dumps(shown).replace('"', ""), flush=True)


if __name__ == "__main__":
    main()
