#!/usr/bin/env bash
# Guess: Pillow's AVIF writer makes one tile of a small picture, as `avifenc` did for years, so that its files
#   are a fair anchor for other codecs.
# What happens: `autotiling` is on unless tile_rows or tile_cols is given. A picture of 768x512 is already cut in
#   two, and its contexts and predictions end at the cut: at the same quality the file is up to 2 % larger at low
#   rates, while the options passed say nothing of tiles.
# Why it matters: a comparison of codecs on Kodak gives every other codec about half a per cent that is due to a
#   default for speed on many cores. Anchors need autotiling=False.
# Versions: pillow 12.0.0 and 13.0.0 (libavif 1.3 and 1.4, aom 3.13 and 3.14).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.2.6 pillow==12.0.0 scikit-image==0.25.2
"$folder/venv/bin/python" - <<'EOF'
import io

import PIL
from PIL import Image, features
from skimage import data

picture = Image.fromarray(data.chelsea()).resize((768, 512), Image.Resampling.LANCZOS)


def size(quality, **options):
    file = io.BytesIO()
    picture.save(file, "AVIF", quality=quality, speed=6, subsampling="4:4:4", max_threads=1, **options)
    return len(file.getvalue())


print("pillow", PIL.__version__, "libavif", features.version("avif"))
default = {quality: size(quality) for quality in (15, 30, 60)}
one_tile = {quality: size(quality, autotiling=False) for quality in default}
for quality in default:
    print(f"768x512, quality {quality}: {default[quality]} bytes by default, {one_tile[quality]} with autotiling=False")
assert default == {quality: size(quality, autotiling=True) for quality in default}, "the default is not autotiling"
assert default[15] > 1.008 * one_tile[15], "autotiling costs less than 0.8 % at quality 15"
EOF
