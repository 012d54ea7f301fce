"""A picture to draw on, which remembers the lines of text that were written on it."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from tintype.pixels import Pixels8
from tintype.training.pictures.drawn import FACES, font_of

Face = Literal["", "Sans", "Sans-Bold", "Serif", "SansMono", "SansMono-Bold"]  # "": Pillow's own
Smoothing = Literal["grey", "none", "subpixel"]
Rng = np.random.Generator

SMALLEST_READ = 9  # pixels: text below this size is drawn, but no reader is asked to read it
VOCABULARY = (
    "time house water garden paper music river window market letter summer winter bridge mountain station kitchen "
    "teacher doctor picture history country village machine engine silver yellow orange purple simple quick early "
    "late open closed large small heavy light bright quiet public common modern ancient narrow broad first second "
    "third number value total average report system network server memory screen keyboard folder message account "
    "change answer question reason result example problem measure travel travels walks carries builds opens paints "
    "finds keeps shows writes reads makes gives under over between across behind before after while where which and "
    "with from into the of a in"
)


class Line(NamedTuple):
    """A line of known text."""

    text: str
    box: tuple[int, int, int, int]  # left, top, right, bottom, pixels; inside the picture


class Sheet:
    """What scenes are drawn on.

    Parameters
    ----------
    width, height : pixels
    ground : colour as Pillow names it
    """

    def __init__(self, width: int, height: int, ground: str | tuple[int, int, int] = "white") -> None:
        self.image = Image.new("RGB", (width, height), ground)
        self.pen = ImageDraw.Draw(self.image)
        self.lines: list[Line] = []
        self.width, self.height = width, height

    @property
    def pixels(self) -> Pixels8:
        """What has been drawn, (H, W, 3)."""
        return np.array(self.image)

    def text(
        self,
        left: float,
        top: float,
        text: str,
        ink: str = "black",
        face: Face = "Sans",
        size: int = 13,
        width: float | None = None,
        smoothing: Smoothing = "grey",
    ) -> int:
        """One line, cut after the last word that fits; returns the width taken.

        Parameters
        ----------
        width : that may be taken; default: to the right side of the sheet. A line below the sheet is not written
        smoothing : of edges; "subpixel" has coloured fringes, as screens of red, green and blue stripes need them
        """
        x, y = round(left), round(top)
        font = font_of(FACES.index(face) + 1 if face else 0, size)
        room = min(self.width - 4 - x, self.width if width is None else width)
        while text and self.pen.textlength(text, font) > room:
            text = text.rpartition(" ")[0]
        bottom = y + round(1.3 * size) + 1
        if not text or bottom > self.height:
            return 0
        taken = round(self.pen.textlength(text, font))
        if smoothing == "subpixel":
            self._fringed((x, y), text, ink, face, size)
        else:
            self.pen.fontmode = "1" if smoothing == "none" else "L"
            self.pen.text((x, y), text, ink, font)
        if size >= SMALLEST_READ and smoothing != "none":
            self.lines.append(Line(text, (max(x - 3, 0), max(y - 2, 0), min(x + taken + 3, self.width), bottom)))
        return taken

    def paragraph(
        self, left: float, top: float, words: Sequence[str], width: float, ink: str, face: Face, size: int
    ) -> float:
        """Words in as many lines as they need; returns where the next line begins."""
        font = font_of(FACES.index(face) + 1 if face else 0, size)
        line = ""
        for word in (*words, None):
            longer = f"{line} {word}".strip()
            if word is not None and self.pen.textlength(longer, font) <= width:
                line = longer
                continue
            self.text(left, top, line, ink, face, size, width + 4)
            top, line = top + round(1.45 * size), word or ""
        return top

    def covered(self, left: float, top: float, right: float, bottom: float) -> None:
        """Forget lines that a window, drawn over them, hides in whole or in part."""
        self.lines = [
            line
            for line in self.lines
            if line.box[2] < left or line.box[0] > right or line.box[3] < top or line.box[1] > bottom
        ]

    def gradient(self, first: tuple[int, int, int], last: tuple[int, int, int]) -> None:
        """Fill all with a smooth ground from the top left to the bottom right."""
        i, j = np.mgrid[: self.height, : self.width]
        share = ((i / self.height + j / self.width) / 2)[..., None]
        pixels = np.array(first) * (1 - share) + np.array(last) * share
        self.image.paste(Image.fromarray(pixels.round().astype(np.uint8)))

    def _fringed(self, at: tuple[int, int], text: str, ink: str, face: Face, size: int) -> None:
        """Text whose red, green and blue are sampled a third of a pixel apart."""
        large = font_of(FACES.index(face) + 1 if face else 0, 3 * size)
        width, height = round(large.getlength(text)) // 3 + 3, 2 * size
        mask = Image.new("L", (3 * width, 3 * height))
        ImageDraw.Draw(mask).text((0, 0), text, 255, large)
        rows = np.asarray(mask, np.float64).reshape(height, 3, 3 * width).mean(1)
        rows = (np.roll(rows, 1, 1) + rows + np.roll(rows, -1, 1)) / 3 / 255
        share = rows.reshape(height, width, 3)  # a third of a pixel each: red, green, blue
        box = (at[0], at[1], at[0] + width, at[1] + height)
        ground = np.asarray(self.image.crop(box), np.float64)
        colour = np.array(Image.new("RGB", (1, 1), ink).getpixel((0, 0)), np.float64)
        self.image.paste(Image.fromarray((ground * (1 - share) + colour * share).round().astype(np.uint8)), box[:2])


def words(rng: Rng, count: int) -> list[str]:
    """English words as sentences: capitals and marks, sometimes numbers."""
    vocabulary = VOCABULARY.split()
    found, left = [], 0
    for _ in range(count):
        word = str(rng.choice(vocabulary)) if rng.random() > 0.06 else str(rng.integers(10, 9999))
        if left == 0:
            word, left = word.capitalize(), int(rng.integers(5, 14))
        left -= 1
        found.append(word + ("." if left == 0 else "," if rng.random() < 0.06 else ""))
    return found


def phrase(rng: Rng, count: int) -> str:
    """A short title."""
    return " ".join(map(str, rng.choice(VOCABULARY.split()[:80], count))).capitalize()
