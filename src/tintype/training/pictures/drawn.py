"""Drawn training pictures: text, windows, terminals and charts, which photographs lack.

Train on them together with photographs: a model that has seen no sharp text blurs it at every quality.
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tintype.replacing import staged
from tintype.training.outputs import refuse

Rng = np.random.Generator
Colour = tuple[int, int, int]

LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
MARKS = (" ", " ", " ", " ", ", ", ". ", "; ", ": ", " - ")
FACES = ("Sans", "Sans-Bold", "Serif", "SansMono", "SansMono-Bold")  # DejaVu, where matplotlib is installed


class Drawing(NamedTuple):
    """A picture, and a mask of its text: 255 inside the boxes of the letters that are to be seen."""

    picture: Image.Image
    text: Image.Image

    def covered(self, left: float, top: float, right: float, bottom: float) -> None:
        """No text is to be seen where something was drawn over it."""
        ImageDraw.Draw(self.text).rectangle((left, top, right, bottom), fill=0)


def write(folder: Path, count: int = 72, side: int = 512, seed: int = 0, force: bool = False) -> str:
    """Write pictures 0 to `count` - 1 of a seed as PNG files; returns a line about them.

    Parameters
    ----------
    force : replace all earlier drawn pictures of the folder; its other pictures stay

    Raises
    ------
    InputError
        The folder has drawn pictures.
    """
    earlier = sorted(folder.glob("graphic*.png"))
    refuse(earlier, force)
    with staged(folder, earlier) as part:
        for number in range(count):
            draw(number, side, seed).save(part / f"graphic{number:04}.png")
    return f"{folder}: {count} pictures"


def draw(number: int, side: int, seed: int = 0) -> Image.Image:
    """Picture `number` of a seed: kinds alternate."""
    return drawing(number, side, seed).picture


def drawing(number: int, side: int, seed: int = 0) -> Drawing:
    """Picture `number` of a seed, and where its text is."""
    kinds = (page, desktop, terminal, chart)
    return kinds[number % len(kinds)](np.random.default_rng((seed, number)), side)


def page(rng: Rng, side: int) -> Drawing:
    """Columns of text in one face, with headings."""
    ink, paper = _ink_and_paper(rng)
    drawing = _blank(side, paper)
    columns = int(rng.integers(1, 4))
    face, size = int(rng.integers(len(FACES) + 1)), int(rng.integers(8, 19))
    for column in range(columns):
        left, width = 8 + column * side // columns, side // columns - 16
        top = int(rng.integers(0, 20))
        while top < side:
            heading = rng.random() < 0.1
            height = 2 * size if heading else size
            _write(drawing, (left, top), _words(rng, width // (3 if heading else 4)), ink, face, height, width)
            top += round(height * 1.35) + int(rng.random() < 0.15) * size
    return drawing


def desktop(rng: Rng, side: int) -> Drawing:
    """Windows with title bars, lists, buttons and icons."""
    drawing = _blank(side, _colour(rng))
    if rng.random() < 0.5:
        _gradient(drawing.picture, rng)
    pen = ImageDraw.Draw(drawing.picture)
    for _ in range(int(rng.integers(3, 7))):
        left, top = rng.integers(-40, side - 80, 2).tolist()
        width, height = rng.integers(120, max(121, side * 3 // 4), 2).tolist()
        ink, paper = _ink_and_paper(rng)
        pen.rounded_rectangle(
            (left, top, left + width, top + height), int(rng.integers(0, 9)), fill=paper, outline=_colour(rng)
        )
        pen.rectangle((left, top, left + width, top + 20), fill=_colour(rng))
        drawing.covered(left, top, left + width, top + max(height, 20))
        face, size = int(rng.integers(len(FACES) + 1)), int(rng.integers(8, 15))
        _write(drawing, (left + 6, top + 3), _words(rng, 20), ink, face, 12, width - 12)
        for line in range(top + 26, top + height - size - 4, size + int(rng.integers(3, 9))):
            if rng.random() < 0.3:
                pen.rectangle((left + 6, line, left + 6 + size, line + size), fill=_colour(rng), outline=ink)
            _write(drawing, (left + 26, line), _words(rng, 60), ink, face, size, width - 32)
        if rng.random() < 0.5:
            button = (left + 8, top + height - 26, left + 88, top + height - 6)
            pen.rounded_rectangle(button, 4, fill=_colour(rng))
            drawing.covered(*button)
    return drawing


def terminal(rng: Rng, side: int) -> Drawing:
    """Lines of a fixed-width face, words in several colours, on a dark or light ground."""
    dark = rng.random() < 0.8
    ground = _colour(rng, 0, 48) if dark else (253, 246, 227)
    drawing = _blank(side, ground)
    size, face = int(rng.integers(9, 16)), 3 + int(rng.integers(2))
    colours = [_colour(rng, 120 if dark else 0, 256 if dark else 140) for _ in range(6)]
    for top in range(4, side, round(size * 1.4)):
        left = 6 + 2 * size * int(rng.integers(0, 5))
        while left < side and rng.random() < 0.92:
            word = _word(rng) + str(rng.choice(["", "(", ")", " =", "::", "[0]", "_", ";"]))
            colour = colours[int(rng.integers(len(colours)))]
            left += _write(drawing, (left, top), word, colour, face, size, side) + size // 2
    return drawing


def chart(rng: Rng, side: int) -> Drawing:
    """Axes, bars, lines, discs and labels."""
    ink, paper = _ink_and_paper(rng)
    drawing = _blank(side, paper)
    pen = ImageDraw.Draw(drawing.picture)
    left, bottom = 40, side - 40
    for y in np.linspace(30, bottom, int(rng.integers(4, 12))):
        pen.line((left, y, side - 10, y), fill=_mixed(ink, paper))
        _write(drawing, (6, int(y) - 6), f"{rng.random() * 100:.1f}", ink, 0, 10, 34)
    count = int(rng.integers(4, 30))
    step = (side - left - 20) / count
    for bar in range(count):
        x, height = left + 6 + bar * step, rng.random() * (bottom - 40)
        if rng.random() < 0.6:
            pen.rectangle((x, bottom - height, x + 0.7 * step, bottom), fill=_colour(rng))
    for _ in range(int(rng.integers(0, 4))):
        points = [(left + 6 + i * step, float(bottom - rng.random() * (bottom - 40))) for i in range(count)]
        pen.line(points, fill=_colour(rng), width=int(rng.integers(1, 4)))
    for _ in range(int(rng.integers(0, 5))):
        x, y, radius = (int(v) for v in rng.integers((left, 40, 6), (side - 40, bottom, 48)))
        pen.pieslice((x - radius, y - radius, x + radius, y + radius), 0, int(rng.integers(60, 361)), fill=_colour(rng))
    pen.line((left, 20, left, bottom, side - 10, bottom), fill=ink, width=2)
    _write(drawing, (left + 10, 6), _words(rng, 40), ink, int(rng.integers(len(FACES) + 1)), 15, side - 60)
    return drawing


def _blank(side: int, ground: Colour) -> Drawing:
    return Drawing(Image.new("RGB", (side, side), ground), Image.new("L", (side, side)))


def _write(drawing: Drawing, at: tuple[int, int], text: str, ink: Colour, face: int, size: int, width: int) -> int:
    """Text of one line, cut where it passes `width`; returns the width taken."""
    pen, font = ImageDraw.Draw(drawing.picture), font_of(face, size)
    while text and pen.textlength(text, font) > width:
        text = text[:-1]
    pen.text(at, text, fill=ink, font=font)
    if text:
        ImageDraw.Draw(drawing.text).rectangle(pen.textbbox(at, text, font), fill=255)
    return int(pen.textlength(text, font))


@lru_cache(maxsize=256)
def font_of(face: int, size: int) -> Any:
    """Face 0 comes with Pillow; it replaces the others where matplotlib is missing. Face n is `FACES[n - 1]`."""
    spec = find_spec("matplotlib")
    if face == 0 or spec is None or spec.origin is None:
        return ImageFont.load_default(size)
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(folder / f"DejaVu{FACES[face - 1]}.ttf", size)


def _word(rng: Rng) -> str:
    share = 1 / np.arange(1, len(LETTERS) + 1)
    word = "".join(rng.choice(list(LETTERS), int(rng.integers(1, 10)), p=share / share.sum()))
    return word.capitalize() if rng.random() < 0.15 else str(rng.integers(10**5)) if rng.random() < 0.1 else word


def _words(rng: Rng, letters: int) -> str:
    text = ""
    while len(text) < letters:
        text += _word(rng) + MARKS[int(rng.integers(len(MARKS)))]
    return text


def _colour(rng: Rng, low: int = 0, high: int = 256) -> Colour:
    red, green, blue = (int(c) for c in rng.integers(low, high, 3))
    return red, green, blue


def _ink_and_paper(rng: Rng) -> tuple[Colour, Colour]:
    """Mostly dark on light, often black on white."""
    if rng.random() < 0.35:
        return (0, 0, 0), (255, 255, 255)
    dark, light = _colour(rng, 0, 90), _colour(rng, 200, 256)
    return (dark, light) if rng.random() < 0.75 else (light, dark)


def _mixed(a: Colour, b: Colour) -> Colour:
    red, green, blue = ((x + y) // 2 for x, y in zip(a, b, strict=True))
    return red, green, blue


def _gradient(picture: Image.Image, rng: Rng) -> None:
    """A smooth ground between two colours."""
    width, height = picture.size
    ends = np.array([_colour(rng), _colour(rng)], np.float64)
    share = np.linspace(0, 1, height)[:, None] if rng.random() < 0.5 else np.linspace(0, 1, width)[None, :]
    share = np.broadcast_to(share, (height, width))[..., None]
    pixels = ends[0] * (1 - share) + ends[1] * share
    picture.paste(Image.fromarray(pixels.round().astype(np.uint8)))
