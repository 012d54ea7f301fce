"""Samples of any image of Pillow's, by its mode: for formats whose modes tell all, and for images made in memory."""

import numpy as np
from PIL import Image

from tintype.images import alpha
from tintype.images.convert import CONVERTIBLE, converted
from tintype.images.raster import Raster
from tintype.images.readers.opened import Opened
from tintype.images.samples import of_image


def read(opened: Opened) -> Raster:
    """Lossless for 1 bit, grey and RGB of 8 and 16 bits, palettes, and all of them with alpha."""
    image = opened.image
    if image.mode in CONVERTIBLE:
        return converted(opened)
    image.load()
    if image.mode == "P" or image.mode == "PA":
        return _palette(image)
    if image.mode in ("RGBA", "LA", "RGBa", "La"):
        image = image.convert(image.mode.upper())  # RGBa and La are multiplied by alpha; Pillow divides
        channels = of_image(image)
        samples = channels[..., :-1] if image.mode == "RGBA" else channels[..., 0]
        return Raster(samples, alpha=channels[..., -1])
    if image.mode == "1":
        return Raster(np.asarray(image.convert("L")))
    if image.mode in ("L", "RGB", "RGBX"):
        samples = of_image(image if image.mode != "RGBX" else image.convert("RGB"))
        return Raster(samples, alpha=_keyed(image, samples))
    if image.mode.startswith("I"):
        return _integers(opened, np.asarray(image))
    raise opened.refusal(f"mode {image.mode} cannot be coded; convert it to RGB or grey (L) of 8 bits")


def _palette(image: Image.Image) -> Raster:
    """Colours of the palette's entries, and alpha where they have any."""
    clear = image.info.get("transparency")
    if image.mode == "PA" or (image.palette and image.palette.mode == "RGBA"):
        channels = of_image(image.convert("RGBA"))
        return Raster(channels[..., :3], alpha=channels[..., 3])
    samples = of_image(image.convert("RGB"))
    if clear is None:
        return Raster(samples)
    table = np.full(256, 255, np.uint8)
    if isinstance(clear, bytes):
        values = np.frombuffer(clear[:256], np.uint8)
        table[: len(values)] = values
    elif 0 <= clear < 256:
        table[clear] = 0
    return Raster(samples, alpha=table[np.asarray(image)])


def _keyed(image: Image.Image, samples: np.ndarray) -> np.ndarray | None:
    """Alpha of images in which one colour is transparent."""
    key = image.info.get("transparency")
    key = (key,) if isinstance(key, int) else key
    if not isinstance(key, tuple) or len(key) != (3 if samples.ndim == 3 else 1) or not all(0 <= k < 256 for k in key):
        return None
    return alpha.of_key(samples, key, 255)


def _integers(opened: Opened, samples: np.ndarray) -> Raster:
    """Integers of 16 bits, or of 32 that would fit into 16."""
    if samples.dtype.itemsize > 2 and not (samples.size and samples.min() >= 0 and samples.max() < 2**16):
        raise opened.refusal("its samples are integers of 32 bits; scale them to 16 bits first")
    key = opened.image.info.get("transparency")
    samples = samples.astype(np.uint16)
    clear = alpha.of_key(samples, (key,), 2**16 - 1) if isinstance(key, int) and 0 <= key < 2**16 else None
    return Raster(samples, bits=16, alpha=clear)
