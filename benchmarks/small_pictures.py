"""Small pictures, made here: icons, palettes, line drawings and bitmaps of 2x2 to 300x300 pixels, and single rows."""

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.padding import ICON_SIDES, ICONS, icon
from benchmarks.sheet import Rng
from tintype.pixels import Pixels8
from tintype.training.pictures.drawn import font_of


def small_pictures() -> Iterator[tuple[str, Pixels8]]:
    """All of them with their names, the same at every call; (H, W, 3) or (H, W)."""
    rng = np.random.default_rng(0)
    for maker in (_icons, _tiny, _patterns, _palettes, _sprites, _drawings, _bitmaps):
        yield from maker(rng)


def _icons(rng: Rng) -> Iterator[tuple[str, Pixels8]]:
    """Smooth shapes on one ground."""
    for side in ICON_SIDES:
        for number, (draw, ground) in enumerate(ICONS):
            yield f"icon {number} {side}", icon(draw, ground, side)


def _tiny(rng: Rng) -> Iterator[tuple[str, Pixels8]]:
    """Pictures of a few pixels, and of one row or column."""
    for height, width in ((2, 2), (3, 2), (5, 7), (16, 2), (2, 300)):
        yield f"noise {width}x{height}", rng.integers(0, 256, (height, width, 3), np.uint8)
    ramp = np.arange(256, dtype=np.uint8)
    yield "ramp 256x1", ramp[None]
    yield "ramp 3x256", np.repeat(ramp[:, None], 3, 1)
    yield "white 17x17", np.full((17, 17, 3), 255, np.uint8)


def _patterns(rng: Rng) -> Iterator[tuple[str, Pixels8]]:
    """Checkers, stripes and grids of one pixel."""
    for side in (8, 31, 128, 300):
        i, j = np.mgrid[:side, :side]
        yield f"checker {side}", _black_and_white((i + j) % 2 == 0)
        yield f"stripes {side}", _black_and_white(i % 2 == 0)
    i, j = np.mgrid[:100, :150]
    yield "grid 150x100", _black_and_white((i % 5 > 0) & (j % 5 > 0))
    yield "red checker 150x100", np.where(((i + j) % 2 == 0)[..., None], (255, 0, 0), (255, 255, 255)).astype(np.uint8)


def _palettes(rng: Rng) -> Iterator[tuple[str, Pixels8]]:
    """Swatches, and noise of few colours."""
    colours = rng.integers(0, 256, (256, 3), np.uint8)
    yield "256 colours 16x16", colours.reshape(16, 16, 3)
    yield "256 swatches 256x256", colours.reshape(16, 16, 3).repeat(16, 0).repeat(16, 1)
    yield "16 swatches 40x10", colours[:16].reshape(2, 8, 3).repeat(5, 0).repeat(5, 1)
    yield "4 colours noise 96x64", colours[rng.integers(0, 4, (64, 96))]
    smooth = np.add.outer(np.sin(np.arange(160) / 30), np.cos(np.arange(200) / 24))
    yield "contours 200x160", colours[((smooth + 2) * 4).astype(int)]


def _sprites(rng: Rng) -> Iterator[tuple[str, Pixels8]]:
    """Symmetric figures of large pixels, few colours."""
    for side, scale in ((8, 1), (8, 4), (12, 3), (16, 2), (16, 16)):
        colours = rng.integers(0, 256, (4, 3), np.uint8)
        half = rng.integers(0, 4, (side, side // 2)) * (rng.random((side, side // 2)) < 0.7)
        figure = colours[np.concatenate([half, half[:, ::-1]], 1)]
        yield f"sprite {side}x{side} times {scale}", figure.repeat(scale, 0).repeat(scale, 1)


def _drawings(rng: Rng) -> Iterator[tuple[str, Pixels8]]:
    """Black lines, hard or smoothed, and coloured shapes."""
    for side in (48, 120, 300):
        angles = np.linspace(0, 10 * np.pi, 900)
        radii = np.linspace(0, side / 2 - 2, 900)
        spiral = np.stack([side / 2 + radii * np.cos(angles), side / 2 + radii * np.sin(angles)], 1)
        hard = Image.new("L", (side, side), 255)
        ImageDraw.Draw(hard).line([tuple(point) for point in spiral], 0)
        yield f"spiral {side}", np.asarray(hard)
        large = Image.new("L", (4 * side, 4 * side), 255)
        ImageDraw.Draw(large).line([tuple(point) for point in 4 * spiral], 0, 5)
        yield f"smooth spiral {side}", np.asarray(large.resize((side, side), Image.Resampling.BOX))
    maze = np.ones((61, 91), bool)
    maze[::2, ::2] = False
    for row, column in np.ndindex(30, 45):  # from each post a wall, down or to the right
        maze[(2 * row + 1, 2 * column) if rng.random() < 0.5 else (2 * row, 2 * column + 1)] = False
    yield "maze 91x61", _black_and_white(maze)
    flag = Image.new("RGB", (240, 150), "#c8102e")
    pen = ImageDraw.Draw(flag)
    pen.rectangle((0, 0, 240, 50), "#012169")
    pen.regular_polygon((120, 75, 40), 5, fill="#ffd100")
    yield "flag 240x150", np.asarray(flag)
    face = Image.new("RGB", (128, 128), "white")
    pen = ImageDraw.Draw(face)
    pen.ellipse((8, 8, 120, 120), "#ffcc4d", "#b07d00", 3)
    pen.ellipse((38, 42, 52, 62), "#664500")
    pen.ellipse((76, 42, 90, 62), "#664500")
    pen.arc((34, 46, 94, 98), 20, 160, "#664500", 5)
    yield "face 128x128", np.asarray(face)


def _bitmaps(rng: Rng) -> Iterator[tuple[str, Pixels8]]:
    """Black and white only: letters, dithers, noise."""
    for size, width, height in ((12, 100, 18), (20, 220, 30)):
        letters = Image.new("L", (width, height), 255)
        pen = ImageDraw.Draw(letters)
        pen.fontmode = "1"
        pen.text((3, 2), "Tin type 0123", 0, font_of(1, size))
        yield f"letters {width}x{height}", np.asarray(letters)
    ramp = np.broadcast_to(np.linspace(0, 255, 200).astype(np.uint8), (100, 200))
    yield "dithered ramp 200x100", np.asarray(Image.fromarray(ramp).convert("1").convert("L"))
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
    yield "ordered ramp 200x100", _black_and_white(ramp > np.tile(bayer * 16 + 8, (25, 50)))
    yield "sparse points 150x150", _black_and_white(rng.random((150, 150)) > 0.03)
    yield "noise 64x64", _black_and_white(rng.random((64, 64)) > 0.5)


def _black_and_white(white: np.ndarray) -> Pixels8:
    return np.where(white, 255, 0).astype(np.uint8)
