"""Pillow opens and saves .tint files once this module is imported.

>>> import tintype.plugins.pillow
>>> from PIL import Image
>>> Image.open("photo.tint").save("photo.png")  # doctest: +SKIP
>>> Image.open("photo.jpg").save("photo.tint", quality=80)  # doctest: +SKIP

Opening reads the file and verifies its checksums. The network runs when pixels are first needed. Damaged files, files
that this version cannot decode, and pictures that cannot be saved raise OSError.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import IO, Any

from PIL import Image, ImageFile

from tintype import api, contents, images
from tintype.codec.container.file import MAGIC, ChunkType, parse
from tintype.codec.container.header import ColourType
from tintype.codec.reducing import factor_for
from tintype.errors import TintypeError
from tintype.qualities import DEFAULT_QUALITY, QUALITY_MAX
from tintype.weights import store

FORMAT = "TINT"
SUFFIX = ".tint"


class TintImageFile(ImageFile.ImageFile):
    """A .tint file, decoded when its pixels are first needed."""

    format = FORMAT
    format_description = "tintype learned image"

    def _open(self) -> None:
        assert self.fp is not None
        data = self.fp.read()
        if not _accept(data):
            raise SyntaxError("not a .tint file")  # Pillow tries its next format
        with _as_os_error():
            container = parse(data)
        header = container.header
        self._data, self._reduce = data, 1
        self._whole = self._size = header.width, header.height
        grey = header.colour == ColourType.GREY
        self._mode = images.pillow_mode(grey, header.samples.depth, container.chunk(ChunkType.ALPHA) is not None)
        described, _ = images.sound(contents.described(container))
        self.info |= images.pillow_info(described)
        self.tile = [ImageFile._Tile("raw", (0, 0, *self.size), 0, self.mode)]

    def draft(self, mode: str | None, size: tuple[int, int] | None) -> tuple[str, tuple[int, int, float, float]] | None:
        """Decode to the smallest sides that are no smaller than a size, as `thumbnail` asks for. Keeps the mode."""
        if not self._data or size is None:
            return None
        width, height = self._whole
        self._reduce = min(factor_for(width, size[0]), factor_for(height, size[1]))
        self._size = -(-width // self._reduce), -(-height // self._reduce)
        self.tile = [ImageFile._Tile("raw", (0, 0, *self.size), 0, self.mode)]
        return self.mode, (0, 0, width / self._reduce, height / self._reduce)

    def load(self) -> Any:
        """Decode, the first time."""
        if self.tile and self._data:
            with _as_os_error():
                pixels = api.Codec().decode(self._data, reduce=self._reduce).tobytes()
            if self.fp is not None and self._exclusive_fp:
                self.fp.close()
            self.fp = BytesIO(pixels)
            self._data = b""
        return super().load()

    def load_seek(self, pos: int) -> None:
        """Nothing to seek: `load` has put the pixels at the start."""


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(MAGIC)


def _save(image: Image.Image, file: IO[bytes], filename: str | bytes) -> None:
    """Options: quality (0 to 100), lossless (as quality 100), model, threads.

    icc_profile, exif and xmp replace the image's own.
    """
    options = image.encoderinfo
    quality = QUALITY_MAX if options.get("lossless") else options.get("quality", DEFAULT_QUALITY)
    if not isinstance(quality, int | float) or not 0 <= quality <= QUALITY_MAX:
        raise ValueError(f"quality {quality!r} is not a number from 0 to {QUALITY_MAX}")
    frame = image.copy()  # of this frame only, with its own metadata
    for key in ("icc_profile", "exif", "xmp"):
        if key in options:
            value = options[key]
            frame.info[key] = value.tobytes() if isinstance(value, Image.Exif) else value
    with _as_os_error():
        file.write(api.encode(frame, quality, options.get("model", store.DEFAULT), options.get("threads")))


@contextmanager
def _as_os_error() -> Iterator[None]:
    # users of Pillow catch OSError; with SyntaxError, Image.open would drop the message
    try:
        yield
    except TintypeError as error:
        raise OSError(str(error)) from error


Image.register_open(FORMAT, TintImageFile, _accept)
Image.register_save(FORMAT, _save)
Image.register_extension(FORMAT, SUFFIX)
Image.register_mime(FORMAT, "image/x-tint")
