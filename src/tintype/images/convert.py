"""Colour models that RGB cannot hold without loss: refused by name, and converted where the caller says so."""

import io
from collections.abc import Mapping

import numpy as np
from PIL import Image

from tintype.images.raster import Raster
from tintype.images.readers.opened import Opened

CONVERTIBLE: Mapping[str, str] = {
    "CMYK": "CMYK",
    "YCbCr": "YCbCr",
    "LAB": "Lab",
    "HSV": "HSV",
    "F": "floats",
}
"""Pillow's modes, and how we call them."""


def refuse_unless_converting(opened: Opened, model: str) -> None:
    """Say the way out."""
    if not opened.options.convert:
        raise opened.refusal(
            f"its samples are {model}, which a .tint file cannot hold without loss; --convert (convert=True) turns "
            f"them into {'16-bit grey' if model == 'floats' else 'sRGB'}"
        )


def converted(opened: Opened) -> Raster:
    """An image of one of these modes in sRGB; floats as grey of 16 bits."""
    image = opened.image
    model = CONVERTIBLE[image.mode]
    refuse_unless_converting(opened, model)
    image.load()
    if image.mode == "F":
        return _from_floats(np.asarray(image))
    from PIL import ImageCms  # few pictures need it

    profile = image.info.get("icc_profile")
    if image.mode == "LAB":
        source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    elif image.mode == "CMYK" and profile:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    else:
        samples = np.asarray(image.convert("RGB"))
        way = "by the plain formula, for it has no profile" if image.mode == "CMYK" else "by the formula"
        return Raster(samples, notes=(f"{model} was converted to sRGB {way}.",), converted=True)
    try:
        rgb = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except ImageCms.PyCMSError as error:
        raise opened.refusal(f"its profile is damaged or not one of {model}; remove it, then convert it") from error
    assert isinstance(rgb, Image.Image)  # None only where an image is changed in place
    way = "by its profile" if profile else "by its definition"
    return Raster(np.asarray(rgb), notes=(f"{model} was converted to sRGB {way}.",), converted=True)


def _from_floats(samples: np.ndarray) -> Raster:
    """0 to 1 become 0 to 65535."""
    outside = int((~((samples >= 0) & (samples <= 1))).sum())
    scaled = np.nan_to_num(samples, nan=0.0).clip(0, 1) * 65535 + 0.5
    note = "Floats from 0 to 1 were converted to 16 bits"
    note += f"; {outside} samples outside were cut off." if outside else "."
    return Raster(scaled.astype(np.uint16), bits=16, notes=(note,))
