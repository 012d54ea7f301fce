"""Arguments that several commands share, checked before anything is imported or read."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tintype.errors import InputError, UsageError
from tintype.limits import PARSERS, Limits

if TYPE_CHECKING:
    from tintype.api import Codec
    from tintype.models.hpcm.options import Options

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


def counted(text: str) -> int:
    """A whole number of at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def region(text: str) -> tuple[int, int, int, int]:
    """Left, top, width and height, separated by commas."""
    values = text.split(",")
    if not (len(values) == 4 and all(value.isdecimal() for value in values)):
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y,W,H in pixels, such as 1000,500,640,480")
    left, top, width, height = map(int, values)
    return left, top, width, height


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


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print a JSON object for each result, each on a line")


def add_quiet(parser: "argparse._ActionsContainer") -> None:
    parser.add_argument("--quiet", action="store_true", help="print errors and results only: no remarks, no progress")


def add_keep_times(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep-times", action="store_true", help="give each result the time of modification of its input"
    )


def add_model(parser: argparse.ArgumentParser, help: str) -> None:
    parser.add_argument("--model", metavar="NAME", help=help)


def add_look(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--look",
        choices=("faithful", "natural"),
        default="faithful",
        help="natural: draw the texture that low qualities lose. It is invented: not for documents, medicine or "
        "evidence (default: faithful)",
    )


def add_weights(parser: argparse.ArgumentParser, help: str) -> None:
    """Options of HPCM in both directions. None: not given, so that other families can refuse what is."""
    parser.add_argument("--weights", metavar="FILE", help=help)
    parser.add_argument("--device", metavar="NAME", help="where HPCM runs: cpu (default), cuda, ...")
    parser.add_argument(
        "--max-threads",
        metavar="N",
        type=positive,
        help="of HPCM: refuse more compute threads (default: the available CPUs, at least 2); files say their number",
    )


def add_numerics(parser: argparse.ArgumentParser) -> None:
    """Options of HPCM when encoding."""
    parser.add_argument("--precision", choices=("float32", "bfloat16"), help="of HPCM (default: float32)")
    parser.add_argument(
        "--compile",
        dest="compiled",
        action="store_true",
        default=None,
        help="of HPCM: run its networks through torch.compile, once per size; no faster on CPUs, see docs/hpcm.md",
    )
    parser.add_argument(
        "--tolerance",
        metavar="T",
        type=fraction,
        help="of HPCM: machines whose scales differ by up to T / 2 can decode (default: 4e-5); 0 makes smaller files "
        "for machines that compute the same scales",
    )


def add_allow_compiled(parser: argparse.ArgumentParser) -> None:
    """Option of HPCM when decoding."""
    parser.add_argument(
        "--allow-compiled",
        action="store_true",
        default=None,
        help="of HPCM: decode files of --compile, which runs a C++ compiler for minutes; for files that you trust",
    )


LIMIT_FLAGS = {
    "max_pixels": ("N", "refuse larger pictures (default: 268435456)"),
    "max_network_pixels": (
        "N",
        "refuse more pixels in tiles with margins and padding, which decide the time (default: twice --max-pixels)",
    ),
    "max_tile_pixels": ("N", "refuse larger tiles, margins and padding included (default: 33554432)"),
    "max_memory": (
        "BYTES",
        "refuse what needs more, as 512M or 2G; fewer threads where that helps (default: free memory)",
    ),
    "deadline": ("SECONDS", "give up a file after this time, at the next coding step (default: none)"),
}
"""By field of `tintype.Limits`: placeholder and help."""


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Limits of what a file may ask for; a damaged or hostile one can ask for anything."""
    group = parser.add_argument_group("limits", "also set by variables such as TINTYPE_MAX_PIXELS; see docs/library.md")
    for name in LIMIT_FLAGS:
        _add_limit(group, name)


def add_max_pixels(parser: argparse.ArgumentParser) -> None:
    """The one limit of commands that read pictures alone."""
    _add_limit(parser, "max_pixels")


def _add_limit(parser: "argparse._ActionsContainer", name: str) -> None:
    def parse(text: str) -> Any:
        try:
            value = PARSERS[name](text)
            Limits(**{name: value})
        except (ValueError, InputError) as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error
        return value

    metavar, help = LIMIT_FLAGS[name]
    parser.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, type=parse, help=help)


def limits(options: argparse.Namespace) -> Limits:
    """Limits of the command line, else of the environment, else defaults."""
    given = {name: value for name in PARSERS if (value := getattr(options, name, None)) is not None}
    return replace(Limits.from_environment(), **given)


def add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--threads",
        metavar="N",
        type=positive,
        help="tiles processed at the same time (default: the available CPUs); changes no result. HPCM: compute threads "
        "when encoding (default: 2); files record them and decoders use as many",
    )


FAMILY_FLAGS = {
    "weights": "--weights",
    "device": "--device",
    "precision": "--precision",
    "compiled": "--compile",
    "tolerance": "--tolerance",
    "max_threads": "--max-threads",
    "allow_compiled": "--allow-compiled",
}
"""Options that not every family has, as fields of its options and as flags."""


def make_codec(options: argparse.Namespace) -> "Codec":
    """The codec that the options of a command describe.

    Raises
    ------
    UsageError
        An option is outside its range, or the family of the chosen model does not have it.
    """
    from tintype.api import Codec

    try:
        return Codec(
            options.model,
            tune=getattr(options, "tune", None),  # only `encode` has it, and tiles
            look=getattr(options, "look", "faithful"),  # only `decode` has it
            threads=options.threads,
            tile=getattr(options, "tile", None),
            options=_family_options(options),
            limits=limits(options),
        )
    except InputError as error:
        raise UsageError(str(error)) from error


def _family_options(options: argparse.Namespace) -> "Options | None":
    """Options of HPCM; None where another family's model is chosen, or no weights file is given."""
    from tintype.models.hpcm.options import Options
    from tintype.models.load import FAMILIES, family_named

    given = {field: value for field in FAMILY_FLAGS if (value := getattr(options, field, None)) is not None}
    by_weights = options.model is None and "weights" in given
    family = FAMILIES["hpcm"] if by_weights else family_named(options.model)
    if given and family.bundled:
        flags = ", ".join(FAMILY_FLAGS[field] for field in given)
        raise UsageError(f"{flags}: {family.name} models have no such option; HPCM models do, with --weights FILE")
    if "weights" not in given:
        return None
    return Options(**given)
