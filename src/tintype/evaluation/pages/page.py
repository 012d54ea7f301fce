"""Self-contained HTML pages: everything inline, nothing from a network."""

import base64
import html
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from PIL import Image

from tintype.pixels import Pixels8

Progress = Callable[[str], None]
"""Receives what was just done for a page, in words."""

SHOWN_BY_BROWSERS = {".jpg": "image/jpeg", ".webp": "image/webp", ".avif": "image/avif"}

OURS = "#d9580d"
OURS_FURTHER = ("#e8920c", "#c92a2a", "#f4a261")  # further models of ours
USUAL = {
    "jpeg444": "#6b7280",
    "jpeg420": "#9ca3af",
    "webp_m6": "#2f9e44",
    "avif444_s6": "#1c7ed6",
    "avif444_s6_psnr": "#74b3f0",
    "jxl_e7": "#9c36b5",
    "vtm": "#b08900",
}
"""The same codec has the same colour on every page."""
FURTHER = ("#0ca678", "#e64980", "#845ef7", "#a0522d", "#4c6ef5", "#82c91e", "#15aabf", "#f06595")
"""Colours that hold on light and dark ground."""


def document(
    title: str, body: str, data: Mapping[str, Any], scripts: Sequence[str] = ("plot", "viewer", "start")
) -> str:
    """A whole page.

    Parameters
    ----------
    body : HTML inside `main`
    data : what the scripts read as JSON
    scripts : files of this folder, in order
    """
    # "</script>" inside a string would end the element, "<!--" change its parsing
    content = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    code = "\n".join(asset(f"{name}.js") for name in scripts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="tintype">
<link rel="icon" href="data:,">
<title>{html.escape(title)}</title>
<style>
{asset("page.css")}</style>
</head>
<body>
<main>
{body}
</main>
<script type="application/json" id="data">{content}</script>
<script>
{code}</script>
</body>
</html>
"""


def asset(name: str) -> str:
    """A file of this folder."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def table(header: Sequence[str], lines: Iterable[Sequence[str]], ours: Iterable[str] = (), text: bool = False) -> str:
    """A table; cells are HTML already. Rows whose first cell contains a name of `ours` are highlighted."""
    marked = tuple(ours)
    head = "".join(f"<th>{cell}</th>" for cell in header)
    rows = []
    for cells in lines:
        kind = ' class="ours"' if any(name in cells[0] for name in marked) else ""
        rows.append(f"<tr{kind}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    kind = ' class="text"' if text else ""
    return (
        f'<div class="scroll"><table{kind}><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def colours(names: Sequence[str], ours: Iterable[str]) -> dict[str, str]:
    """One per codec; ours are orange to red."""
    marked = set(ours)
    others = [name for name in names if name not in marked and name not in USUAL]
    found = {name: FURTHER[number % len(FURTHER)] for number, name in enumerate(others)}
    first, *more = [name for name in names if name in marked] or [""]
    mine = {first: OURS} | {name: OURS_FURTHER[number % len(OURS_FURTHER)] for number, name in enumerate(more)}
    return USUAL | found | mine


def named(name: str, colour: str) -> str:
    """A codec's name with its dot, as HTML."""
    return f'<span class="dot" style="--c:{colour}"></span>{html.escape(name)}'


def lossless(pixels: Pixels8) -> str:
    """Pixels as a data URI, exactly."""
    file = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(file, "WEBP", lossless=True, quality=70, method=4)
    return _uri("image/webp", file.getvalue())


def coded(data: bytes, suffix: str, decoded: Pixels8) -> str:
    """A coded file as a data URI: itself where browsers can show it, else what it decodes to."""
    kind = SHOWN_BY_BROWSERS.get(suffix)
    return _uri(kind, data) if kind else lossless(decoded)


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
