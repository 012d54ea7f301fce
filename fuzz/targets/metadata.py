"""Metadata of a .tint file on their way into the file of a picture.

An input is a byte that selects the kind of metadata, one that selects the format, and the metadata.
"""

import io
import random
from dataclasses import replace
from pathlib import Path

from PIL import ImageCms

from fuzz.mutate import edited
from fuzz.target import Target
from tests.images.metadata.made import IPTC, XMP, camera_exif, jpeg
from tests.pictures import picture
from tintype.errors import InputError
from tintype.images import Picture, load, save, strip, to_pillow

KINDS = ("exif", "xmp", "iptc", "icc")
SUFFIXES = (".png", ".jpg", ".webp", ".avif", ".tif", ".bmp", ".ppm")


def target(folder: Path) -> Target:
    thumbnail = jpeg(16, 12)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = (camera_exif("<", 6, thumbnail), camera_exif(">", 1), XMP, IPTC, profile)
    seeds = [
        bytes([kind, suffix]) + data for kind, data in zip((0, 0, 1, 2, 3), found, strict=True) for suffix in (0, 1, 4)
    ]
    return Target(write_and_read, (InputError,), seeds, mutated)


def write_and_read(data: bytes) -> None:
    """Save a picture with these metadata, and as one without places; what was written can be read."""
    head = data[:2].ljust(2, b"\0")
    kind, suffix = KINDS[head[0] % len(KINDS)], SUFFIXES[head[1] % len(SUFFIXES)]
    described = replace(Picture(picture(24, 36)), **{kind: data[2:]})
    to_pillow(described)
    for each in (described, strip(described, "gps")):
        file = io.BytesIO()
        save(each, file, suffix=suffix)
        load(file.getvalue())


def mutated(data: bytes, rng: random.Random) -> bytes:
    return data[:1] + bytes([rng.randrange(len(SUFFIXES))]) + edited(data[2:], rng)
