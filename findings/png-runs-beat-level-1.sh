#!/usr/bin/env bash
# Guess: whoever wants PNG quickly lowers the compression level; level 1 is the fast end of the scale, and every
#   faster setting makes larger files.
# What happens: behind PNG's filters a photograph has runs, and hardly any other repetition. zlib's strategy for runs
#   (Pillow's `compress_type=3`) at level 6 writes smaller files than level 1 of the usual strategy, in no more time, and
#   files within 3 % of the usual level 6 in less than half of its time.
# Why it matters: a codec that decodes to PNG spends more time on deflate than on its networks, and benchmarks of
#   decoders to PNG measure zlib's search for matches that are not there. For pages of text the strategy is wrong.
# Versions: pillow 12.0.0 (zlib-ng 2.2.5) and 13.0.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.2.6 pillow==12.0.0 scikit-image==0.25.2
"$folder/venv/bin/python" - <<'EOF'
import io
import statistics
import time

import PIL
from PIL import Image, ImageDraw, ImageFont, features
from skimage import data

Z_FILTERED, Z_RLE = 1, 3  # zlib.h
SETTINGS = {"level 6": (6, Z_FILTERED), "level 1": (1, Z_FILTERED), "runs": (6, Z_RLE)}


def page():
    image = Image.new("RGB", (640, 480), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(14)
    for number, top in enumerate(range(6, 460, 20)):
        draw.text((8, top), f"{number}. Sphinx of black quartz, judge my vow, said the lazy dog", fill="black", font=font)
    return image


def written(image, level, strategy):
    """Bytes, and the median of seven CPU times."""
    times = []
    for _ in range(7):
        file, begin = io.BytesIO(), time.process_time()
        image.save(file, "PNG", compress_level=level, compress_type=strategy)
        times.append(time.process_time() - begin)
    return len(file.getvalue()), statistics.median(times)


print("pillow", PIL.__version__, "zlib", features.version("zlib"), "zlib-ng", features.version("zlib_ng"))
pictures = {"coffee": data.coffee(), "astronaut": data.astronaut(), "cat": data.chelsea()}
pictures = {name: Image.fromarray(pixels) for name, pixels in pictures.items()} | {"page": page()}
for name, image in pictures.items():
    found = {setting: written(image, *values) for setting, values in SETTINGS.items()}
    print(f"{name:10}", {setting: f"{size} bytes, {1000 * seconds:.1f} ms" for setting, (size, seconds) in found.items()})
    (usual, slow), (fast, quick), (runs, seconds) = found.values()
    if name == "page":
        assert runs > 1.5 * usual, "runs suit text now"
    else:
        assert runs < fast and runs < 1.03 * usual, "runs no longer make the smaller file"
        assert seconds < 0.5 * slow and seconds < 1.5 * quick, "runs are no longer quick"
EOF
