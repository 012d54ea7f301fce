"""Where a codec is weak, to look at: generated text, a generated desktop, flat shapes, and a face.

    python benchmarks/weaknesses.py --out SHEET.webp [--codec pico-s] [--against avif444_s6] [--quality 40]

The second codec is held to the size of the first one's files. Prints a table, and writes a sheet with a row per scene:
original, first, second. The face is part of a photo that comes with scikit-image; all else is drawn here.
"""

import argparse
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tintype import images, metrics
from tintype.evaluation.codecs.names import codec_named
from tintype.evaluation.measuring.matching import match
from tintype.evaluation.results.markdown import table
from tintype.pixels import Pixels8
from tintype.weights import store

SIDE = 256  # pixels of each scene
GAP = 4
WORDS = "Sphinx of black quartz, judge my vow. Pack my box with five dozen liquor jugs. "


def main() -> None:
    """Code the scenes, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--codec", default=store.DEFAULT)
    parser.add_argument("--against", default="avif444_s6")
    parser.add_argument("--quality", type=int, default=40)
    options = parser.parse_args()
    first, second = codec_named(options.codec), codec_named(options.against)
    rows, lines = [], []
    for name, pixels in SCENES.items():
        scene = pixels()
        data = first.encode(scene, options.quality)
        found = match(second, scene, len(data))
        decoded = [first.decode(data), second.decode(found.data)]
        sizes, psnrs = [len(data), len(found.data)], [metrics.psnr(scene, picture) for picture in decoded]
        rows.append([scene, *decoded])
        lines.append([name, *(f"{size} B, {psnr:.2f} dB" for size, psnr in zip(sizes, psnrs, strict=True))])
    print(table(["scene", f"{first.name} q{options.quality}", second.name], lines))
    Image.fromarray(sheet(rows)).save(options.out, lossless=True)


def text() -> Pixels8:
    """Black on white, sizes from 8 to 22 pixels."""
    page = Image.new("RGB", (SIDE, SIDE), "white")
    draw, top = ImageDraw.Draw(page), 4
    for size in (8, 9, 10, 11, 12, 13, 14, 16, 18, 22) * 2:
        draw.text((6, top), WORDS, fill="black", font=ImageFont.load_default(size))
        top += size + 3
    return np.asarray(page)


def desktop() -> Pixels8:
    """Windows, thin lines, coloured text."""
    screen = Image.new("RGB", (SIDE, SIDE), "#2d5f7c")
    draw = ImageDraw.Draw(screen)
    for left, top, colour, ink in ((10, 14, "#f6f6f6", "#303030"), (70, 90, "#1e1e1e", "#9cdcfe")):
        draw.rectangle((left, top, left + 172, top + 140), fill=colour, outline="#101010")
        draw.rectangle((left, top, left + 172, top + 16), fill="#d0d4d9", outline="#101010")
        draw.text((left + 6, top + 2), "notes.txt", fill="#202020", font=ImageFont.load_default(10))
        for number in range(9):
            line = top + 22 + 13 * number
            draw.text((left + 6, line), str(number + 1), fill="#808080", font=ImageFont.load_default(9))
            draw.text((left + 22, line), WORDS[5 * number : 5 * number + 28], fill=ink, font=ImageFont.load_default(9))
    return np.asarray(screen)


def shapes() -> Pixels8:
    """Saturated flat areas, hard edges, a grid of single pixels."""
    board = Image.new("RGB", (SIDE, SIDE), "#fdf6e3")
    draw = ImageDraw.Draw(board)
    colours = ("#e6194b", "#3cb44b", "#ffe119", "#4363d8", "#f58231", "#911eb4")
    for number, colour in enumerate(colours):
        height = 30 + 53 * number % 120
        draw.rectangle((14 + 40 * number, 150 - height, 42 + 40 * number, 150), fill=colour)
        draw.ellipse((14 + 40 * number, 170, 42 + 40 * number, 198), fill=colour, outline="black")
    draw.line((8, 150, 248, 150), fill="black")
    for x in range(14, 240, 4):
        draw.line((x, 212, x, 244), fill="black")
    return np.asarray(board)


def face() -> Pixels8:
    """Of Eileen Collins, by NASA, in scikit-image."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise SystemExit('the face comes with scikit-image; pip install ".[demo]"')
    return images.load_8bit(Path(spec.origin).parent / "data" / "astronaut.png")[:SIDE, 96 : 96 + SIDE]


SCENES = {"text": text, "desktop": desktop, "shapes": shapes, "face": face}


def sheet(rows: Sequence[Sequence[Pixels8]]) -> Pixels8:
    """All pictures, squares of one size, a row each scene; grey ones as colour."""
    side = len(rows[0][0])
    step = side + GAP
    paper = np.full((step * len(rows) - GAP, step * len(rows[0]) - GAP, 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            colour = picture if picture.ndim == 3 else picture[..., None]
            paper[i * step : i * step + side, j * step : j * step + side] = colour
    return paper


if __name__ == "__main__":
    main()
