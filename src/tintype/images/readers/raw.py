"""Cameras' raw files, developed by LibRaw's defaults."""

import io

from tintype.images.formats import needed
from tintype.images.options import ReadOptions
from tintype.images.picture import check_size
from tintype.images.raster import Raster


def read(data: bytes, name: str, options: ReadOptions) -> Raster:
    """16-bit sRGB with the camera's white balance, upright."""
    needed("rawpy", f"{name}: a camera's raw file")
    import rawpy

    with rawpy.imread(io.BytesIO(data)) as raw:
        check_size(raw.sizes.width, raw.sizes.height, name, options.max_pixels)
        pixels = raw.postprocess(use_camera_wb=True, output_bps=16)
    notes = ("The raw file was developed by LibRaw's defaults with the camera's white balance.",)
    return Raster(pixels, 16, notes=notes, upright=True)
