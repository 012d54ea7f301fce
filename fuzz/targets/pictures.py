"""The readers of pictures."""

import io
import random
from pathlib import Path

from PIL import Image

import fuzz.png
from fuzz.mutate import edited
from fuzz.target import Target
from tests.images.files import RGB, noise, png
from tests.images.metadata.made import XMP, camera_exif
from tests.pictures import picture
from tintype.errors import InputError
from tintype.images import ReadOptions, load

PNG_START = b"\x89PNG\r\n\x1a\n"
OPTIONS = ReadOptions(max_pixels=2**16, convert=True, background="white", frame=0)


def target(folder: Path) -> Target:
    image = Image.fromarray(picture(24, 36))
    exif = b"Exif\0\0" + camera_exif(orientation=6)
    seeds = [
        saved(image, "JPEG", exif=exif, xmp=XMP),
        saved(image.convert("CMYK"), "JPEG", progressive=True),
        saved(image, "PNG", exif=exif),
        png(noise((9, 11, 3), 16), 16, RGB, interlaced=True),
        saved(image.quantize(16), "PNG", transparency=3),
        *(saved(image, "TIFF", compression=name) for name in ("raw", "tiff_lzw", "tiff_deflate", "jpeg")),
        saved(image, "WEBP", exif=exif, xmp=XMP),
        saved(image, "AVIF"),
        saved(image, "BMP"),
        saved(image, "PPM"),
        saved(image, "JPEG2000"),
        saved(image, "GIF"),
        saved(image.convert("RGBA"), "TGA"),
        saved(image, "ICO", sizes=[(16, 16)]),
    ]
    return Target(lambda data: load(data, OPTIONS), (InputError,), seeds, mutated)


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Changed bytes; those of a PNG get right checksums more often than not."""
    changed = edited(data, rng, 0, rng.choice((64, 512, None)))
    return fuzz.png.sealed(changed, len(PNG_START)) if changed.startswith(PNG_START) and rng.random() < 0.8 else changed
