"""What pico loses by integers: PSNR and bytes with the native engine, against ONNX Runtime in float32.

    python -m benchmarks.engine_quality FOLDER [--model NAME] [--levels 0,20,40,60,70]

Each picture is coded and decoded by both engines. Files of ONNX Runtime are decoded by the native engine, too. Prints a
Markdown table: means over the pictures, and the worst of them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tintype import images, metrics
from tintype.codec.container.file import parse
from tintype.codec.decoder import decode
from tintype.codec.encoder import Encoder
from tintype.codec.tile_model import TileModel
from tintype.evaluation.results.markdown import table
from tintype.models.pico import native_engine, onnx_engine
from tintype.pixels import IntPixels
from tintype.weights import store

HEADER = (
    *("level", "bpp", "bytes, %", "worst"),
    *("PSNR", "change, dB", "worst", "decoder alone, dB", "worst", "largest difference of pixels"),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of pictures")
    parser.add_argument("--model", default=store.DEFAULT, help="shipped weights or a .tintmodel file")
    parser.add_argument("--levels", default="0,20,40,60,70")
    options = parser.parse_args()
    paths = sorted(path for path in options.folder.iterdir() if path.suffix in (".png", ".webp"))
    pictures = [images.load_8bit(path) for path in paths]
    bundle = store.load(options.model)
    native, onnx = native_engine.load(bundle), onnx_engine.load(bundle)
    print(f"{options.model}, {len(pictures)} pictures; native against ONNX Runtime\n")
    print(table(HEADER, [line(int(level), pictures, native, onnx) for level in options.levels.split(",")]))


def line(level: int, pictures: Sequence[IntPixels], native: TileModel, onnx: TileModel) -> tuple[str, ...]:
    """Cells of one level."""
    found = []
    for picture in pictures:
        ours, theirs = (Encoder(model, picture).encode(level) for model in (native, onnx))
        both, neither, decoder = (
            decode(parse(file), by) for file, by in ((ours, native), (theirs, onnx), (theirs, native))
        )
        psnr = [metrics.psnr(picture, each) for each in (both, neither, decoder)]
        difference = np.abs(decoder.astype(int) - neither).max()
        found.append((len(ours), len(theirs), *psnr, difference, picture.shape[0] * picture.shape[1]))
    ours, theirs, both, neither, decoder, difference, pixels = np.array(found).T
    rates, changes, alone = 100 * (ours / theirs - 1), both - neither, decoder - neither
    return (
        *(f"{level}", f"{8 * theirs.sum() / pixels.sum():.3f}"),
        *(f"{100 * (ours.sum() / theirs.sum() - 1):+.3f}", f"{rates[np.abs(rates).argmax()]:+.2f}"),
        *(f"{neither.mean():.2f}", f"{changes.mean():+.4f}", f"{changes.min():+.3f}"),
        *(f"{alone.mean():+.4f}", f"{alone.min():+.3f}", f"{difference.max():.0f}"),
    )


if __name__ == "__main__":
    main()
