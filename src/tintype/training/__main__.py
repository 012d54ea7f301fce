"""`python -m tintype.training RECIPE --data PICTURES --validation CROPS --out RUN`; needs torch, numpy, Pillow."""

import argparse

from tintype.training import command


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tintype.training", description=__doc__)
    command.add_arguments(parser)
    command.run(parser.parse_args(arguments))


if __name__ == "__main__":
    main()
