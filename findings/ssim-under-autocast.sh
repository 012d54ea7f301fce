#!/usr/bin/env bash
# Guess: a loss such as MS-SSIM may stand inside torch.autocast. Autocast knows which operations are safe in bfloat16,
#   and the pictures are float32.
# What happens: pytorch-msssim blurs with conv2d, which autocast runs in bfloat16 whatever the type of its inputs. SSIM's
#   variances are differences of nearly equal blurred squares, so with 8 bits of mantissa nothing is left of them. On
#   a photograph-like picture with mild noise the value is wrong by far more than codecs differ by; no warning is given.
# Why it matters: training scripts of learned codecs wrap the whole step in autocast. Fine-tuning with such a loss destroys
#   a model within some dozen steps while the logged loss stays finite.
# Seen with: Python 3.11, torch 2.13.0 (CPU build), pytorch-msssim 1.0.0, numpy 2. Under three minutes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "torch==2.13.0" "pytorch-msssim==1.0.0" "numpy>=2,<3"
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

import torch
from pytorch_msssim import ms_ssim

print("torch", torch.__version__, "pytorch-msssim", version("pytorch-msssim"))
generator = torch.Generator().manual_seed(0)
# smooth, bright and slightly textured, as a sky is
ramp = torch.linspace(0.6, 0.9, 256)
picture = (ramp[None, None, :, None] + 0.5 * ramp[None, None, None, :] - 0.3).clamp(0, 1).expand(1, 3, 256, 256)
original = (picture + 0.01 * torch.randn(picture.shape, generator=generator)).clamp(0, 1)
decoded = (original + 0.01 * torch.randn(picture.shape, generator=generator)).clamp(0, 1)

plain = float(ms_ssim(decoded, original, data_range=1.0))
with torch.autocast("cpu", torch.bfloat16):
    cast = float(ms_ssim(decoded, original, data_range=1.0))
print(f"MS-SSIM in float32: {plain:.5f}, the same call inside autocast: {cast:.5f}")
print(f"1 - MS-SSIM differs by a factor of {(1 - cast) / (1 - plain):.2f}")
assert not 0.8 < (1 - cast) / (1 - plain) < 1.25, "autocast no longer changes it"
PY
