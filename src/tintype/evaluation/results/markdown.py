"""Tables of text."""

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers, aligned right."""
    head = [_line(header), _line(["---", *["---:"] * (len(header) - 1)])]
    return "\n".join([*head, *map(_line, lines)])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
