"""Whether text stays text: error rates of a reader of text on scenes, before and after coding.

    python -m benchmarks.text_read [--codec NAME] [--quality 40] [--size 0.6]

Each known line of a scene is cut out and read by the recognition network of the package rapidocr (PP-OCRv6, small).
The other codecs get the quality whose file is closest in size to ours. Needs the network of the package alone:
`pip install --no-deps rapidocr==3.10.0`; nothing is downloaded.
"""

import argparse
import unicodedata
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, files
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.scenes import scenes
from benchmarks.sheet import Line
from tintype.errors import UnsupportedError
from tintype.evaluation.codecs.names import codec_named
from tintype.evaluation.measuring.matching import match
from tintype.evaluation.results.markdown import table
from tintype.models.onnx_runtime import runtime
from tintype.pixels import Pixels8
from tintype.weights import store

PEERS = ("webp_m6", "avif444_s6")
NETWORK = "rapidocr/models/PP-OCRv6_rec_small.onnx"
HEIGHT = 48  # pixels of a line at the network
LEAST_WIDTH = 320  # pixels; narrower lines are padded, as the package does


class Reader:
    """Reads a line of text in a picture.

    Raises
    ------
    UnsupportedError
        The package that holds the network is not installed.
    """

    def __init__(self) -> None:
        self._session = runtime().InferenceSession(_network().read_bytes(), providers=["CPUExecutionProvider"])
        known = self._session.get_modelmeta().custom_metadata_map["character"]
        self._characters = ["", *known.splitlines(), " "]  # 0: the blank of CTC

    def read(self, pixels: Pixels8) -> str:
        """The most likely text of one line, (H, W, 3) or (H, W); no dictionary is used."""
        image = Image.fromarray(pixels).convert("RGB")
        width = max(1, -(-HEIGHT * image.width // image.height))
        resized = np.asarray(image.resize((width, HEIGHT), Image.Resampling.BILINEAR), np.float32)
        line = np.zeros((1, 3, HEIGHT, max(width, LEAST_WIDTH)), np.float32)
        line[0, :, :, :width] = (resized / 127.5 - 1).transpose(2, 0, 1)[::-1]  # blue, green, red
        scores: Any = self._session.run(None, {self._session.get_inputs()[0].name: line})[0]  # (1, steps, characters)
        return "".join(self._characters[best] for best, _ in groupby(scores[0].argmax(1)))

    def error_rate(self, pixels: Pixels8, lines: Sequence[Line]) -> float:
        """Characters to insert, delete or replace, as a share of the known ones; spaces do not count."""
        wrong = total = 0
        for text, (left, top, right, bottom) in lines:
            wanted = plain(text)
            wrong += edits(wanted, plain(self.read(pixels[top:bottom, left:right])))
            total += len(wanted)
        return wrong / total


def _network() -> Path:
    try:
        found = [Path(str(path.locate())) for path in files("rapidocr") or () if str(path) == NETWORK]
    except PackageNotFoundError as error:
        raise UnsupportedError(
            "the package rapidocr is not installed; pip install --no-deps rapidocr==3.10.0 is enough"
        ) from error
    if not found:
        raise UnsupportedError(f"this version of the package rapidocr has no {NETWORK}; 3.10.0 has it")
    return found[0]


def plain(text: str) -> str:
    """Without spaces, wide forms of characters as the usual ones."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def edits(wanted: str, found: str) -> int:
    """Levenshtein's distance."""
    before = list(range(len(found) + 1))
    for row, a in enumerate(wanted, 1):
        now = [row]
        for column, b in enumerate(found, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (a != b)))
        before = now
    return before[-1]


def main() -> None:
    """Read all scenes with text, and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.text_read", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--codec", default=store.DEFAULT, help="ours: shipped weights or a .tintmodel file")
    parser.add_argument("--quality", type=float, default=40.0, help="of ours, default: %(default)s")
    parser.add_argument("--size", type=float, default=0.6, help="factor of the scenes' sides, default: %(default)s")
    options = parser.parse_args()
    reader, ours = Reader(), codec_named(options.codec)
    peers = [codec_named(name) for name in PEERS]
    lines, rates = [], []
    for name, pixels, known in scenes(options.size):
        if not known:
            continue
        data = ours.encode(pixels, options.quality)
        found = [match(peer, pixels, len(data)) for peer in peers]
        pictures = [pixels, ours.decode(data)]
        pictures += [peer.decode(matched.data) for peer, matched in zip(peers, found, strict=True)]
        rates.append([100 * reader.error_rate(picture, known) for picture in pictures])
        lengths = [f"{len(data)}", *(f"{len(matched.data)}" for matched in found)]
        lines.append([name, *lengths, *(f"{rate:.1f}" for rate in rates[-1])])
    codecs = [ours.name, *PEERS]
    lines.append(["mean", *[""] * len(codecs), *(f"{rate:.1f}" for rate in np.mean(rates, 0))])
    print(f"Wrong characters in per cent; {ours.name} at quality {options.quality:g}, the others at its size.\n")
    header = ["scene", *(f"{codec}, bytes" for codec in codecs), *(f"{codec}, %" for codec in ("original", *codecs))]
    print(table(header, lines))


if __name__ == "__main__":
    main()
