"""`python -m tintype` is the command `tintype`."""

import sys

from tintype.cli.process import command

if __name__ == "__main__":
    sys.exit(command())
