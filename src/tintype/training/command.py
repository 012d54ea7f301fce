"""`tintype train` and `python -m tintype.training`: the same arguments, the same run."""

import argparse
import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from tintype.errors import InputError
from tintype.training.config import RunConfig
from tintype.training.recipes import RECIPES, configure

DESCRIPTION = """\
Train a model by a recipe. Writes checkpoints, log.jsonl and a rate-distortion plot (curve.svg) to the folder --out,
and shows a line now and then. A run that is stopped goes on with --resume, exactly."""

Report = Callable[[dict[str, Any]], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of a run."""
    parser.add_argument("recipe", metavar="RECIPE", help=", ".join(RECIPES))
    parser.add_argument(
        "--data", metavar="PICTURES", type=Path, help="folder, manifest (.sha256), folder of shards, or packed .npy"
    )
    parser.add_argument("--validation", metavar="PICTURES", type=Path, help="the same, taken as 256x256 crops")
    parser.add_argument("--out", metavar="RUN", type=Path, help="folder for checkpoints, log and plot")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting of the recipe"
    )
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    start.add_argument("--init", metavar="RUN", type=Path, help="start from the checkpoint in this folder")
    parser.add_argument("--plan", action="store_true", help="only print what the run needs: memory and arithmetic")
    parser.add_argument("--device", default="cpu", help="cpu, cuda (%(default)s)")
    parser.add_argument("--processes", metavar="N", type=int, default=1, help="on this machine, one per device (1)")
    parser.add_argument("--nodes", metavar="N", type=int, default=1, help="machines (1)")
    parser.add_argument(
        "--strategy", choices=("ddp", "fsdp"), default="ddp", help="weights whole in every process, or shared out (ddp)"
    )
    parser.add_argument("--threads", metavar="N", type=int, default=1, help="of each process (1)")
    parser.add_argument(
        "--minutes", metavar="N", type=float, default=float("inf"), help="stop after this, with a checkpoint"
    )
    parser.add_argument(
        "--stop-at", metavar="TIME", type=_clock, help="stop at this time (ISO 8601), with a checkpoint"
    )
    parser.add_argument("--weights-only", action="store_true", help="checkpoints of the averaged weights alone")
    parser.add_argument("--tensorboard", action="store_true", help="write events for TensorBoard too")


def run(options: argparse.Namespace) -> None:
    """Train, or plan."""
    started = time.time()
    config = configure(options.recipe, options.set)
    if options.plan:
        from tintype.training.report.needs import table

        print(table(config))
        return
    for name in ("data", "validation", "out"):
        if getattr(options, name) is None:
            raise InputError(f"--{name} is needed to train")
    _train(options, config, started)


def _train(options: argparse.Namespace, config: RunConfig, started: float) -> None:
    import torch

    from tintype.training import machine
    from tintype.training.loop import Trainer
    from tintype.training.pictures.crops import load

    torch.set_num_threads(options.threads)
    here = machine.choose(options.device, config.bf16, options.processes, options.nodes, options.strategy)
    if here.rank:
        here.barrier()  # the first process decodes, the others map its file
    train: Any = load(options.data, max(512, config.crop), options.out)
    validation = load(options.validation, 256, options.out)
    if not here.rank:
        here.barrier()
    if here.device.type != "cpu":
        train = torch.as_tensor(train).to(here.device)
    source = options.out if options.resume else options.init
    trainer = Trainer(config, train, validation, options.out, source, here, options.weights_only)
    stop_at = min(started + 60 * options.minutes, options.stop_at or float("inf"))
    if here.rank:
        trainer.run(stop_at)  # the first process does the talking
        return
    print(f"{len(train)} pictures, ready after {time.time() - started:.1f} s", flush=True)
    trainer.run(stop_at, _reports(options, config, here.device))


def _reports(options: argparse.Namespace, config: RunConfig, device: Any) -> Report:
    """Whatever is done with a line of the log."""
    from tintype.training import loop
    from tintype.training.report import pace, plot

    flops = pace.flops_per_picture(config)
    peak, source = pace.peak(device, config.bf16)
    board = _board(options.out) if options.tensorboard else None
    print(f"{flops / 1e9:.2f} GFLOP a picture; peak {peak / 1e12:.2f} TFLOP/s ({source})", flush=True)

    def report(record: dict[str, Any]) -> None:
        print(line(record, flops / peak / (options.processes * options.nodes)), flush=True)
        if board:
            board(record)
        if "validation" in record:
            plot.write(options.out / loop.LOG, options.out / "curve.svg")

    return report


def line(record: dict[str, Any], share: float = 0.0) -> str:
    """A record in short; `share` is that of the peak which one picture a second needs."""
    if "validation" in record:
        rows = record["validation"]
        return "\n".join(
            f"  validation {number}  " + "  ".join(f"{key} {value:.4f}" for key, value in row.items())
            for number, row in enumerate(rows)
        )
    if not record["finite"]:
        return f"step {record['step']}  not finite, skipped ({record['skipped']} so far); see the dumped batch"
    keys = ("step", "loss", "bpp", "psnr", "cost_by_level", "norm", "rate", "skipped", "images_per_second")
    shown = [f"{key} {_short(record[key])}" for key in keys if key in record]
    if share and "images_per_second" in record:
        shown.append(f"peak {share * record['images_per_second']:.1%}")
    return "  ".join(shown)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "/".join(map(_short, value))
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value).replace("null", "-")


def _board(folder: Path) -> Report:
    """Writes numbers of records as TensorBoard's events."""
    from tintype.errors import UnsupportedError

    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UnsupportedError("--tensorboard needs the package tensorboard; install tintype[train]") from error
    writer = SummaryWriter(str(folder))

    def write(record: dict[str, Any]) -> None:
        rows = record.get("validation", [])
        named = {f"validation/{number}/{key}": value for number, row in enumerate(rows) for key, value in row.items()}
        numbers = {key: value for key, value in record.items() if isinstance(value, int | float)}
        for key, value in (named or numbers).items():
            writer.add_scalar(key, value, record["step"])

    return write


def _clock(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 time; without an offset, local."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 2026-05-06T16:45") from error
