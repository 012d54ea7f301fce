"""What a picture is between files and codec: upright samples and what travels with them."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tintype.arguments import kind, shown, whole
from tintype.errors import InputError, LimitError
from tintype.limits import MAX_PIXELS

MAX_SIDE = 2**16 - 1  # pixels; the file format's limit
MEMORY_BYTES_PER_PIXEL = (
    12  # of memory while a picture is read: Pillow's 4, those of its array, and a copy in another form
)

DEPTHS = (8, 10, 12, 16)  # bits per sample of a `Picture`

Samples = NDArray[Any]  # uint8, or uint16 above 8 bits


class CodePoints(NamedTuple):
    """Colour of full-range RGB or grey samples as ITU-T H.273 numbers it."""

    primaries: int
    transfer: int


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Upright samples and the metadata that travels with them."""

    pixels: Samples  # (H, W, 3) RGB or (H, W) grey, 0 to 2^depth - 1; uint8 up to 8 bits, else uint16
    icc: bytes | None = None
    exif: bytes | None = None  # TIFF structure, without the "Exif" that some formats put before it
    xmp: bytes | None = None  # UTF-8
    iptc: bytes | None = None  # IIM records, as in TIFF's tag 33723
    depth: int = 8  # bits per sample: 8, 10, 12 or 16
    alpha: Samples | None = None  # (H, W), opaque at the largest value of its type
    code_points: CodePoints | None = None  # None: what `icc` says, and sRGB without it
    notes: tuple[str, ...] = ()  # what was converted, and what could not be kept, a sentence each

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def grey(self) -> bool:
        return self.pixels.ndim == 2


def from_array(array: NDArray[Any], max_pixels: int = MAX_PIXELS) -> Picture:
    """A picture of 8 bits (uint8) or 16 (uint16): grey, RGB, or RGB and alpha."""
    if array.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"an array of {array.dtype} cannot be coded; scale it to 0..255 and convert it to uint8, or scale it to "
            "0..65535 and convert it to uint16"
        )
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise InputError(
            f"an array of shape {array.shape} is neither (height, width) grey, (height, width, 3) RGB nor (height, "
            "width, 4) RGB and alpha"
        )
    check_size(array.shape[1], array.shape[0], "the array", max_pixels)
    opaque = np.iinfo(array.dtype).max
    alpha = array[:, :, 3] if array.ndim == 3 and array.shape[2] == 4 else None
    return Picture(
        np.ascontiguousarray(array[:, :, :3] if array.ndim == 3 else array),
        depth=8 * array.dtype.itemsize,
        alpha=None if alpha is None or (alpha == opaque).all() else np.ascontiguousarray(alpha),
    )


def check_picture(picture: Picture) -> None:
    """Refuse what is no picture, and pictures of parts that do not belong together: callers make them, too."""
    kind("picture", picture, Picture, "what decode_picture or tintype.images.load gives, or an array")
    pixels, alpha, points = picture.pixels, picture.alpha, picture.code_points
    kind("pixels", pixels, np.ndarray, "an array")
    if not isinstance(picture.depth, int | np.integer) or picture.depth not in DEPTHS:
        raise InputError(f"depth={shown(picture.depth)}: possible are {', '.join(map(str, DEPTHS))}")
    type = np.dtype(np.uint8 if picture.depth == 8 else np.uint16)
    if pixels.dtype != type or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise InputError(
            f"pixels of {pixels.dtype} and shape {pixels.shape}: with a depth of {picture.depth} bits, {type} of shape "
            "(height, width) or (height, width, 3) is needed"
        )
    if alpha is not None:
        kind("alpha", alpha, np.ndarray, "an array")
        if alpha.dtype not in (np.uint8, np.uint16) or alpha.shape != pixels.shape[:2]:
            raise InputError(
                f"alpha of {alpha.dtype} and shape {alpha.shape}: uint8 or uint16 of shape {pixels.shape[:2]} is needed"
            )
    for name in ("icc", "exif", "xmp", "iptc"):
        kind(name, getattr(picture, name), bytes | None, "bytes, or None")
    kind("code_points", points, CodePoints | None, "tintype.images.CodePoints(PRIMARIES, TRANSFER), or None")
    for name, value in [] if points is None else points._asdict().items():
        if not 0 <= whole(name, value) <= 255:
            raise InputError(f"{name}={value}: 0 to 255 are possible")


def check_size(width: int, height: int, name: str, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse pictures that the format cannot hold, and those above the limit."""
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise InputError(f"{name}: {width} x {height} pixels; each side must be from 1 to {MAX_SIDE}")
    check_pixels(width, height, name, max_pixels)


def check_pixels(width: int, height: int, name: str, max_pixels: int) -> None:
    """Refuse more pixels than the caller allows."""
    if width * height > max_pixels:
        memory = width * height * MEMORY_BYTES_PER_PIXEL / 2**30
        raise LimitError(
            f"{name}: {width} x {height} are {width * height} pixels, above the limit of {max_pixels}; if you trust "
            f"the file, raise max_pixels (--max-pixels). Reading it takes about {memory:.1f} GiB of memory"
        )
