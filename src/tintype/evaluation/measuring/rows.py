"""Rows of a measurement: one per picture, codec and quality, kept in a CSV file."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tintype.errors import InputError
from tintype.evaluation.metrics import registry
from tintype.replacing import replace_text

RESULTS = "results.csv"
TIMES = ("encode_s", "encode_cpu_s", "decode_s", "decode_cpu_s")
DECIMALS = 5  # of bpp and times; metrics state their own


@dataclass(frozen=True, slots=True)
class Row:
    """One file that a codec made of one picture, or the reason why there is none.

    All numbers are rounded as the CSV file holds them, so that a row read again equals the row written.
    """

    image: str
    image_sha256: str = ""  # of the file
    width: int = 0  # pixels
    height: int = 0
    codec: str = ""
    settings: str = ""
    versions: str = ""
    quality: float = 0.0  # the codec's own unit
    size_bytes: int = 0  # whole file
    bpp: float = 0.0
    file_sha256: str = ""
    values: Mapping[str, float] = field(default_factory=dict)  # by metric
    times: Mapping[str, float] = field(default_factory=dict)  # seconds, by name
    error: str = ""

    @property
    def key(self) -> tuple[str, str, float]:
        """What a row is about."""
        return self.image, self.codec, self.quality

    @property
    def pixels(self) -> int:
        """Of the picture."""
        return self.width * self.height

    def cells(self) -> dict[str, str]:
        """The line in the CSV file."""
        cells = {name: _text(getattr(self, name)) for name in _IDENTITY}
        if not self.error:
            cells["bpp"] = f"{self.bpp:.{DECIMALS}f}"
            cells |= {
                name: f"{value:.{registry.COLUMNS[name].stored_decimals}f}" for name, value in self.values.items()
            }
            cells |= {name: f"{value:.{DECIMALS}f}" for name, value in self.times.items()}
        return cells

    @classmethod
    def of(cls, cells: Mapping[str, str]) -> Self:
        """From a line of a CSV file; also from the older names `q` and `bytes`.

        Raises
        ------
        ValueError
            A number is missing or none.
        """
        return cls(
            image=cells["image"],
            image_sha256=cells.get("image_sha256") or "",
            width=int(cells.get("width") or 0),
            height=int(cells.get("height") or 0),
            codec=cells["codec"],
            settings=cells.get("settings") or "",
            versions=cells.get("versions") or "",
            quality=float(cells.get("quality") or cells.get("q") or 0),
            size_bytes=int(cells.get("size_bytes") or cells.get("bytes") or 0),
            bpp=float(cells.get("bpp") or 0),
            file_sha256=cells.get("file_sha256") or "",
            values={name: float(cells[name]) for name in registry.COLUMNS if cells.get(name)},
            times={name: float(cells[name]) for name in TIMES if cells.get(name)},
            error=cells.get("error") or "",
        )


_IDENTITY = (
    "image",
    "image_sha256",
    "width",
    "height",
    "codec",
    "settings",
    "versions",
    "quality",
    "size_bytes",
    "file_sha256",
    "error",
)
COLUMNS = (*_IDENTITY[:-2], "bpp", *registry.COLUMNS, "file_sha256", "error", *TIMES)


def read(path: Path) -> list[Row]:
    """Rows of a CSV file; lines that begin with # are comments, an incomplete last line is skipped.

    Raises
    ------
    InputError
        Not such a file.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(line for line in file if not line.startswith("#"))
            columns, lines = reader.fieldnames or (), list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a table of results ({error})") from error
    if not {"image", "codec"} <= set(columns):
        raise InputError(f"{path}: has no columns 'image' and 'codec'; it is not a table of results")
    rows = []
    for number, cells in enumerate(lines, 1):
        try:
            # a line that was cut while it was written lacks its last cells
            if None in cells.values() or None in cells:
                raise ValueError("the line has the wrong number of cells")
            rows.append(Row.of(cells))
        except ValueError as error:
            if number < len(lines):
                raise InputError(f"{path}: row {number}: {error}") from error
    return rows


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write all rows, sorted, so that equal content gives equal bytes; the file changes in one step."""
    text = io.StringIO(newline="")
    writer = _writer(text)
    writer.writeheader()
    writer.writerows(row.cells() for row in sorted(rows, key=lambda row: row.key))
    replace_text(path, text.getvalue())


def append(path: Path, rows: Iterable[Row]) -> None:
    """Add rows to a file that `write` made."""
    with path.open("a", newline="", encoding="utf-8") as file:
        _writer(file).writerows(row.cells() for row in rows)


def _writer(file: object) -> "csv.DictWriter[str]":
    return csv.DictWriter(file, COLUMNS, lineterminator="\n")  # type: ignore[arg-type]  # an open text file


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
