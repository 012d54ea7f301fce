#!/usr/bin/env bash
# Guess: JPEG XL's quality is one continuous dial, so any of its values can be a point of a rate-distortion curve.
# What happens: at quality 18 and below libjxl codes the picture at half its width and height and enlarges it again
#   when it decodes. From 19 to 18 nearly all detail finer than two pixels is gone at once. Nothing in the file's
#   size (as in `Image.size`) or in the writer's options tells.
# Why it matters: a curve with points on both sides of that step belongs to two codecs. A BD-rate over it fits a
#   smooth curve through the step, and whatever is compared with JPEG XL at low rates looks better than it is.
# Versions: pillow-jxl-plugin 1.3.8 (libjxl 0.11), pillow 12.0.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    numpy==2.2.6 pillow==12.0.0 pillow-jxl-plugin==1.3.8
"$folder/venv/bin/python" - <<'EOF'
import io
from importlib.metadata import version

import numpy as np
import pillow_jxl  # noqa: F401  # registers the format
from PIL import Image

print("pillow-jxl-plugin", version("pillow-jxl-plugin"), "pillow", version("pillow"))
noise = np.random.default_rng(0).normal(128, 60, (256, 256)).clip(0, 255).astype(np.uint8)
fine = np.maximum(*np.meshgrid(*[np.abs(np.fft.fftfreq(256))] * 2)) > 0.25  # what half the resolution cannot hold


def coded(quality):
    file = io.BytesIO()
    Image.fromarray(np.dstack([noise] * 3)).save(file, "JXL", quality=quality, effort=7)
    decoded = Image.open(io.BytesIO(file.getvalue()))
    assert decoded.size == (256, 256)
    grey = np.asarray(decoded.convert("L")).astype(float)
    energy = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
    return len(file.getvalue()), energy[fine].sum() / energy.sum()


shares = {}
for quality in (10, 17, 18, 19, 20, 30):
    size, shares[quality] = coded(quality)
    print(f"quality {quality}: {size} bytes, {shares[quality]:.0%} of the energy is finer than half the resolution")
assert max(shares[10], shares[17], shares[18]) < 0.1, "quality 18 keeps fine detail"
assert min(shares[19], shares[20], shares[30]) > 0.5, "quality 19 loses fine detail"
EOF
