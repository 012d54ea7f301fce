"""`python -m tintype.training run RECIPE ...`: `tintype train` where only torch, numpy and Pillow are installed."""

import argparse
import sys

from tintype.errors import TintypeError
from tintype.training import command


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tintype.training", description=command.DESCRIPTION)
    command.add_arguments(parser)
    try:
        command.act(parser.parse_args(arguments))
    except TintypeError as error:
        sys.exit(f"tintype.training: {error}")


if __name__ == "__main__":
    main()
