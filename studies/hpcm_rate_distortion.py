"""Real bytes and quality of HPCM weights: `python studies/hpcm_rate_distortion.py WEIGHTS.safetensors PICTURES`.

Streams of y and z as `hpcm.compressai.compress` writes them, without a file's header; pictures whose sides are no
multiples of what the model needs are skipped and counted. Prints a Markdown table.
"""

import argparse
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from PIL import Image

from tintype import metrics
from tintype.models.hpcm import compressai, weights
from tintype.training.pictures.crops import pictures_in


@torch.no_grad()
def main() -> None:
    """Code every picture there and back."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("pictures", type=Path, help="folder")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = weights.load(options.weights)
    rows, skipped = [], 0
    print("| picture | bpp | PSNR | MS-SSIM dB |\n|---|---|---|---|")
    for path in pictures_in(options.pictures):
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        height, width = pixels.shape[:2]
        if height % model.config.multiple or width % model.config.multiple:
            skipped += 1
            continue
        x = torch.from_numpy(pixels.copy()).movedim(-1, 0)[None].float() / 255
        coded = compressai.compress(model, x)
        x_hat = compressai.decompress(model, coded["strings"], coded["shape"])["x_hat"]
        found = (255 * x_hat[0]).round().to(torch.uint8).movedim(0, -1).numpy()
        size_bytes = sum(len(stream) for streams in coded["strings"] for stream in streams)
        quality = metrics.psnr(pixels, found), metrics.decibels(metrics.ms_ssim(pixels, found))
        rows.append((8 * size_bytes / (height * width), *quality))
        print(f"| {path.stem} | " + " | ".join(f"{value:.4f}" for value in rows[-1]) + " |", flush=True)
    means = [fmean(column) for column in zip(*rows, strict=True)]
    print(f"| mean of {len(rows)} | " + " | ".join(f"{value:.4f}" for value in means) + " |")
    if skipped:
        print(f"\n{skipped} pictures skipped: their sides are not multiples of {model.config.multiple}")


if __name__ == "__main__":
    main()
