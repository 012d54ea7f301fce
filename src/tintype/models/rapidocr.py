"""The networks of the package rapidocr, which find and read text: for training and measuring, never for coding.

Only its files of PP-OCRv6 (small; Apache-2.0) are used, so none of its dependencies is needed:
`pip install --no-deps rapidocr==3.10.0`. Nothing is downloaded.
"""

import importlib.util
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.errors import UnsupportedError
from tintype.models.onnx_runtime import Session, runtime
from tintype.pixels import Pixels8

PACKAGE, VERSION = "rapidocr", "3.10.0"
FINDER, READER = "models/PP-OCRv6_det_small.onnx", "models/PP-OCRv6_rec_small.onnx"

# as the package sets them, after Liao et al. 2020 (arXiv 1911.08947, "DB")
STRIDE = 32  # sides of what the finder takes are multiples of it
INSIDE = 0.3  # a pixel of that probability belongs to a line's kernel
SURE_FOUND, SURE_READ = 0.5, 0.5  # mean probabilities of a kernel, and of the characters of a line
GROWTH = 1.6  # lines are kernels grown by this many times area / perimeter
LEAST_KERNEL, LARGEST_KERNEL = 3, 0.25  # height: pixels, share of the shorter side; larger ones are mostly objects

HEIGHT = 48  # pixels of a line at the reader
LEAST_WIDTH = 320  # pixels; narrower lines are padded, as the package does
LEAST_CHARACTERS = 2  # of a line; single ones are seen in every second photograph


class Box(NamedTuple):
    """A part of a picture, in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    def of(self, pixels: Pixels8) -> Pixels8:
        """What is inside."""
        return pixels[self.top : self.bottom, self.left : self.right]


class TextReader:
    """Finds and reads lines of text; no dictionary is used.

    Raises
    ------
    UnsupportedError
        The package, onnxruntime or scipy is not installed.
    """

    def __init__(self) -> None:
        if reason := missing():
            raise UnsupportedError(f"text cannot be read: {reason}")
        self._finder = Session(_file(FINDER).read_bytes())
        self._reader = runtime().InferenceSession(_file(READER).read_bytes(), providers=["CPUExecutionProvider"])
        known = self._reader.get_modelmeta().custom_metadata_map["character"]
        self._characters = ["", *known.splitlines(), " "]  # 0: the blank of CTC

    def lines(self, pixels: Pixels8) -> list[tuple[Box, str]]:
        """Lines of a picture, (H, W, 3) or (H, W), and what they say; of slanted lines the boxes around them.

        Photographs have much that looks like a line of text from afar, so a line counts if it can be read.
        """
        found = []
        for box in self._boxes(pixels):
            text, sure = self._read(box.of(pixels))
            if sure >= SURE_READ and len(text) >= LEAST_CHARACTERS:
                found.append((box, text))
        return found

    def read(self, pixels: Pixels8) -> str:
        """The most likely text of a picture of one line, (H, W, 3) or (H, W)."""
        return self._read(pixels)[0]

    def _boxes(self, pixels: Pixels8) -> list[Box]:
        """Where lines of text may be."""
        from scipy import ndimage

        height, width = pixels.shape[:2]
        sides = ((0, -height % STRIDE), (0, -width % STRIDE), (0, 0))
        padded = np.pad(_coloured(pixels), sides, "edge")
        likely = self._finder.run(None, {self._finder.inputs[0]: _normalised(padded)[None]})[0][0, 0]
        likely = likely[:height, :width]  # (H, W): of a pixel in the middle of a line
        kernels, count = ndimage.label(likely > INSIDE)
        means = ndimage.mean(likely, kernels, range(1, count + 1))
        found = []
        for (down, across), mean in zip(ndimage.find_objects(kernels), means, strict=True):
            h, w = down.stop - down.start, across.stop - across.start
            if mean < SURE_FOUND or min(h, w) < LEAST_KERNEL or h > LARGEST_KERNEL * min(height, width):
                continue
            more = round(GROWTH * h * w / (2 * (h + w)))
            left, top = max(across.start - more, 0), max(down.start - more, 0)
            found.append(Box(left, top, min(across.stop + more, width), min(down.stop + more, height)))
        return found

    def _read(self, pixels: Pixels8) -> tuple[str, float]:
        """Text, and the mean probability of its characters."""
        image = Image.fromarray(pixels).convert("RGB")
        width = max(1, -(-HEIGHT * image.width // image.height))
        resized = np.asarray(image.resize((width, HEIGHT), Image.Resampling.BILINEAR))
        line = np.zeros((1, 3, HEIGHT, max(width, LEAST_WIDTH)), np.float32)
        line[0, :, :, :width] = _normalised(resized)
        scores = self._reader.run(None, {self._reader.get_inputs()[0].name: line})[0][0]  # (steps, characters)
        best, steps = scores.argmax(1), range(len(scores))
        starts = [step for step in steps if best[step] and (step == 0 or best[step] != best[step - 1])]
        text = "".join(self._characters[best[step]] for step in starts)
        return text, float(np.mean(scores[starts, best[starts]])) if starts else 0.0


def missing() -> str:
    """What the networks lack here; empty if nothing."""
    for package, needs in (
        (PACKAGE, f"pip install --no-deps {PACKAGE}=={VERSION} is enough"),
        ("onnxruntime", "it is part of tintype[eval]"),
        ("scipy", "it is part of tintype[eval]"),
    ):
        if importlib.util.find_spec(package) is None:
            return f"the package {package} is not installed; {needs}"
    return ""


def _coloured(pixels: Pixels8) -> Pixels8:
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _normalised(pixels: Pixels8) -> NDArray[np.float32]:
    """(H, W, 3) to (3, H, W) in [-1, 1]: blue, green, red."""
    return (pixels.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[::-1]


def _file(name: str) -> Path:
    try:
        found = [Path(str(path.locate())) for path in files(PACKAGE) or () if str(path) == f"{PACKAGE}/{name}"]
    except PackageNotFoundError as error:
        raise UnsupportedError(
            f"the package {PACKAGE} is not installed; pip install --no-deps {PACKAGE}=={VERSION} is enough"
        ) from error
    if not found:
        raise UnsupportedError(f"this version of the package {PACKAGE} has no {name}; {VERSION} has it")
    return found[0]
