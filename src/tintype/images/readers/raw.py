"""Cameras' raw files, developed by LibRaw's defaults."""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from tintype.images.formats import needed
from tintype.images.options import ReadOptions
from tintype.images.picture import check_size
from tintype.images.raster import Raster

STDERR = 2  # the file descriptor
ONE_AT_A_TIME = Lock()


def read(data: bytes, name: str, options: ReadOptions) -> Raster:
    """16-bit sRGB with the camera's white balance, upright."""
    needed("rawpy", f"{name}: a camera's raw file")
    import rawpy

    with _without_messages(), rawpy.imread(io.BytesIO(data)) as raw:
        check_size(raw.sizes.width, raw.sizes.height, name, options.max_pixels)
        pixels = raw.postprocess(use_camera_wb=True, output_bps=16)
    notes = ("The raw file was developed by LibRaw's defaults with the camera's white balance.",)
    return Raster(pixels, 16, notes=notes, upright=True)


@contextmanager
def _without_messages() -> Iterator[None]:
    """Keep LibRaw's lines off standard error: it prints damage there before it raises it. Other lines pass, later."""
    with ONE_AT_A_TIME, tempfile.TemporaryFile() as caught:
        try:
            stderr = os.dup(STDERR)
        except OSError:  # closed, so nothing shows
            yield
            return
        os.dup2(caught.fileno(), STDERR)
        try:
            yield
        finally:
            os.dup2(stderr, STDERR)
            caught.seek(0)
            with os.fdopen(stderr, "wb") as file:
                file.writelines(line for line in caught if not line.startswith(b"unknown file: "))  # LibRaw's
