"""Golden files of a release: `python -m tests.golden.make_tagged`. Run it once, when the release is tagged.

Writes into a folder with the version's name a small .tint file of every kind for each set of weights that comes with
the release, and in golden.json the SHA-256 of the samples that each look decodes to. Every later version must give
the same ones, so the files of a release are never written again. Pictures are generated.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import tintype
from tests.codec.graphics.drawings import page
from tests.pictures import deep_picture, picture
from tintype.images import Picture
from tintype.pixels import IntPixels
from tintype.weights import store

FOLDER = Path(__file__).parent / "tagged"


def kinds() -> Mapping[str, tuple[IntPixels, Mapping[str, Any]]]:
    """A picture of each kind, and how it is encoded.

    What AVIF codes is grey: its conversion to RGB may differ by one level between builds of the library.
    """
    grey, text = picture(160, 200)[..., 0], page(160, 240)[..., 0]
    window = grey.copy()
    window[40:120, 30:140] = text[:80, :110]
    return {
        "low": (picture(150, 210), {"quality": 10}),
        "middle": (picture(150, 210), {"quality": 60}),
        "high": (picture(80, 100), {"quality": 99, "content": "photo"}),
        "grey": (picture(96, 130)[..., 0], {"quality": 30}),
        "tiny": (picture(24, 20)[..., 0], {"quality": 50}),
        "deep": (deep_picture(70, 90, 16), {"quality": 75, "content": "photo"}),
        "alpha": (np.dstack([picture(70, 90), picture(70, 90, 1)[..., 0]]), {"quality": 30}),
        "avif": (window, {"quality": 30}),  # in blocks, beside networks
        "webp": (window, {"quality": 70, "content": "screen"}),
        "png": (np.where(np.arange(160)[:, None] < 80, text[:, :200], grey), {"quality": 30}),
        "exact": (picture(40, 60), {"lossless": True}),
        "deep-exact": (deep_picture(20, 28, 16), {"lossless": True}),
    }


def samples_sha256(decoded: Picture) -> str:
    """Hash of type, shape and values of the samples and of the transparency, if there is one."""
    digest = hashlib.sha256()
    for plane in (decoded.pixels, decoded.alpha):
        if plane is not None:
            samples = np.ascontiguousarray(plane, plane.dtype.newbyteorder("<"))
            digest.update(f"{samples.dtype.str}{samples.shape}".encode() + samples.tobytes())
    return digest.hexdigest()


def main() -> None:
    folder = FOLDER / tintype.__version__
    folder.mkdir(parents=True)
    golden = {}
    for name in (name for name, entry in store.manifest().items() if entry["release"] == tintype.__version__):
        codec = tintype.Codec(name, tile=120)
        for kind, (image, how) in kinds().items():
            data = codec.encode(image, **how)
            (folder / f"{name}-{kind}.tint").write_bytes(data)
            about = tintype.info(data)
            golden[f"{name}-{kind}.tint"] = {
                look: samples_sha256(tintype.Codec(look=look).decode_picture(data)) for look in about.looks
            }
            print(f"{name}-{kind}: {len(data)} bytes, level {about.level}, {about.tiles} tiles, {about.graphics:.0%}")
    (folder / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
