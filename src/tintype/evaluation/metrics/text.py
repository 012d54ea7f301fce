"""Whether text stays text: how much of what a reader reads in the original it reads otherwise after coding.

Lines are found in the original and read there and at the same places of the decoded picture, by networks of the package
rapidocr that no loss uses. What the reader misreads in the original is wanted of the decoded picture too, so the
measure tells change, not truth.
"""

import unicodedata
from functools import cache

from tintype.models.rapidocr import TextReader
from tintype.pixels import Pixels8


def errors(original: Pixels8, decoded: Pixels8) -> tuple[float, int]:
    """Characters to insert, delete or replace, as a share of those read in the original; and their number.

    Spaces do not count. The share is 0 where the original has no text.

    Raises
    ------
    UnsupportedError
        The package is not installed.
    """
    reader = _reader()
    wrong = total = 0
    for box, text in reader.lines(original):
        wanted = plain(text)
        wrong += edits(wanted, plain(reader.read(box.of(decoded))))
        total += len(wanted)
    return wrong / max(total, 1), total


def plain(text: str) -> str:
    """Without spaces, wide forms of characters as the usual ones."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def edits(wanted: str, found: str) -> int:
    """Levenshtein's distance."""
    before = list(range(len(found) + 1))
    for row, a in enumerate(wanted, 1):
        now = [row]
        for column, b in enumerate(found, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (a != b)))
        before = now
    return before[-1]


@cache
def _reader() -> TextReader:
    return TextReader()
