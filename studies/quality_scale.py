"""Which level is as good as JPEG at a quality: `python studies/quality_scale.py FOLDER [--model NAME]`.

Mean PSNR and MS-SSIM over a folder of pictures (validation crops, not test pictures), of JPEG as Pillow writes it by
default (4:2:0) and of every fifth level. The knots of the quality scale in `tintype.api` are read off this table.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype import images
from tintype.codec import decoder
from tintype.codec.container.file import parse
from tintype.codec.encoder import Encoder
from tintype.metrics import decibels, ms_ssim, psnr
from tintype.models import load
from tintype.weights import store

JPEG_QUALITIES = (5, 10, 25, 50, 75, 90, 95)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default=store.DEFAULT)
    options = parser.parse_args()
    pictures = [images.load_8bit(path) for path in sorted(options.folder.rglob("*")) if path.suffix in SUFFIXES]
    model = load.model(options.model)
    encoders = [Encoder(model, picture, keep=True) for picture in pictures]

    levels = list(range(0, model.identity.levels, 5))
    ours = []
    for level in levels:
        decoded = [decoder.decode(parse(encoder.encode(level)), model) for encoder in encoders]
        ours.append(scores(pictures, decoded))
    table = np.array(ours)  # (levels, 2)
    print("| JPEG quality | PSNR | level of equal PSNR | MS-SSIM dB | level of equal MS-SSIM |")
    print("|---|---|---|---|---|")
    for quality in JPEG_QUALITIES:
        found = scores(pictures, [jpeg(picture, quality) for picture in pictures])
        at = [np.interp(value, table[:, i], levels) for i, value in enumerate(found)]
        print(f"| {quality} | {found[0]:.2f} | {at[0]:.1f} | {found[1]:.2f} | {at[1]:.1f} |")


SUFFIXES = {".png", ".webp", ".jpg", ".avif"}


def scores(originals: list[NDArray[np.uint8]], decoded: list[NDArray[np.uint8]]) -> tuple[float, float]:
    """Mean PSNR and mean MS-SSIM in dB."""
    pairs = list(zip(originals, decoded, strict=True))
    similarity = [decibels(ms_ssim(a, b)) for a, b in pairs]
    return float(np.mean([psnr(a, b) for a, b in pairs])), float(np.mean(similarity))


def jpeg(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


if __name__ == "__main__":
    main()
