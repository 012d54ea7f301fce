"""Options of `encode` that say how good or how large a file is to be."""

import argparse
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tintype.cli.options import quality
from tintype.errors import InputError, UsageError

if TYPE_CHECKING:
    from tintype.codec.tile_model import TileModel
    from tintype.targets import Name, Target

UNITS = {"": 1, "K": 10**3, "M": 10**6, "KI": 2**10, "MI": 2**20}

FLAGS: Mapping["Name", tuple[str, str]] = {
    "size": ("SIZE", "the best file of at most so many bytes, as 200KB (1000), 200KiB (1024) or 1.5MB"),
    "bpp": ("RATE", "the best file of at most so many bits per pixel"),
    "psnr": ("DB", "the smallest file of at least this PSNR"),
    "ms_ssim": ("DB", "the smallest file of at least this MS-SSIM, in dB: 15 means 0.968"),
    "ssimulacra2": ("POINTS", "the smallest file of at least so many points, up to 100; needs tintype[eval]; slow"),
}
"""By measure of a target: placeholder and help."""


def size(text: str) -> int:
    """Bytes, from a number that may end in KB, MB (powers of 1000), KiB or MiB (powers of 1024)."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([km]i?)?b?", text.lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size, such as 200000, 200KB or 1.5MB")
    count = float(found[1]) * UNITS[(found[2] or "").upper()]
    if math.isinf(count):
        raise argparse.ArgumentTypeError("this size is above any that a file can have")
    return int(count)


def number(text: str) -> float:
    """Any finite number; which are possible depends on the measure."""
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error


def add_targets(parser: argparse.ArgumentParser) -> None:
    """-q and what can be given instead."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "-q",
        "--quality",
        metavar="Q",
        type=quality,
        help="0 (smallest) to 100 (exact); 75, the default, looks about as good as JPEG at 75",
    )
    for name, (metavar, help) in FLAGS.items():
        flag = f"--{name.replace('_', '-')}"
        group.add_argument(
            flag, metavar=metavar, type=size if name == "size" else number, help=f"instead of -q: {help}"
        )


def target_of(options: argparse.Namespace) -> "Target | None":
    """The target that the options of a command describe.

    Raises
    ------
    UsageError
        It is outside its range, or with --lossless.
    """
    from tintype.targets import Target

    for name in FLAGS:
        value = getattr(options, name)
        if value is not None:
            if options.lossless:
                raise UsageError(f"--lossless has no target; leave out {_flag(name)}")
            try:
                return Target(name, value)
            except InputError as error:
                raise UsageError(f"{_flag(name)}: {error}") from error
    return None


def _flag(name: "Name") -> str:
    return f"--{name.replace('_', '-')}"


def check(quality: float | None, target: "Target | None", model: "TileModel") -> None:
    """That a model has the quality, or levels to search, and that the target can be measured here.

    Raises
    ------
    UsageError
        The model has not.
    UnsupportedError
        A package is missing.
    """
    from tintype import ssimulacra2
    from tintype.qualities import level_of, require_levels

    if target is not None and target.measure == "ssimulacra2":
        ssimulacra2.require()
    try:
        level_of(quality, model)
        if target is not None:
            require_levels(model)
    except InputError as error:
        raise UsageError(str(error)) from error
