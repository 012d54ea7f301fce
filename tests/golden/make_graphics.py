"""Golden files with graphics: `python -m tests.golden.make_graphics`. Files of old must keep their layers for ever.

Writes .tint files and, for each, what its layer shows: the image's pixels and which blocks it covers.
"""

from pathlib import Path

import numpy as np

from tests.codec.graphics.drawings import dither, page, photograph
from tintype.codec.container.file import Chunk, ChunkType, Container, parse, write
from tintype.codec.container.header import Samples
from tintype.codec.encoder import Encoder
from tintype.codec.graphics.detect import BLOCK
from tintype.codec.graphics.images import Coder, write_exact, write_near
from tintype.codec.graphics.layer import Layer, Mask, Painting, bounding_box, joined, split
from tintype.codec.tiling import Rect
from tintype.models import load
from tintype.pixels import IntPixels

FOLDER = Path(__file__).parent / "graphics"


MASK = np.zeros((4, 7), bool)  # of blocks of 16 in a picture of 64 x 100
MASK[1:3, 2:5] = MASK[3, 6] = True


def file_of(pixels: IntPixels, coded: tuple[Coder, bytes], mask: Mask | None = None, depth: int = 8) -> bytes:
    """A file of one tile with the given image as its layer."""
    container = parse(Encoder(load.model(None), pixels, samples=Samples(depth=depth)).encode(35))
    layer = Layer(*pixels.shape[:2], *coded, mask, BLOCK)
    payload = joined(layer.write(), b"" if mask is None else container.payload(0))
    return write(Container(container.header, (payload,), (Chunk(ChunkType.GRAPHICS, b""),)))


def painting_of(data: bytes) -> Painting:
    """The layer of a file of one tile."""
    container = parse(data)
    header = container.header
    layer, _ = split(container.payload(0))
    return Painting.of(layer, Rect(0, 0, header.width, header.height), header.colour == 0, header.samples.depth)


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    photo, text, dots = photograph(64, 100), page(48, 120), dither(40, 56)
    deep = photograph(20, 28).astype(np.uint16) * 257
    box = bounding_box(MASK, BLOCK, *photo.shape[:2]).slices
    files = {
        "avif": file_of(text, (Coder.AVIF, write_near(text, 40) or b"")),
        "avif-blocks": file_of(photo, (Coder.AVIF, write_near(photo[box], 40) or b""), MASK),
        "png": file_of(dots, write_exact(dots)),
        "png-16": file_of(deep, write_exact(deep), depth=16),
        "webp": file_of(photo, write_exact(photo)),
        "webp-blocks": file_of(photo, write_exact(photo[box]), MASK),
    }
    for name, data in files.items():
        (FOLDER / f"{name}.tint").write_bytes(data)
        painting = painting_of(data)
        covered = np.ones(painting.image.shape[:2], bool) if painting.covered is None else painting.covered
        np.savez_compressed(FOLDER / f"{name}.npz", image=painting.image, covered=covered)
        print(f"{name}: {len(data)} bytes, {painting.box}, whole: {painting.whole}")


if __name__ == "__main__":
    main()
