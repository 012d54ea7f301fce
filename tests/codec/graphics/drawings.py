"""Small drawings and noise for the tests of graphics."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tintype.pixels import Pixels8


def page(height: int = 160, width: int = 240) -> Pixels8:
    """Lines of black text on white, (height, width, 3)."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(12)
    for top in range(2, height - 12, 14):
        draw.text((4, top), "The quick brown fox jumps over the lazy dog " * 3, fill="black", font=font)
    return np.asarray(image)


def noise(height: int, width: int) -> Pixels8:
    """What no coder can predict, and no photograph has more of, (height, width, 3)."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def photograph(height: int, width: int) -> Pixels8:
    """Smooth shapes under camera noise, (height, width, 3)."""
    y, x = np.mgrid[:height, :width]
    shapes = 120 + 70 * np.sin(x / 17)[..., None] * np.cos(y / 11)[..., None] + np.array([0, 20, -20])
    noisy = shapes + np.random.default_rng(1).normal(0, 3, (height, width, 3))
    return noisy.clip(0, 255).astype(np.uint8)


def dither(height: int, width: int) -> Pixels8:
    """A smooth picture in black and white dots, (height, width)."""
    y, x = np.mgrid[:height, :width]
    grey = (127 + 90 * np.sin(x / 40) * np.cos(y / 30)).astype(np.uint8)
    return np.asarray(Image.fromarray(grey).convert("1").convert("L"))
