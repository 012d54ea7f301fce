"""Golden files of a release: `python -m tests.golden.make_tagged`. Run it once, when the release is tagged.

Writes into a folder with the version's name a small .tint file of every kind for each set of weights that comes with
the release, and in golden.json the SHA-256 of the samples of each look and of the metadata. Every later version must
give the same ones, so the files of a release are never written again. Pictures are generated.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageCms

import tintype
from tests.codec.graphics.drawings import page
from tests.pictures import deep_picture, picture
from tintype.images import Picture
from tintype.images.picture import CodePoints
from tintype.pixels import IntPixels
from tintype.weights import store

FOLDER = Path(__file__).parent / "tagged"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
IPTC = b"\x1c\x02\x78\x00\x01a"  # a caption


def kinds() -> Mapping[str, tuple[IntPixels | Picture, Mapping[str, Any]]]:
    """A picture of each kind, and how it is encoded.

    What AVIF codes is grey: its conversion to RGB may differ by one level between builds of the library.
    """
    grey, text = picture(160, 200)[..., 0], page(160, 240)[..., 0]
    window = grey.copy()
    window[40:120, 30:140] = text[:80, :110]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "a generated picture"
    about = {"icc": profile, "exif": exif.tobytes().removeprefix(b"Exif\0\0"), "xmp": XMP, "iptc": IPTC}
    veil = deep_picture(70, 90, 16, 1)[..., 0]
    return {
        "low": (picture(150, 210), {"quality": 10}),
        "middle": (picture(150, 210), {"quality": 60}),
        "high": (picture(80, 100), {"quality": 99, "content": "photo"}),
        "grey": (picture(96, 130)[..., 0], {"quality": 30}),
        "tiny": (picture(24, 20)[..., 0], {"quality": 50}),
        "thin": (picture(400, 20)[..., 0], {"quality": 50}),
        "deep": (deep_picture(70, 90, 16), {"quality": 75, "content": "photo"}),
        "deep-tiles": (Picture(deep_picture(150, 210, 12), depth=12), {"quality": 60, "content": "photo"}),
        "deep-alpha": (Picture(deep_picture(70, 90, 10), depth=10, alpha=veil), {"quality": 60, "content": "photo"}),
        "tiles": (picture(300, 310), {"quality": 40, "content": "photo"}),  # three by three
        "metadata": (Picture(picture(70, 90), **about), {"quality": 30}),
        "colours": (Picture(picture(70, 90), code_points=CodePoints(12, 13)), {"quality": 30}),
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


def metadata_sha256(decoded: Picture) -> str:
    """Hash of what says how samples are meant, and of what cameras and people added."""
    points = decoded.code_points and tuple(decoded.code_points)
    about = (decoded.depth, points, decoded.icc, decoded.exif, decoded.xmp, decoded.iptc)
    return hashlib.sha256(repr(about).encode()).hexdigest()


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
            golden[f"{name}-{kind}.tint"]["metadata"] = metadata_sha256(codec.decode_picture(data))
            print(f"{name}-{kind}: {len(data)} bytes, level {about.level}, {about.tiles} tiles, {about.graphics:.0%}")
    (folder / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
