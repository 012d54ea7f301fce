"""Arguments that several commands share, checked before anything is imported or read."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def quality(text: str) -> float:
    """0 to 100."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 100:  # NaN too
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 100")
    return value


def fraction(text: str) -> float:
    """0 to below 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to below 1")
    return value


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def rates(text: str) -> list[float]:
    """Bits per pixel, separated by commas."""
    try:
        values = [float(value) for value in text.split(",")]
    except ValueError:
        values = []
    if not values or not all(0 < value <= 100 for value in values):  # NaN too
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of rates in bpp, such as 0.25,0.5")
    return values


def add_output(parser: argparse.ArgumentParser, help: str) -> None:
    parser.add_argument("-o", "--output", metavar="OUT", help=help)
    parser.add_argument("--force", action="store_true", help="overwrite existing files")


def add_model(parser: argparse.ArgumentParser, help: str) -> None:
    parser.add_argument("--model", metavar="NAME", help=help)


def add_weights(parser: argparse.ArgumentParser, help: str) -> None:
    """What HPCM models need in both directions."""
    parser.add_argument("--weights", metavar="FILE", help=help)
    parser.add_argument("--device", metavar="NAME", default="cpu", help="where HPCM runs: cpu (default), cuda, ...")


def add_max_pixels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-pixels",
        metavar="N",
        type=positive,
        help="refuse larger pictures (default: 268435456): a damaged or hostile file may ask for any size",
    )


def add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--threads",
        metavar="N",
        type=positive,
        help="tiles worked on at the same time (default: the CPUs at hand); changes no result. HPCM: compute threads "
        "when encoding (default: 2), which files record and decoders use",
    )
