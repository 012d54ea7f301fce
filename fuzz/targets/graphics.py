"""Graphics layers of .tint files: images by other coders, and the blocks that they replace.

An input is a byte that selects the form of samples, and the bytes of a layer.
"""

import random
from pathlib import Path

import numpy as np

from fuzz import png
from fuzz.mutate import edited
from fuzz.target import Target
from tests.codec.graphics.drawings import noise, page
from tintype.codec.graphics import images
from tintype.codec.graphics.images import Coder
from tintype.codec.graphics.layer import Layer, Painting
from tintype.codec.tiling import Rect
from tintype.errors import FormatError

HEIGHT, WIDTH = 40, 56
CORE = Rect(0, 0, WIDTH, HEIGHT)
FORMS = ((False, 8), (True, 8), (False, 16), (True, 16))  # grey, depth


def target(folder: Path) -> Target:
    drawing, spots = page(HEIGHT, WIDTH), noise(HEIGHT, WIDTH)
    mask = np.zeros((5, 7), bool)
    mask[1:4, 2:6] = True
    seeds = [bytes([0]) + Layer(HEIGHT, WIDTH, *images.write_exact(each)).write() for each in (drawing, spots)]
    seeds.append(bytes([1]) + Layer(HEIGHT, WIDTH, *images.write_exact(drawing[:, :, 0])).write())
    seeds.append(bytes([2]) + Layer(HEIGHT, WIDTH, *images.write_exact(spots.astype(np.uint16) * 257)).write())
    blocks = drawing[8:32, 16:48]
    seeds.append(bytes([0]) + Layer(HEIGHT, WIDTH, *images.write_exact(blocks), mask, side=8).write())
    if near := images.write_near(drawing, 60):
        seeds.append(bytes([0]) + Layer(HEIGHT, WIDTH, Coder.AVIF, near).write())
    return Target(paint, (FormatError,), seeds, mutated)


def paint(data: bytes) -> None:
    grey, depth = FORMS[data[0] % len(FORMS)] if data else FORMS[0]
    painting = Painting.of(data[1:], CORE, grey, depth)
    core = np.zeros((HEIGHT, WIDTH) if grey else (HEIGHT, WIDTH, 3), np.uint8 if depth == 8 else np.uint16)
    painting.paint(core)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Changed bytes; the chunks of a PNG that covers its core get right checksums more often than not."""
    changed = edited(data, rng, 0, rng.choice((16, 64, None)))
    is_png = len(changed) > 3 and changed[1] == Coder.PNG
    return png.sealed(changed, 3) if is_png and rng.random() < 0.8 else changed
