"""Results as JSON lines: one row for each finished measurement, so that a command goes on where it was stopped."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tintype.replacing import replace_text

Row = dict[str, Any]


def read(path: Path) -> list[Row]:
    """All rows; none if there is no file. A last line that a kill cut off is left out."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def write(path: Path, rows: Iterable[Row]) -> None:
    """Replace all rows at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, "".join(json.dumps(row) + "\n" for row in rows))


def append(path: Path, row: Row) -> None:
    """Add a row; a cut line before it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = path.read_bytes() if path.exists() else b""
    whole = rows[: rows.rfind(b"\n") + 1]
    with path.open("r+b" if rows else "wb") as file:
        file.seek(len(whole))
        file.truncate()
        file.write(json.dumps(row).encode() + b"\n")
