"""What lies outside the picture costs: sides that are not multiples of the network's stride, icons, sides of tiles.

`python -m benchmarks.padding PICTURE...` cuts every size from the middle of each picture that is large enough, else
from a mosaic of all. The encoder's filling is compared with pictures that were reflected, or whose edge was repeated,
to multiples of the stride before they were encoded, and cut back after decoding. The networks alone code all but the
icons.
"""

import argparse
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.mosaic import mosaic
from tintype import images, metrics
from tintype.api import Codec
from tintype.codec.tiling import Tiling, tile_grid
from tintype.evaluation.results.markdown import table
from tintype.pixels import Pixels8
from tintype.qualities import DEFAULT_QUALITY
from tintype.weights import store

SIZES = (
    *((16, 16), (24, 24), (32, 32), (48, 48), (100, 75), (130, 20), (200, 133), (257, 193)),
    *((320, 240), (500, 333), (513, 513), (600, 400), (640, 360), (800, 600), (1280, 720), (1920, 1080)),
)
FLAT = {"white": (255, 255, 255), "black": (0, 0, 0), "blue": (30, 120, 220)}
TILES = (64, 100, 120, 256, 376, 504, 760)
ICON_SIDES = (16, 24, 32, 48)
WEBP_QUALITY = 75

Mode = Literal["symmetric", "edge"]  # of numpy.pad
Content = Literal["auto", "photo"]


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one picture, or of several together."""

    size_bytes: int
    psnr: float  # dB

    @classmethod
    def of(cls, costs: Sequence["Cost"]) -> "Cost":
        """Sum of the bytes, mean of the PSNR."""
        return cls(sum(cost.size_bytes for cost in costs), float(np.mean([cost.psnr for cost in costs])))

    def __str__(self) -> str:
        return f"{self.size_bytes} B, {self.psnr:.2f} dB"


def cost(picture: Pixels8, codec: Codec, quality: float, mode: Mode | None = None, content: Content = "photo") -> Cost:
    """Code a picture; with a mode, pad it first, so that the encoder has nothing to fill at the right and bottom."""
    height, width = picture.shape[:2]
    padded = picture if mode is None else _padded(picture, codec, mode)
    data = codec.encode(padded, quality, content=content)
    decoded = codec.decode_picture(data).pixels[:height, :width]
    return Cost(len(data), metrics.psnr(picture, np.ascontiguousarray(decoded)))


def _padded(picture: Pixels8, codec: Codec, mode: Mode) -> Pixels8:
    height, width = picture.shape[:2]
    stride = codec.load().identity.stride
    last = tile_grid(width, height, Tiling.default(width, height), stride)[-1]
    below, right = last.source.top + last.height - height, last.source.left + last.width - width
    return np.pad(picture, ((0, below), (0, right), (0, 0)), mode)


def cut(pictures: Sequence[Pixels8], width: int, height: int) -> list[Pixels8]:
    """The middle of each picture that is large enough; if none is, a mosaic."""
    cuts = []
    for picture in pictures:
        top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
        if top >= 0 and left >= 0:
            cuts.append(np.ascontiguousarray(picture[top : top + height, left : left + width]))
    return cuts or [mosaic(pictures, width, height)]


def sizes(pictures: Sequence[Pixels8], codec: Codec, quality: float) -> str:
    """Bytes of all pictures together and their mean PSNR, for three fillings."""
    lines = []
    for width, height in SIZES:
        cuts = cut(pictures, width, height)
        reflected, repeated, ours = (
            Cost.of([cost(picture, codec, quality, mode) for picture in cuts]) for mode in ("symmetric", "edge", None)
        )
        change = f"{100 * (ours.size_bytes / reflected.size_bytes - 1):+.1f} %"
        cells = (str(reflected), str(repeated), str(ours), change, f"{ours.psnr - reflected.psnr:+.2f} dB")
        lines.append([f"{width}x{height}", f"{len(cuts)}", *cells])
    return table(["size", "pictures", "reflected", "edge repeated", "tintype", "bytes", "PSNR"], lines)


def one_more_pixel(pictures: Sequence[Pixels8], codec: Codec, quality: float) -> str:
    """What 513x513 costs more than 512x512."""
    more = []
    for small, large in zip(cut(pictures, 512, 512), cut(pictures, 513, 513), strict=True):
        more.append(100 * (cost(large, codec, quality).size_bytes / cost(small, codec, quality).size_bytes - 1))
    return (
        f"513x513 costs {np.mean(more):+.1f} % bytes against 512x512 (mean of {len(more)} pictures, "
        f"{min(more):+.1f} to {max(more):+.1f} %)."
    )


def tile_sides(picture: Pixels8, codec: Codec, quality: float) -> str:
    """Bytes and PSNR of one picture by the side of its tiles."""
    lines = []
    for side in TILES:
        found = cost(picture, Codec(codec.model, threads=1, tile=side), quality)
        lines.append([f"{side}", f"{found.size_bytes}", f"{found.psnr:.2f} dB"])
    return table(["--tile", "bytes", "PSNR"], lines)


def icons(codec: Codec, quality: float) -> str:
    """Bytes of drawn icons beside WebP's."""
    lines = []
    for side in ICON_SIDES:
        drawn = [icon(draw, ground, side) for draw, ground in ICONS]
        ours, webp = (
            Cost.of([cost(each, codec, quality, content="auto") for each in drawn]),
            Cost.of([*map(_webp, drawn)]),
        )
        lines.append([f"{side}x{side}", str(ours), str(webp), f"{ours.size_bytes / webp.size_bytes:.2f}"])
    return table(["size", "tintype", f"WebP at {WEBP_QUALITY}", "ratio of bytes"], lines)


def flat(codec: Codec, quality: float) -> str:
    """Errors of flat pictures in their four corners, and elsewhere; 512 is a multiple of the stride, 500 is not."""
    lines = []
    for (name, colour), side in product(FLAT.items(), (512, 500)):
        picture = np.full((side, side, 3), colour, np.uint8)
        decoded = codec.decode_picture(codec.encode(picture, quality, content="photo")).pixels
        errors = np.abs(decoded.astype(int) - picture).max(2)
        corners = [errors[i, j] for i in (0, -1) for j in (0, -1)]
        lines.append([f"{name}, {side}x{side}", ", ".join(map(str, corners)), f"{errors[8:-8, 8:-8].max()}"])
    return table(["picture", "top left, top right, bottom left, bottom right", "8 pixels from the border"], lines)


def _webp(picture: Pixels8) -> Cost:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "webp", quality=WEBP_QUALITY)
    size_bytes = file.tell()
    file.seek(0)
    return Cost(size_bytes, metrics.psnr(picture, images.load(file).pixels))


def icon(draw: Callable[[ImageDraw.ImageDraw], None], ground: str, side: int) -> Pixels8:
    """Drawn at 256x256 on a ground of one colour, then reduced."""
    large = Image.new("RGB", (256, 256), ground)
    draw(ImageDraw.Draw(large))
    return np.asarray(large.resize((side, side), Image.Resampling.LANCZOS))


def _bars(draw: ImageDraw.ImageDraw) -> None:
    for left, height, colour in ((48, 90, "#d9442f"), (104, 150, "#f0a30a"), (160, 60, "#3a6ea5")):
        draw.rectangle((left, 216 - height, left + 40, 216), fill=colour)


def _folder(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((32, 64, 120, 100), fill="#c99a2e")
    draw.rectangle((32, 88, 224, 208), fill="#f2c14e")


ICONS: Sequence[tuple[Callable[[ImageDraw.ImageDraw], None], str]] = (
    (lambda draw: draw.rectangle((64, 64, 192, 192), fill="#fafafa"), "#1e78dc"),
    (lambda draw: draw.ellipse((40, 40, 216, 216), fill="#1e78dc"), "white"),
    (lambda draw: draw.line((50, 140, 110, 200, 210, 60), fill="#2e9e4f", width=36), "white"),
    (_bars, "#202830"),
    (_folder, "white"),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.padding", description=__doc__)
    parser.add_argument("pictures", metavar="PICTURE", nargs="+", type=Path, help="in colour")
    parser.add_argument("--model", default=store.DEFAULT, help="shipped weights or a .tintmodel file")
    parser.add_argument("--quality", type=float, default=DEFAULT_QUALITY, help="default: %(default)s")
    options = parser.parse_args()
    pictures = [images.load(path).pixels for path in options.pictures]
    codec = Codec(options.model, threads=1)
    print(f"{options.model}, quality {options.quality:g}, {len(pictures)} pictures\n")
    print(sizes(pictures, codec, options.quality))
    print(f"\n{one_more_pixel(pictures, codec, options.quality)}\n")
    print(tile_sides(mosaic(pictures, 1920, 1080), codec, options.quality))
    print(f"\n{icons(codec, options.quality)}")
    print(f"\nLargest errors of flat pictures, in 8-bit levels:\n\n{flat(codec, options.quality)}")


if __name__ == "__main__":
    main()
