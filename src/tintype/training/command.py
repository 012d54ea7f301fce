"""`tintype train` and `python -m tintype.training`: the same subcommands and arguments.

Functions import what they need: parsing loads no torch, and a run needs torch, numpy and Pillow alone.
"""

import argparse
import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.errors import UsageError
from tintype.training.config import PicoEyesRun, RunConfig
from tintype.training.recipes import RECIPES, configure

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

DESCRIPTION = "Train a model, prepare its pictures, and export the trained weights."

RUN = """\
Train a model by a recipe. Writes checkpoints, log.jsonl and a rate-distortion plot (curve.svg) to the folder --out,
and prints a line every few steps. --resume continues an interrupted run exactly."""
PACK = """\
Decode training pictures once. OUT ending in .npy is one array that training memory-maps; otherwise it is a folder of
shards of at most 16 MB."""
DRAW = """\
Draw training pictures: text, windows, terminals and charts, which photographs lack. Train on them together with
photographs: a model that has seen no sharp text blurs it at every quality."""
TEXT_MASKS = """\
Find the text of packed pictures once, and write masks beside them (photos.npy: photos.text.npy), for recipes with
`text` above 0. Pages drawn by `train draw` are recognised. Needs the package rapidocr, of which only the network is
used: pip install --no-deps rapidocr==3.10.0."""
KEEP = """\
Copy only the averaged weights of a checkpoint, in float16. A run that starts from the copy (--init) warms up again."""
EXPORT = """\
Write the weights of a checkpoint for encode and decode. The checkpoint decides the family. pico: a model bundle and
its entry in manifest.json, in the folder --out; needs --data, --validation and --name. A run of pico_s_natural: the
natural look of a bundle, beside it in the folder --out; needs --data, --validation, --base and --gate. HPCM: the file
--out (.safetensors)."""

Report = Callable[[dict[str, Any]], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Subcommands; each sets `act` to its function."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_run(commands)
    _add_pack(commands)
    _add_draw(commands)
    _add_text_masks(commands)
    _add_keep(commands)
    _add_export(commands)


def act(options: argparse.Namespace) -> None:
    """Run the chosen subcommand."""
    options.act(options)


def _add_run(commands: "Subparsers") -> None:
    parser = commands.add_parser("run", help="train a model by a recipe", description=RUN)
    parser.set_defaults(act=_run)
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
    start.add_argument("--resume", action="store_true", help="continue from the checkpoint in --out")
    parser.add_argument("--init", metavar="RUN", type=Path, help="start from the checkpoint in this folder")
    start.add_argument("--force", action="store_true", help="replace the run in --out")
    parser.add_argument("--plan", action="store_true", help="only print the memory and arithmetic that the run needs")
    _add_max_pixels(parser)
    parser.add_argument("--device", default="cpu", help="cpu, cuda (%(default)s)")
    parser.add_argument("--processes", metavar="N", type=int, default=1, help="on this machine, one per device (1)")
    parser.add_argument("--nodes", metavar="N", type=int, default=1, help="number of machines (1)")
    parser.add_argument(
        "--strategy", choices=("ddp", "fsdp"), default="ddp", help="weights whole in every process, or sharded (ddp)"
    )
    parser.add_argument("--threads", metavar="N", type=int, default=1, help="threads of each process (1)")
    parser.add_argument(
        "--minutes", metavar="N", type=float, default=float("inf"), help="stop after N minutes, with a checkpoint"
    )
    parser.add_argument(
        "--stop-at", metavar="TIME", type=_clock, help="stop at this time (ISO 8601), with a checkpoint"
    )
    parser.add_argument("--weights-only", action="store_true", help="write checkpoints of only the averaged weights")
    parser.add_argument("--tensorboard", action="store_true", help="also write events for TensorBoard")


def _add_max_pixels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-pixels", metavar="N", type=int, help="skip larger pictures (default: 268435456)")


def _max_pixels(options: argparse.Namespace) -> int:
    from tintype.limits import Limits

    if options.max_pixels is None:
        return Limits.from_environment().max_pixels
    if options.max_pixels < 1:
        raise UsageError(f"--max-pixels {options.max_pixels}: at least 1 is needed")
    limit: int = options.max_pixels
    return limit


def _add_pack(commands: "Subparsers") -> None:
    parser = commands.add_parser("pack", help="decode training pictures once", description=PACK)
    parser.set_defaults(act=_pack)
    parser.add_argument("pictures", metavar="PICTURES", type=Path, help="folder, manifest (.sha256), or packed .npy")
    parser.add_argument("out", metavar="OUT", type=Path, help="FILE.npy, or a folder for shards")
    parser.add_argument(
        "--side", metavar="N", type=int, default=512, help="side of the central squares in pixels (%(default)s)"
    )
    parser.add_argument("--format", choices=("raw", "webp"), default="webp", help="format of shards (%(default)s)")
    parser.add_argument("--quality", metavar="N", type=int, default=95, help="of WebP; 100 is lossless (%(default)s)")
    _add_max_pixels(parser)
    parser.add_argument("--force", action="store_true", help="replace an earlier OUT")


def _add_draw(commands: "Subparsers") -> None:
    parser = commands.add_parser("draw", help="draw training pictures of text and windows", description=DRAW)
    parser.set_defaults(act=_draw)
    parser.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--count", metavar="N", type=int, default=72, help="number of pictures (%(default)s)")
    parser.add_argument("--side", metavar="N", type=int, default=512, help="side in pixels (%(default)s)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="seed of all random choices (%(default)s)")
    parser.add_argument("--force", action="store_true", help="replace earlier drawn pictures")


def _add_text_masks(commands: "Subparsers") -> None:
    parser = commands.add_parser("text-masks", help="find text in packed pictures", description=TEXT_MASKS)
    parser.set_defaults(act=_text_masks)
    parser.add_argument("pictures", metavar="PICTURES.npy", type=Path, help="packed pictures")
    parser.add_argument("--count", metavar="N", type=int, default=72, help="of `train draw` (%(default)s)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of `train draw` (%(default)s)")
    parser.add_argument("--force", action="store_true", help="replace earlier masks")


def _add_keep(commands: "Subparsers") -> None:
    parser = commands.add_parser("keep", help="copy the averaged weights of a checkpoint", description=KEEP)
    parser.set_defaults(act=_keep)
    parser.add_argument("source", metavar="RUN", type=Path, help="folder of the checkpoint")
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="folder of the copy")
    parser.add_argument("--force", action="store_true", help="replace an earlier checkpoint in FOLDER")


def _add_export(commands: "Subparsers") -> None:
    parser = commands.add_parser("export", help="write weights for encode and decode", description=EXPORT)
    parser.set_defaults(act=_export)
    parser.add_argument("source", metavar="RUN", type=Path, help="folder of the checkpoint")
    parser.add_argument("--out", metavar="OUT", type=Path, required=True, help="pico: a folder; HPCM: FILE.safetensors")
    parser.add_argument("--force", action="store_true", help="replace earlier weights of the same name")
    pico = parser.add_argument_group("pico only")
    pico.add_argument("--data", metavar="PICTURES", type=Path, help="training pictures, as for `run`")
    pico.add_argument("--validation", metavar="PICTURES", type=Path, help="the same, taken as 256x256 crops")
    pico.add_argument("--name", help="name of the model")
    pico.add_argument("--base", metavar="BUNDLE", help="natural look: the bundle it belongs to, by name or path")
    pico.add_argument(
        "--gate",
        metavar="FILE",
        type=Path,
        help="natural look: file of python -m tintype.training.export.gate",
    )
    pico.add_argument(
        "--share",
        metavar="X",
        type=float,
        help="natural look: how far to go from the faithful weights to those of the run, 0 to 1 (1)",
    )
    pico.add_argument("--pictures", metavar="N", type=int, help="training pictures that tables are fitted to (48)")
    pico.add_argument("--hardware", metavar="TEXT", help="for the model's card (this machine's)")
    pico.add_argument("--provenance", metavar="TEXT", help="where the training pictures come from, for the card")


def _pack(options: argparse.Namespace) -> None:
    from tintype.training.pictures.pack import pack

    limit = _max_pixels(options)
    print(pack(options.pictures, options.out, options.side, options.format, options.quality, options.force, limit))


def _draw(options: argparse.Namespace) -> None:
    from tintype.training.pictures.drawn import write

    print(write(options.out, options.count, options.side, options.seed, options.force))


def _text_masks(options: argparse.Namespace) -> None:
    from tintype.training.pictures.text_masks import write

    print(write(options.pictures, options.count, options.seed, options.force))


def _keep(options: argparse.Namespace) -> None:
    from tintype.training.export.keep import keep

    print(keep(options.source, options.folder, options.force))


def _export(options: argparse.Namespace) -> None:
    import torch

    from tintype.models.hpcm import CONFIGS
    from tintype.training import checkpoint

    torch.set_num_threads(1)
    state, _ = checkpoint.load(options.source)
    given = {
        name: value
        for name in ("data", "validation", "name", "base", "gate", "share", "pictures", "hardware", "provenance")
        if (value := getattr(options, name)) is not None
    }
    export = _export_hpcm if state["config"]["model"] in CONFIGS else _export_pico
    print(export(state, options, given))


def _export_hpcm(state: dict[str, Any], options: argparse.Namespace, given: dict[str, Any]) -> str:
    from tintype.training.export import hpcm
    from tintype.training.outputs import refuse

    model = state["config"]["model"]
    if given:
        raise UsageError(f"{options.source}: holds {model}; --{next(iter(given))} is for pico only")
    if options.out.suffix != ".safetensors":
        raise UsageError(f"{options.out}: the weights of {model} are one file; give --out FILE.safetensors")
    refuse([options.out] if options.out.exists() else [], options.force)
    return hpcm.write(state, options.out)


def _export_pico(state: dict[str, Any], options: argparse.Namespace, given: dict[str, Any]) -> str:
    from tintype.training.export import natural, ship
    from tintype.training.outputs import refuse
    from tintype.weights import store
    from tintype.weights.bundle import SUFFIX

    model = state["config"]["model"]
    if options.out.suffix == ".safetensors":
        raise UsageError(f"{options.out}: {model} is exported to a folder; give --out FOLDER")
    is_natural = natural.is_natural(state)
    needed = {"data", "validation"} | ({"base", "gate"} if is_natural else {"name"})
    allowed = needed | {"hardware", "provenance", "share" if is_natural else "pictures"}
    what = f"{'the natural look of ' * is_natural}{model}"
    for name in sorted(needed - given.keys()):
        raise UsageError(f"--{name} is needed to export {what}")
    for name in sorted(given.keys() - allowed):
        raise UsageError(f"--{name} is no option of {what}")
    if not is_natural and Path(options.name).name != options.name:
        raise UsageError(f"--name {options.name}: a name, not a path, is needed")
    result = options.out / (store.natural_path(options.base).name if is_natural else f"{options.name}{SUFFIX}")
    refuse([result] if result.exists() else [], options.force)
    make: Callable[..., str] = natural.ship if is_natural else ship.ship
    return make(state, out=options.out, **given)


def _run(options: argparse.Namespace) -> None:
    started = time.time()
    config = configure(options.recipe, options.set)
    if options.plan:
        from tintype.training.report.needs import table

        print(table(config))
        return
    for name in ("data", "validation", "out"):
        if getattr(options, name) is None:
            raise UsageError(f"--{name} is needed to train")
    if options.resume and options.init:
        raise UsageError("--resume and --init exclude each other; give one of them")
    _train(options, config, started)


def _train(options: argparse.Namespace, config: RunConfig, started: float) -> None:
    import torch

    from tintype.training import checkpoint, machine
    from tintype.training.loop import LOG, Trainer
    from tintype.training.pictures import text_masks
    from tintype.training.pictures.crops import load

    # before other processes start: none has written anything yet
    if not (options.resume or options.force) and (checkpoint.exists(options.out) or (options.out / LOG).exists()):
        raise UsageError(f"{options.out}: holds a run; --resume continues it, --force replaces it")
    torch.set_num_threads(options.threads)
    here = machine.choose(options.device, config.bf16, options.processes, options.nodes, options.strategy)
    if here.rank:
        here.barrier()  # the first process decodes, the others map its file
    limit = _max_pixels(options)
    train: Any = load(options.data, max(512, config.crop), options.out, limit)
    validation = load(options.validation, 256, options.out, limit)
    if not here.rank:
        here.barrier()
    with_text = isinstance(config, PicoEyesRun) and config.text > 0
    masks: Any = text_masks.beside(options.data) if with_text else None
    if here.device.type != "cpu":
        train = torch.as_tensor(train).to(here.device)
        masks = None if masks is None else torch.as_tensor(masks).to(here.device)
    source = options.out if options.resume else options.init
    trainer = Trainer(config, train, validation, options.out, source, here, options.weights_only, masks)
    if options.force:
        here.barrier()  # all have read --init, which may be the same folder
        if not here.rank:
            checkpoint.remove(options.out)
            (options.out / LOG).unlink(missing_ok=True)
    stop_at = min(started + 60 * options.minutes, options.stop_at or float("inf"))
    if here.rank:
        trainer.run(stop_at)  # the first process does the talking
        return
    print(f"{len(train)} pictures, ready after {time.time() - started:.1f} s", flush=True)
    trainer.run(stop_at, _reports(options, config, here.device))


def _reports(options: argparse.Namespace, config: RunConfig, device: Any) -> Report:
    """Print each line of the log, draw the plot after a validation."""
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
        raise UnsupportedError('--tensorboard needs the package tensorboard; pip install "tintype[train]"') from error
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
