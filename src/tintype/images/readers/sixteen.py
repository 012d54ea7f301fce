"""RGB of 16 bits through Pillow, which decodes it and keeps half: it can be asked for either half."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.images.picture import Samples


def read(reopen: Callable[[], Image.Image], mode: str, big_endian: bool) -> Samples:
    """All bits of an image's samples.

    Parameters
    ----------
    reopen : opens the image once more; it is not loaded yet
    mode : "RGB" or "RGBA", the channels that are stored in 16 bits
    big_endian : the order of bytes that its decoder returns

    Returns
    -------
    uint16, shape (H, W, 3) or (H, W, 4)
    """
    # for Pillow a big-endian sample's first byte is the one that counts, a little-endian sample's is the second
    first = _half(reopen, mode, f"{mode};16B").astype(np.uint16)
    second = _half(reopen, mode, f"{mode};16L")
    return first << 8 | second if big_endian else first | second.astype(np.uint16) << 8


def _half(reopen: Callable[[], Image.Image], mode: str, raw_mode: str) -> NDArray[np.uint8]:
    with reopen() as image:
        unpack_as(image, mode, raw_mode)
        image.load()
        return np.asarray(image)


def unpack_as(image: Image.Image, mode: str, raw_mode: str) -> None:
    """Have an image that is not loaded yet unpack its decoder's bytes in another way of as many bits."""
    image._mode = mode
    image.tile = [  # type: ignore[attr-defined]
        tile._replace(args=raw_mode if isinstance(tile.args, str) else (raw_mode, *tile.args[1:]))
        for tile in image.tile  # type: ignore[attr-defined]
    ]
