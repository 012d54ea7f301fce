"""A target that does what no target may do, depending on the input."""

import os
import time
from pathlib import Path

from fuzz.target import Target


def target(folder: Path) -> Target:
    return Target(run, (ValueError,), [b"input"], lambda data, rng: bytes([rng.randrange(5)]))


def run(data: bytes) -> None:
    match data[0]:
        case 0:
            raise ValueError("documented")
        case 1:
            raise ZeroDivisionError("undocumented")
        case 2:
            os.abort()
        case 3:
            time.sleep(60)
