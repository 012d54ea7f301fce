#!/usr/bin/env bash
# Guess: of libaom's tunes, `psnr` gives the highest PSNR at a size, and `ssim` pays for its measure with PSNR, so
#   that a codec which chooses by squared error has to ask for `psnr`.
# What happens: for a photograph both have the same PSNR within a few hundredths of a dB. For a page of text `ssim` has
#   the higher PSNR at every size.
# Why it matters: an anchor for screens that is tuned for PSNR is weaker than it could be in PSNR itself, and a tool
#   that picks the tune by the measure it reports picks the wrong one for text.
# Versions: pillow 12.0.0 and 13.0.0 (libavif 1.3 and 1.4, aom 3.13 and 3.14).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.2.6 pillow==12.0.0 scikit-image==0.25.2
"$folder/venv/bin/python" - <<'EOF'
import io

import numpy as np
import PIL
from PIL import Image, ImageDraw, ImageFont, features
from skimage import data

rng = np.random.default_rng(0)


def page():
    image = Image.new("RGB", (640, 480), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(14)
    words = "pack my box with five dozen liquor jugs and judge the vow of black quartz".split()
    for top in range(6, 460, 20):
        ink = tuple(rng.integers(0, 120, 3).tolist())
        draw.text((8, top), " ".join(rng.permutation(words)), fill=ink, font=font)
    return image


def curve(image, tune):
    """Bytes and PSNR of nine qualities, by size."""
    pixels, points = np.asarray(image).astype(float), []
    for quality in range(10, 95, 10):
        file = io.BytesIO()
        image.save(
            file, "AVIF", quality=quality, speed=6, subsampling="4:4:4", autotiling=False, max_threads=1,
            advanced={"tune": tune},
        )
        decoded = np.asarray(Image.open(file).convert("RGB")).astype(float)
        points.append((len(file.getvalue()), 10 * np.log10(255**2 / np.square(decoded - pixels).mean())))
    return np.array(sorted(points))


print("pillow", PIL.__version__, "libavif", features.version("avif"))
gains = {}
for name, image in (("text", page()), ("photograph", Image.fromarray(data.chelsea()))):
    psnr, ssim = curve(image, "psnr"), curve(image, "ssim")
    sizes = np.geomspace(max(psnr[0, 0], ssim[0, 0]), min(psnr[-1, 0], ssim[-1, 0]), 9)
    at = np.log(sizes)
    gains[name] = np.interp(at, np.log(ssim[:, 0]), ssim[:, 1]) - np.interp(at, np.log(psnr[:, 0]), psnr[:, 1])
    print(f"{name}: PSNR of tune ssim less that of tune psnr, in dB at nine sizes:", gains[name].round(2).tolist())
assert gains["text"].min() > 0 and gains["text"].mean() > 0.08, "tune psnr has the higher PSNR on text"
assert abs(gains["photograph"].mean()) < 0.05, "the tunes differ on a photograph too"
EOF
