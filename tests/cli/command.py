"""Runs the command as users do: a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.pictures import picture

COMMAND = (sys.executable, "-W", "error", "-m", "tintype")


@dataclass(frozen=True)
class Result:
    """What a process left behind."""

    status: int
    out: str
    err: str
    raw: bytes  # standard output

    @property
    def all(self) -> tuple[int, str, str]:
        return self.status, self.out, self.err


DONE = (0, "", "")
"""Done without a word."""


def tintype(folder: Path, *arguments: str, stdin: bytes = b"", **options: Any) -> Result:
    """Run `tintype` in a folder; paths in its messages are relative to it."""
    environment = {**os.environ, "COLUMNS": "200", **options.pop("env", {})}
    options.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        input=stdin,
        stderr=subprocess.PIPE,
        env=environment,
        timeout=120,
        check=False,
        **options,
    )
    raw = done.stdout or b""
    return Result(done.returncode, raw.decode(errors="replace"), done.stderr.decode(), raw)


def photo(path: Path, height: int = 40, width: int = 56, seed: int = 0, **options: Any) -> NDArray[np.uint8]:
    """Write a generated picture; its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = picture(height, width, seed)
    Image.fromarray(pixels).save(path, **options)
    return pixels


def names(folder: Path) -> list[str]:
    """All files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
