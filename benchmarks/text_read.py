"""Whether text stays text: error rates of a reader of text on scenes, before and after coding.

    python -m benchmarks.text_read [--codec NAME] [--quality 40] [--size 0.6]

Each known line of a scene is cut out and read by the recognition network of the package rapidocr (PP-OCRv6, small).
The other codecs get the quality whose file is closest in size to ours. Needs the network of the package alone:
`pip install --no-deps rapidocr==3.10.0`; nothing is downloaded.
"""

import argparse
from collections.abc import Sequence

import numpy as np

from benchmarks.scenes import scenes
from benchmarks.sheet import Line
from tintype.evaluation.codecs.names import codec_named
from tintype.evaluation.measuring.matching import match
from tintype.evaluation.metrics.text import edits, plain
from tintype.evaluation.results.markdown import table
from tintype.models.rapidocr import TextReader
from tintype.pixels import Pixels8
from tintype.weights import store

PEERS = ("webp_m6", "avif444_s6")


def error_rate(reader: TextReader, pixels: Pixels8, lines: Sequence[Line]) -> float:
    """Characters to insert, delete or replace, as a share of the known ones; spaces do not count."""
    wrong = total = 0
    for known, (left, top, right, bottom) in lines:
        wanted = plain(known)
        wrong += edits(wanted, plain(reader.read(pixels[top:bottom, left:right])))
        total += len(wanted)
    return wrong / total


def main() -> None:
    """Read all scenes with text, and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.text_read", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--codec", default=store.DEFAULT, help="ours: shipped weights or a .tintmodel file")
    parser.add_argument("--quality", type=float, default=40.0, help="of ours, default: %(default)s")
    parser.add_argument("--size", type=float, default=0.6, help="factor of the scenes' sides, default: %(default)s")
    options = parser.parse_args()
    reader, ours = TextReader(), codec_named(options.codec)
    peers = [codec_named(name) for name in PEERS]
    lines, rates = [], []
    for name, pixels, known in scenes(options.size):
        if not known:
            continue
        data = ours.encode(pixels, options.quality)
        found = [match(peer, pixels, len(data)) for peer in peers]
        pictures = [pixels, ours.decode(data)]
        pictures += [peer.decode(matched.data) for peer, matched in zip(peers, found, strict=True)]
        rates.append([100 * error_rate(reader, picture, known) for picture in pictures])
        lengths = [f"{len(data)}", *(f"{len(matched.data)}" for matched in found)]
        lines.append([name, *lengths, *(f"{rate:.1f}" for rate in rates[-1])])
    codecs = [ours.name, *PEERS]
    lines.append(["mean", *[""] * len(codecs), *(f"{rate:.1f}" for rate in np.mean(rates, 0))])
    print(f"Wrong characters in per cent; {ours.name} at quality {options.quality:g}, the others at its size.\n")
    header = ["scene", *(f"{codec}, bytes" for codec in codecs), *(f"{codec}, %" for codec in ("original", *codecs))]
    print(table(header, lines))


if __name__ == "__main__":
    main()
