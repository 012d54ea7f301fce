"""WebP and AVIF of 8 bits, by Pillow."""

import io
import struct
from collections.abc import Iterator
from typing import Any

from PIL import Image

from tintype.images.picture import Picture
from tintype.images.samples import interleaved

AVIF_QUALITY = 90


def webp(picture: Picture, quality: float | None) -> Iterator[bytes]:
    """The file; without a quality it has no loss."""
    file = io.BytesIO()
    rate = {"lossless": True, "exact": True} if quality is None else {"quality": round(quality)}
    metadata = {"icc_profile": picture.icc or b"", "exif": picture.exif or b"", "xmp": picture.xmp or b""}
    Image.fromarray(interleaved(picture, 8)).save(file, "WEBP", **rate, **metadata)
    yield file.getvalue()


def avif(picture: Picture, quality: float | None) -> Iterator[bytes]:
    """The file, with full resolution of colour; alpha has no loss."""
    file = io.BytesIO()
    options: dict[str, Any] = {"quality": AVIF_QUALITY if quality is None else round(quality), "subsampling": "4:4:4"}
    if picture.exif:
        options["exif"] = _Verbatim(picture.exif)
    if picture.alpha is not None:
        options["advanced"] = {"alpha:lossless": "1"}
    metadata = {"icc_profile": picture.icc, "xmp": picture.xmp}
    options |= {key: data for key, data in metadata.items() if data}
    Image.fromarray(interleaved(picture, 8)).save(file, "AVIF", **options)
    data = bytearray(file.getvalue())
    place = data.find(_COLOUR)
    if picture.code_points and not picture.icc and place >= 0:
        struct.pack_into(">HH", data, place + len(_COLOUR), *picture.code_points)  # Pillow always writes sRGB's
    yield bytes(data)


class _Verbatim(Image.Exif):
    """EXIF that goes into a file byte for byte: Pillow would write one anew, and move its maker note."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._bytes = data

    def __len__(self) -> int:
        return 1  # not empty

    def tobytes(self, offset: int = 8) -> bytes:
        return self._bytes


_COLOUR = b"colrnclx"  # the box of colour code points
