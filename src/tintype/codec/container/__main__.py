"""`python -m tintype.codec.container FILE` prints a .tint file field by field."""

import sys
from pathlib import Path

from tintype.codec.container.fields import format_fields
from tintype.codec.container.file import describe


def main(arguments: list[str]) -> int:
    """Print a file field by field; exit status 2, 3 or 4 for wrong usage, a bad file, or no file."""
    if len(arguments) != 1:
        print("usage: python -m tintype.codec.container FILE", file=sys.stderr)
        return 2
    name = arguments[0]
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        print(f"{name}: {error.strerror}", file=sys.stderr)
        return 4
    fields, problem = describe(data)
    print(format_fields(fields))
    if problem:
        print(f"{name}: {problem}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
