"""Scenes of screens and drawings, made here: what photographs lack, with the text that is written on them.

    python -m benchmarks.scenes OUT [--size 1.0]

writes every scene, and every small picture, as a PNG file. Sizes of text do not change with the size of the scene.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.sheet import Line, Rng, Sheet, phrase, words
from benchmarks.small_pictures import small_pictures
from tintype import images
from tintype.pixels import Pixels8
from tintype.training.pictures.drawn import font_of

Point = tuple[float, float]

COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b")
CODE = (
    (("# ", "#6a9955"), ("Count the words of a file and print the largest.", "#6a9955")),
    (("from", "#c586c0"), (" collections ", "#d4d4d4"), ("import", "#c586c0"), (" Counter", "#4ec9b0")),
    (("from", "#c586c0"), (" pathlib ", "#d4d4d4"), ("import", "#c586c0"), (" Path", "#4ec9b0")),
    (),
    (("LIMIT", "#4fc1ff"), (" = ", "#d4d4d4"), ("4096", "#b5cea8"), ("  # bytes of a block", "#6a9955")),
    (),
    (("def ", "#569cd6"), ("read_words", "#dcdcaa"), ("(path: Path, limit: int = LIMIT) -> list[str]:", "#d4d4d4")),
    (('    """Words of a file in lower case."""', "#ce9178"),),
    (("    if ", "#c586c0"), ("not", "#569cd6"), (" path.exists():", "#d4d4d4")),
    (("        raise ", "#c586c0"), ("FileNotFoundError", "#4ec9b0"), ('(f"no file {path}")', "#ce9178")),
    (("    with ", "#c586c0"), ("path.open(encoding=", "#d4d4d4"), ('"utf-8"', "#ce9178"), (") as file:", "#d4d4d4")),
    (("        return ", "#c586c0"), ("file.read(limit).lower().split()", "#d4d4d4")),
    (),
    (("class ", "#569cd6"), ("Table", "#4ec9b0"), (":", "#d4d4d4")),
    (("    def ", "#569cd6"), ("add", "#dcdcaa"), ("(self, row: int, value: float) -> None:", "#d4d4d4")),
    (("        self.rows[row] += value * ", "#d4d4d4"), ("0.125", "#b5cea8")),
    (("        self.total = sum(self.rows.values())", "#d4d4d4"),),
    (),
)


class Scene(NamedTuple):
    """A picture and the text on it; scenes without known text have no lines."""

    name: str
    pixels: Pixels8  # (H, W, 3) or (H, W)
    lines: tuple[Line, ...]


def scenes(size: float = 1.0) -> Iterator[Scene]:
    """All scenes, the same at every call.

    Parameters
    ----------
    size : factor of the sides; below 1 there is less on a scene, not smaller text
    """
    for number, (name, (width, height, draw)) in enumerate(SCENES.items()):
        sheet = Sheet(round(width * size), round(height * size))
        draw(sheet, np.random.default_rng(number))
        grey = name in GREY
        pixels = np.asarray(sheet.image.convert("L")) if grey else sheet.pixels
        yield Scene(name, pixels, tuple(sheet.lines))


def article(sheet: Sheet, rng: Rng) -> None:
    """A page of black text in two columns."""
    sheet.text(40, 24, phrase(rng, 4), "black", "Sans-Bold", 26)
    sheet.text(40, 64, phrase(rng, 7), "#404040", "Serif", 15)
    column = (sheet.width - 104) / 2
    for left in (40, 64 + column):
        top = 100.0
        while top < sheet.height - 20:
            sheet.text(left, top, phrase(rng, 3), "black", "Sans-Bold", 14, column)
            top = sheet.paragraph(left, top + 22, words(rng, 70), column, "black", "Serif", 12) + 10


def small_print(sheet: Sheet, rng: Rng) -> None:
    """Grey text of 8 to 12 pixels on a tinted page."""
    sheet.pen.rectangle((0, 0, sheet.width, sheet.height), "#fdf6e3")
    top = 12.0
    for number in range(100):
        size = (8, 9, 10, 11, 12)[number % 5]
        top = sheet.paragraph(16, top, words(rng, 40), sheet.width - 32, "#586e75", "", size) + 8


def editor(sheet: Sheet, rng: Rng) -> None:
    """A code editor in dark mode."""
    pen, width, height = sheet.pen, sheet.width, sheet.height
    pen.rectangle((0, 0, width, height), "#1e1e1e")
    pen.rectangle((0, 0, width, 34), "#252526")
    pen.rectangle((180, 0, 320, 34), "#1e1e1e")
    pen.rectangle((0, 35, 170, height), "#252526")
    sheet.text(196, 9, "words.py", "#ffffff", "", 13)
    sheet.text(338, 9, "table.py", "#969696", "", 13)
    sheet.text(12, 44, "EXPLORER", "#bbbbbb", "", 11)
    for row in range((height - 100) // 22):
        pen.polygon(((18, 72 + 22 * row), (23, 77 + 22 * row), (18, 82 + 22 * row)), "#c5c5c5")
        sheet.text(30, 69 + 22 * row, f"{phrase(rng, 1).lower()}.py", "#cccccc", "", 13, 136)
    for row in range((height - 70) // 19):
        top, left = 44 + 19 * row, 232
        sheet.text(186 + 8 * (row < 9), top, str(row + 1), "#858585", "SansMono", 13)
        for part, ink in CODE[row % len(CODE)]:
            indent = len(part) - len(part.lstrip())
            left += 8 * indent
            left += sheet.text(left, top, part.strip(), ink, "SansMono", 13) + 8 * (len(part) - len(part.rstrip()))
    pen.rectangle((0, height - 22, width, height), "#007acc")
    sheet.text(12, height - 20, "main   Ln 12, Col 40   UTF-8   Python", "white", "", 12)


def terminal(sheet: Sheet, rng: Rng) -> None:
    """Commands and their output on black."""
    sheet.pen.rectangle((0, 0, sheet.width, sheet.height), "#0c0c0c")
    for row in range((sheet.height - 8) // 18):
        top = 6 + 18 * row
        if row % 9 == 0:
            taken = sheet.text(8, top, "user@machine:~/work$", "#16c60c", "SansMono-Bold", 13)
            sheet.text(20 + taken, top, f"grep -rn {rng.choice(words(rng, 9))} notes/", "#cccccc", "SansMono", 13)
        elif row % 9 < 5:
            sheet.text(8, top, f"-rw-r--r-- 1 user {rng.integers(1000, 99999)}", "#cccccc", "SansMono", 13)
            sheet.text(260, top, f"2024-0{rng.integers(1, 9)}-1{rng.integers(9)}", "#3b78ff", "SansMono", 13)
            sheet.text(360, top, " ".join(words(rng, 6)), "#61d6d6", "SansMono", 13)
        else:
            sheet.text(8, top, f"notes/{phrase(rng, 1).lower()}.txt", "#b4009e", "SansMono", 13)
            sheet.text(180, top, f"{rng.integers(10, 400)}:", "#13a10e", "SansMono", 13)
            sheet.text(230, top, " ".join(words(rng, 12)), "#e0e0e0", "SansMono", 13)


def desktop(sheet: Sheet, rng: Rng) -> None:
    """Windows and icons on a smooth background."""
    sheet.gradient((18, 52, 110), (122, 60, 140))
    width, height = sheet.width, sheet.height
    for row in range((height - 60) // 84):
        _icon(sheet.pen, 30, 20 + 84 * row, COLOURS[row % 6])
        sheet.text(22, 70 + 84 * row, phrase(rng, 1), "white", "", 12)
    for left, top, right, bottom in ((0.14, 0.06, 0.7, 0.6), (0.3, 0.3, 0.95, 0.88)):
        _window(sheet, rng, round(left * width), round(top * height), round(right * width), round(bottom * height))
    sheet.covered(0, height - 36, width, height)
    sheet.pen.rectangle((0, height - 36, width, height), "#101318")
    for number in range(6):
        _icon(sheet.pen, 12 + 44 * number, height - 33, COLOURS[5 - number], 28)
    sheet.text(width - 60, height - 26, "14:35", "white", "", 13)


def _window(sheet: Sheet, rng: Rng, left: int, top: int, right: int, bottom: int) -> None:
    pen = sheet.pen
    sheet.covered(left, top, right, bottom)
    pen.rounded_rectangle((left, top, right, bottom), 8, "#fbfbfb", "#7a7a7a")
    pen.rounded_rectangle((left, top, right, top + 30), 8, "#e6e9ef", "#7a7a7a")
    for number, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        pen.ellipse((left + 12 + 20 * number, top + 9, left + 24 + 20 * number, top + 21), colour)
    sheet.text(left + 84, top + 7, phrase(rng, 2), "#303030", "", 13, right - left - 100)
    pen.rectangle((left + 1, top + 31, left + 118, bottom - 8), "#f0f1f4")
    for row in range((bottom - top - 60) // 26):
        line = top + 40 + 26 * row
        if row == 2:
            pen.rectangle((left + 124, line - 4, right - 6, line + 20), "#cfe3ff")
        sheet.text(left + 14, line, phrase(rng, 1), "#404040", "", 13, 100)
        pen.rectangle((left + 132, line + 1, left + 146, line + 15), COLOURS[row % 6])
        sheet.text(left + 156, line, " ".join(words(rng, 6)), "#202020", "", 13, right - left - 260)
        sheet.text(right - 84, line, f"{rng.integers(10, 990)} kB", "#606060", "", 13, 80)


def _icon(pen: ImageDraw.ImageDraw, left: int, top: int, colour: str, side: int = 44) -> None:
    pen.rounded_rectangle((left, top, left + side, top + side), side // 5, colour)
    pen.ellipse((left + side // 4, top + side // 4, left + 3 * side // 4, top + 3 * side // 4), "white")


def line_chart(sheet: Sheet, rng: Rng) -> None:
    """Three curves, a grid, axes with numbers, a key."""
    left, top, right, bottom = _axes(sheet, rng)
    count = 60
    for number in range(3):
        values = np.cumsum(rng.normal(0, 1, count))
        values = (values - values.min()) / np.ptp(values)
        across = np.linspace(left, right, count)
        points = [(float(x), float(bottom - (bottom - top) * v)) for x, v in zip(across, values, strict=True)]
        sheet.pen.line(points, COLOURS[number], 1 + number)
        if number == 2:
            for x, y in points[::4]:
                sheet.pen.ellipse((x - 3, y - 3, x + 3, y + 3), "white", COLOURS[number])
    sheet.covered(left + 12, top + 8, left + 150, top + 76)
    sheet.pen.rectangle((left + 12, top + 8, left + 150, top + 76), "white", "#b0b0b0")
    for number in range(3):
        line = top + 14 + 20 * number
        sheet.pen.line((left + 20, line + 8, left + 48, line + 8), COLOURS[number], 1 + number)
        sheet.text(left + 56, line, phrase(rng, 1), "black", "Sans", 12)


def bar_chart(sheet: Sheet, rng: Rng) -> None:
    """Groups of bars and a disc of shares."""
    left, top, right, bottom = _axes(sheet, rng)
    groups = max(3, (right - left) // 90)
    step = (right - left) / groups
    for group in range(groups):
        for bar in range(3):
            x = left + step * (group + 0.15 + 0.24 * bar)
            height = (bottom - top) * rng.uniform(0.1, 0.75)
            sheet.pen.rectangle((x, bottom - height, x + 0.2 * step, bottom), COLOURS[bar])
        sheet.text(left + step * (group + 0.2), bottom + 24, phrase(rng, 1), "black", "Sans", 11, step)
    start = 0.0
    for number, share in enumerate((0.35, 0.25, 0.2, 0.12, 0.08)):
        box = (right - 130, top + 4, right - 10, top + 124)
        sheet.pen.pieslice(box, 360 * start, 360 * (start + share), COLOURS[number], "white", 2)
        start += share


def _axes(sheet: Sheet, rng: Rng) -> tuple[int, int, int, int]:
    """Title, grid and numbers; returns the place of the curves: left, top, right, bottom."""
    left, top, right, bottom = 64, 48, sheet.width - 24, sheet.height - 64
    sheet.text(left, 14, phrase(rng, 4), "black", "Sans-Bold", 17)
    count = max(2, (right - left) // 64)
    for number in range(count + 1):
        y, x = bottom - (bottom - top) * number / count, left + (right - left) * number / count
        sheet.pen.line((left, y, right, y), "#dddddd")
        sheet.pen.line((x, top, x, bottom), "#eeeeee")
        sheet.text(left - 42, y - 7, f"{12.5 * number:.1f}", "#303030", "Sans", 11)
        sheet.text(x - 12, bottom + 6, f"{1990 + 3 * number}", "#303030", "Sans", 11)
    sheet.pen.line((left, top, left, bottom, right, bottom), "black")
    sheet.text((left + right) / 2 - 60, sheet.height - 24, phrase(rng, 3), "black", "Sans", 13)
    return left, top, right, bottom


def map_(sheet: Sheet, rng: Rng) -> None:
    """Land, water, a park, streets with names."""
    pen, width, height = sheet.pen, sheet.width, sheet.height
    pen.rectangle((0, 0, width, height), "#f2efe9")
    shore = [(x, 0.78 * height + 40 * np.sin(x / 90) + 14 * np.sin(x / 23)) for x in range(0, width + 8, 8)]
    pen.polygon([*shore, (width, height), (0, height)], "#aad3df")
    pen.polygon([(0.55 * width + x, 0.12 * height + y) for x, y in _round(rng, 100)], "#c8facc")
    streets = [((x, 0.0), (x + rng.normal(0, 40), 0.8 * height)) for x in range(30, width, 64)]
    streets += [((0.0, y), (float(width), y + rng.normal(0, 24))) for y in range(24, int(0.72 * height), 56)]
    major = [streets[2], streets[-2]]
    for ink, extra in (("#c9bfae", 2), ("white", 0)):
        for street in streets:
            pen.line(street, ink, 7 + extra)
    for ink, extra in (("#b06a2a", 2), ("#fcd6a4", 0)):
        for street in major:
            pen.line(street, ink, 13 + extra)
    for _ in range(width * height // 2500):
        x, y = rng.uniform(0, width), rng.uniform(0, 0.7 * height)
        w, h = rng.uniform(6, 22, 2)
        pen.rectangle((x, y, x + w, y + h), "#d9d0c9", "#bfb3a8")
    railway = [(float(x), 0.35 * height + 60 * np.sin(x / 170)) for x in range(0, width + 6, 6)]
    pen.line(railway, "#505050", 3)
    for first, last in zip(railway[::2], railway[1::2], strict=False):
        pen.line((first, last), "white", 1)
    for x, y in product(range(14, width - 110, 152), range(14, round(0.7 * height), 78)):
        left, top = x + int(rng.integers(0, 30)), y + int(rng.integers(0, 40))
        name = phrase(rng, 1) + " " + str(rng.choice(["Street", "Road", "Park", "Lane"]))
        for i, j in ((-1, 0), (1, 0), (0, -1), (0, 1)):  # a white rim
            pen.text((left + i, top + j), name, "white", font_of(1, 12))
        sheet.text(left, top, name, "#333333", "Sans", 12)


def _round(rng: Rng, radius: float) -> list[Point]:
    """A closed curve about a circle."""
    angles = np.linspace(0, 2 * np.pi, 80, endpoint=False)
    radii = radius * (1 + 0.15 * np.sin(3 * angles + rng.uniform(0, 6)) + 0.08 * np.sin(7 * angles))
    return [(float(r * np.cos(a)), float(r * np.sin(a))) for a, r in zip(angles, radii, strict=True)]


def line_art(sheet: Sheet, rng: Rng) -> None:
    """Black lines of one and two pixels: a plan with measures, curves, hatching."""
    pen, width, height = sheet.pen, sheet.width, sheet.height
    pen.rectangle((20, 20, width - 20, height - 20), None, "black", 2)
    rooms = [(40, 60, width // 2, height // 2), (width // 2, 60, width - 40, height // 2)]
    for number, (left, top, right, bottom) in enumerate(rooms):
        pen.rectangle((left, top, right, bottom), None, "black", 2)
        pen.arc((right - 60, bottom - 60, right + 60, bottom + 60), 180, 270, "black")
        sheet.text(left + 20, top + 16, phrase(rng, 2), "black", "Sans", 13)
        pen.line((left, top - 14, right, top - 14), "black")
        for x in (left, right):
            pen.line((x - 4, top - 10, x + 4, top - 18), "black")
        sheet.text((left + right) / 2 - 20, top - 34, f"{4250 + 35 * number} mm", "black", "Sans", 11)
    for offset in range(0, width // 3, 7):
        pen.line((80 + offset, height // 2 + 14, 40 + offset, height // 2 + 54), "black")
    angles = np.linspace(0, 14 * np.pi, 2400)
    radius = 0.2 * height
    curve_x = 0.3 * width + radius * np.cos(angles) * (0.6 + 0.4 * np.cos(angles * 9 / 7))
    curve_y = 0.76 * height + radius * np.sin(angles) * (0.6 + 0.4 * np.cos(angles * 9 / 7))
    pen.line(list(zip(curve_x.tolist(), curve_y.tolist(), strict=True)), "black")
    for number in range(24):
        r = height * number / 112
        pen.ellipse((0.72 * width - r, 0.76 * height - r, 0.72 * width + r, 0.76 * height + r), None, "black")


def codes(sheet: Sheet, rng: Rng) -> None:
    """Square codes with modules of 1 to 6 pixels, and a bar code."""
    left, top = 24, 24
    for module in (6, 4, 3, 2, 1):
        code = Image.fromarray(_square_code(rng, 33)).resize((33 * module, 33 * module), Image.Resampling.NEAREST)
        if left + code.width > sheet.width - 20:
            left, top = 24, top + 33 * 6 + 40
        if top + code.height > sheet.height - 140:
            continue
        sheet.image.paste(code.convert("RGB"), (left, top))
        sheet.text(left, top + code.height + 6, f"Part {rng.integers(1000, 9999)}", "black", "Sans", 12)
        left += max(code.width, 70) + 32
    x = 24
    while x < sheet.width - 30:
        bar, gap = (int(v) for v in rng.integers(1, 5, 2))
        sheet.pen.rectangle((x, sheet.height - 110, x + bar - 1, sheet.height - 40), "black")
        x += bar + gap
    sheet.text(24, sheet.height - 32, "4 006381 333931", "black", "SansMono", 16)


def _square_code(rng: Rng, side: int) -> Pixels8:
    """(side, side): finders, timing and alignment marks of a QR code about random data; not readable."""
    code = rng.integers(0, 2, (side, side), np.uint8) * 255
    finder = np.full((9, 9), 255, np.uint8)
    finder[1:8, 1:8] = 0
    finder[2:7, 2:7] = 255
    finder[3:6, 3:6] = 0
    code[6, 8:-8] = code[8:-8, 6] = np.arange(side - 16) % 2 * 255
    code[:8, :8], code[:8, -8:], code[-8:, :8] = finder[1:, 1:], finder[1:, :8], finder[:8, 1:]
    mark = np.zeros((5, 5), np.uint8)
    mark[1:4, 1:4] = 255
    mark[2, 2] = 0
    code[-9:-4, -9:-4] = mark
    return code


def dither(sheet: Sheet, rng: Rng) -> None:
    """A smooth picture in black and white points (Floyd and Steinberg)."""
    sheet.image.paste(Image.fromarray(_smooth(sheet, rng)).convert("1").convert("RGB"))


def halftone(sheet: Sheet, rng: Rng) -> None:
    """A smooth picture as a screen of round points, 8 pixels apart at 20 degrees."""
    i, j = np.mgrid[: sheet.height, : sheet.width]
    screen = 127.5 + 63.5 * (np.cos(0.74 * i + 0.27 * j) + np.cos(0.27 * i - 0.74 * j))
    sheet.image.paste(Image.fromarray(np.where(_smooth(sheet, rng) > screen, 255, 0).astype(np.uint8)).convert("RGB"))


def _smooth(sheet: Sheet, rng: Rng) -> Pixels8:
    """(H, W): a grey gradient with hills."""
    i, j = np.mgrid[: sheet.height, : sheet.width].astype(np.float32)
    grey = 40 + 150 * j / sheet.width
    for _ in range(5):
        y, x, r = rng.uniform(0, sheet.height), rng.uniform(0, sheet.width), rng.uniform(60, 160)
        grey = grey + rng.uniform(-110, 110) * np.exp(-((i - y) ** 2 + (j - x) ** 2) / r**2)
    return grey.clip(0, 255).astype(np.uint8)


def patterns(sheet: Sheet, rng: Rng) -> None:
    """Fields of a checker, stripes, grids and noise of one and two pixels."""
    i, j = np.mgrid[: sheet.height, : sheet.width]
    fields = ((i + j) % 2, i % 2, j % 2, (i % 4 == 0) | (j % 4 == 0), (i // 2 + j // 2) % 2, rng.random(i.shape) < 0.1)
    across, down = 3, 2
    which = (i * down // sheet.height) * across + j * across // sheet.width
    pixels = (np.choose(which, [np.asarray(field, np.uint8) for field in fields]) * 255).astype(np.uint8)
    sheet.image.paste(Image.fromarray(pixels).convert("RGB"))


def spreadsheet(sheet: Sheet, rng: Rng) -> None:
    """Cells with numbers; text with coloured fringes."""
    pen, row_height, column = sheet.pen, 22, 92
    pen.rectangle((0, 0, sheet.width, 30), "#217346")
    sheet.text(12, 7, phrase(rng, 3), "white", "", 14)
    pen.rectangle((0, 31, sheet.width, 52), "#e6e6e6")
    for number, left in enumerate(range(40, sheet.width, column)):
        sheet.text(left + 40, 34, chr(65 + number), "#404040", "Sans", 12, smoothing="subpixel")
        pen.line((left, 31, left, sheet.height), "#d0d0d0")
    for row, top in enumerate(range(53, sheet.height - row_height, row_height)):
        pen.line((0, top, sheet.width, top), "#d0d0d0")
        pen.rectangle((0, top + 1, 39, top + row_height - 1), "#e6e6e6")
        sheet.text(8, top + 3, str(row + 1), "#404040", "Sans", 12, smoothing="subpixel")
        for number, left in enumerate(range(40, sheet.width - column, column)):
            text = phrase(rng, 1) if number == 0 else f"{rng.uniform(0, 9999):.2f}"
            if rng.random() < 0.06:
                pen.rectangle((left + 1, top + 1, left + column - 1, top + row_height - 1), "#ffeb9c")
            sheet.text(left + 6, top + 3, text, "#101010", "Sans", 12, column - 8, smoothing="subpixel")
    pen.rectangle((40 + column, 53 + row_height, 40 + 2 * column, 53 + 2 * row_height), None, "#217346", 2)


def form(sheet: Sheet, rng: Rng) -> None:
    """A dialog of an older system: fields, boxes, buttons, text without smoothing beside smoothed text."""
    pen = sheet.pen
    pen.rectangle((0, 0, sheet.width, sheet.height), "#d4d0c8")
    pen.rectangle((3, 3, sheet.width - 4, 24), "#0a246a")
    sheet.text(10, 5, phrase(rng, 2), "white", "Sans-Bold", 13)
    for row, top in enumerate(range(40, sheet.height - 150, 36)):
        sheet.text(20, top + 4, phrase(rng, 2), "black", "Sans", 12, 180)
        box = (210, top, sheet.width - 30, top + 24)
        pen.rectangle(box, "white", "#404040")
        pen.line((box[0], box[3], box[2], box[3], box[2], box[1]), "#f4f4f4")
        smoothing = "none" if row % 2 else "grey"
        sheet.text(216, top + 4, " ".join(words(rng, 5)), "black", "Sans", 12, sheet.width - 260, smoothing)
    for row in range(3):
        top = sheet.height - 118 + 22 * row
        pen.rectangle((20, top, 32, top + 12), "white", "#404040")
        pen.line((22, top + 6, 25, top + 10, 31, top + 2), "black", 2)
        sheet.text(40, top - 1, phrase(rng, 4), "black", "Sans", 12, 260)
        pen.ellipse((330, top, 342, top + 12), "white", "#404040")
        sheet.text(350, top - 1, phrase(rng, 3), "black", "Sans", 12)
    for number, name in enumerate(("OK", "Cancel", "Help")):
        left, top = sheet.width - 300 + 95 * number, sheet.height - 44
        for step in range(24):
            pen.line((left, top + step, left + 84, top + step), (245 - 2 * step,) * 3)
        pen.rectangle((left, top, left + 84, top + 24), None, "#404040")
        sheet.text(left + 24, top + 4, name, "black", "Sans", 12)


def slide(sheet: Sheet, rng: Rng) -> None:
    """Large text on a gradient, boxes and arrows."""
    sheet.gradient((13, 27, 62), (32, 86, 120))
    pen, width, height = sheet.pen, sheet.width, sheet.height
    sheet.text(0.06 * width, 0.07 * height, phrase(rng, 3), "white", "Sans-Bold", 38)
    pen.line((0.06 * width, 0.2 * height, 0.94 * width, 0.2 * height), "#f2b134", 3)
    for row in range(4):
        top = (0.26 + 0.09 * row) * height
        pen.ellipse((0.07 * width, top + 8, 0.07 * width + 10, top + 18), "#f2b134")
        sheet.text(0.07 * width + 24, top, " ".join(words(rng, 9)), "#e8eef5", "", 22)
    box = 0.22 * width
    for number in range(3):
        left, top = (0.08 + 0.31 * number) * width, 0.68 * height
        pen.rounded_rectangle((left, top, left + box, top + 0.2 * height), 12, COLOURS[number], "white", 2)
        sheet.text(left + 16, top + 0.07 * height, phrase(rng, 2), "white", "", 20, box - 24)
        if number < 2:
            middle, end = top + 0.1 * height, left + 0.31 * width
            pen.line((left + box, middle, end - 10, middle), "white", 3)
            pen.polygon(((end - 12, middle - 7), (end - 2, middle), (end - 12, middle + 7)), "white")


def captioned(sheet: Sheet, rng: Rng) -> None:
    """A photograph with a caption, a date and a watermark."""
    photo = photograph("coffee").resize((sheet.width, sheet.height), Image.Resampling.LANCZOS)
    mark = Image.new("L", photo.size)
    pen = ImageDraw.Draw(mark)
    for row, top in enumerate(range(30, sheet.height, 120)):
        for left in range(-60 * (row % 2), sheet.width, 260):
            pen.text((left, top), "SAMPLE", 70, font_of(2, 36))
    photo.paste(Image.new("RGB", photo.size, "white"), mask=mark)
    sheet.image.paste(photo)
    top = sheet.height - 74
    sheet.pen.rectangle((0, top, sheet.width, sheet.height), "black")
    sheet.text(20, top + 10, " ".join(words(rng, 8)), "white", "Sans", 20)
    sheet.text(20, top + 42, " ".join(words(rng, 12)), "#ffe680", "Sans", 14)
    sheet.text(sheet.width - 190, 14, "2024-06-18 07:42", "#ff9030", "SansMono-Bold", 18)


def web_page(sheet: Sheet, rng: Rng) -> None:
    """A page with photographs, text, links and buttons."""
    pen, width = sheet.pen, sheet.width
    pen.rectangle((0, 0, width, 52), "#24292f")
    for number in range(5):
        sheet.text(24 + 110 * number, 18, phrase(rng, 1), "white", "", 14)
    side = width // 2 - 36
    photo = photograph("astronaut").resize((side, side), Image.Resampling.LANCZOS)
    sheet.image.paste(photo.crop((0, 0, side, min(side, 300))), (24, 72))
    left = width // 2 + 12
    sheet.text(left, 72, phrase(rng, 3), "#1f2328", "Sans-Bold", 22)
    top = sheet.paragraph(left, 108, words(rng, 45), side, "#1f2328", "", 14)
    pen.rounded_rectangle((left, top + 8, left + 120, top + 40), 6, "#1f883d")
    sheet.text(left + 22, top + 16, "Read more", "white", "", 14)
    card = (width - 48) // 4
    low = max(round(top) + 60, 90 + min(side, 300))
    for number, name in enumerate(("chelsea", "coffee", "rocket", "hubble_deep_field")):
        x = 24 + card * number
        pen.rounded_rectangle((x, low, x + card - 12, low + 190), 6, "white", "#d0d7de")
        sheet.image.paste(photograph(name).resize((card - 20, 110), Image.Resampling.LANCZOS), (x + 4, low + 4))
        sheet.text(x + 8, low + 122, phrase(rng, 2), "#0969da", "", 14, card - 24)
        sheet.paragraph(x + 8, low + 146, words(rng, 7), card - 28, "#57606a", "", 12)
    sheet.paragraph(24, low + 206, words(rng, 120), width - 48, "#1f2328", "", 14)


def photograph(name: str) -> Image.Image:
    """One that comes with scikit-image."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise SystemExit('the photographs come with scikit-image; pip install ".[demo]"')
    folder = Path(spec.origin).parent / "data"
    return Image.fromarray(images.load_8bit(next(folder.glob(f"{name}.*"))))


SCENES: Mapping[str, tuple[int, int, Callable[[Sheet, Rng], None]]] = {  # width, height
    "article": (800, 800, article),
    "small print": (720, 540, small_print),
    "editor": (1280, 800, editor),
    "terminal": (960, 600, terminal),
    "desktop": (1280, 800, desktop),
    "line chart": (800, 500, line_chart),
    "bar chart": (800, 500, bar_chart),
    "map": (800, 600, map_),
    "line art": (800, 640, line_art),
    "codes": (640, 480, codes),
    "dither": (640, 480, dither),
    "halftone": (640, 480, halftone),
    "patterns": (640, 480, patterns),
    "spreadsheet": (1024, 640, spreadsheet),
    "form": (720, 540, form),
    "slide": (960, 540, slide),
    "captioned photograph": (800, 600, captioned),
    "web page": (1024, 800, web_page),
}
GREY = ("article", "line art", "dither", "halftone")  # coded without colour


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scenes", description=__doc__)
    parser.add_argument("out", metavar="OUT", type=Path)
    parser.add_argument("--size", type=float, default=1.0, help="factor of the sides, default: %(default)s")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    named = [(scene.name, scene.pixels) for scene in scenes(options.size)]
    for name, pixels in (*named, *small_pictures()):
        Image.fromarray(pixels).save(options.out / f"{name.replace(' ', '_')}.png", optimize=True)


if __name__ == "__main__":
    main()
