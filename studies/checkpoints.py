"""Compare checkpoints of pico by judges: `python -m studies.checkpoints FIRST OTHER... --validation CROPS`.

Prints a Markdown table: BD-rates of the averaged weights of each checkpoint against the first one's, from estimated
bits on validation crops at five levels, by PSNR and by the measures of studies/eyes_arms.py. Checkpoints may have
different sizes.
"""

import argparse
from pathlib import Path

import torch

from studies import eyes_arms
from studies.search.latents import load_model
from tintype.evaluation.results import markdown
from tintype.training.pictures.crops import load


def main(arguments: list[str] | None = None) -> None:
    """Judge the checkpoints and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "checkpoints", type=Path, nargs="+", metavar="CHECKPOINT", help="folders; the first is compared with"
    )
    parser.add_argument("--validation", type=Path, required=True, help="256x256 crops")
    parser.add_argument("--crops", type=int, default=21, help="validation crops, spread over all (%(default)s)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    validation = load(options.validation, 256)
    validation = validation[:: max(1, len(validation) // options.crops)][: options.crops]
    models = [load_model(folder) for folder in options.checkpoints]
    rows = [
        {"arm": str(number), **eyes_arms.judged(eyes_arms.of_model(model), eyes_arms.LEVELS, validation)}
        for number, model in enumerate(models)
    ]
    shown = [name for name in eyes_arms.TITLES if name in rows[0]]
    heads = ["checkpoint", "size", *(eyes_arms.TITLES[name] for name in shown), "PSNR in drawn text"]
    lines = []
    for folder, model, row in zip(options.checkpoints, models, rows, strict=True):
        *percents, _ = eyes_arms.changes(rows[0], row, shown)
        lines.append([folder.name, model.config.name, *(eyes_arms.percent(value, "+") for value in percents)])
    print(markdown.table(heads, lines))


if __name__ == "__main__":
    main()
