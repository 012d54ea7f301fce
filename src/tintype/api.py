"""The library's calls: the one place that wires images, models and codec together."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tintype import images
from tintype.codec import decoder
from tintype.codec.container import Chunk, ChunkType, Container, parse
from tintype.codec.encoder import Encoder
from tintype.codec.header import ColourType
from tintype.errors import InputError
from tintype.runtime import load
from tintype.weights import store

if TYPE_CHECKING:
    from tintype.codec.seam import TileModel

Source = images.Source
Progress = Callable[[int, int], None]  # tiles done, tiles in all

MAX_PIXELS = 2**28  # of a picture, unless the caller allows more: a few hostile bytes must not ask for gigabytes
DEFAULT_QUALITY = 75
QUALITY_MAX = 100
# Quality to share of the model's levels, linear between: chosen so that 75 is as good as JPEG at 75.
QUALITY_KNOTS = ((0.0, 0.0), (75.0, 0.7), (100.0, 1.0))


@dataclass(frozen=True, slots=True)
class Info:
    """What a file says about itself, without decoding it."""

    width: int  # pixels
    height: int  # pixels
    grey: bool
    model: str  # name of the weights, or of the model where the weights are unknown
    weights_hash: str  # 16 hexadecimal digits
    level: int
    tiles: int
    size_bytes: int
    bpp: float  # bits of the whole file per pixel
    chunks: tuple[tuple[str, int], ...]  # type and bytes
    decodable: bool  # the weights are at hand


class Codec:
    """Encodes and decodes with a model kept warm; safe to share between threads.

    After a fork, a child process makes its own sessions: what the parent's held is not used (see `docs/library.md`).

    Parameters
    ----------
    model : name of shipped weights, or the path of a .tintmodel file
    threads : tiles worked on at the same time; default: the CPUs this process may use. Changes no result.
    max_pixels : larger pictures are refused, in both directions
    """

    def __init__(self, model: str = store.DEFAULT, threads: int | None = None, max_pixels: int = MAX_PIXELS) -> None:
        self.max_pixels = max_pixels
        if threads is not None and threads < 1:
            raise InputError(f"threads={threads}: at least 1 is needed")
        self.model = model
        self.threads = threads or available_cpus()

    def encode(self, image: Source, quality: float = DEFAULT_QUALITY, progress: Progress | None = None) -> bytes:
        """A picture as the bytes of a .tint file.

        Parameters
        ----------
        image : PIL image, uint8 array (H, W, 3) or (H, W), or the path of a picture
        quality : 0 (smallest) to 100; 75 looks about as good as JPEG at 75

        Raises
        ------
        InputError
            If the picture or the quality cannot be coded.
        """
        model = load.model(self.model)
        level = quality_to_level(quality, model.identity.levels)
        picture = images.load(image)
        self._check_pixels(picture.width, picture.height)
        return Encoder(model, picture.pixels, threads=self.threads).encode(level, _chunks(picture), progress)

    def decode(self, data: bytes, progress: Progress | None = None) -> Image.Image:
        """The picture in the bytes of a .tint file, with its colour profile and EXIF in `info`.

        Raises
        ------
        FormatError
            If the bytes are not a valid file.
        UnsupportedError
            If it needs weights or a version that is not at hand.
        InputError
            If the picture has more than `max_pixels`.
        """
        return images.to_pillow(self.decode_picture(data, progress))

    def decode_picture(self, data: bytes, progress: Progress | None = None) -> images.Picture:
        """As `decode`, but pixels as an array and metadata as bytes, ready for `tintype.images.save`."""
        container = parse(data)
        self._check_pixels(container.header.width, container.header.height)
        pixels = decoder.decode(container, self._model_for(container), self.threads, progress)
        return images.Picture(pixels, **_metadata(container))

    def _check_pixels(self, width: int, height: int) -> None:
        if width * height > self.max_pixels:
            raise InputError(
                f"{width} x {height} are {width * height} pixels, above the limit of {self.max_pixels}; "
                "where such pictures are meant, raise max_pixels (--max-pixels)"
            )

    def _model_for(self, container: Container) -> "TileModel":
        extra = () if self.model in store.manifest() else (self.model,)
        return load.model_for(container.header, extra)


def encode(
    image: Source, quality: float = DEFAULT_QUALITY, model: str = store.DEFAULT, threads: int | None = None
) -> bytes:
    """`Codec(model, threads).encode(image, quality)`."""
    return Codec(model, threads).encode(image, quality)


def decode(data: bytes, threads: int | None = None) -> Image.Image:
    """`Codec(threads=threads).decode(data)`."""
    return Codec(threads=threads).decode(data)


def info(data: bytes) -> Info:
    """What a file says about itself; every checksum is verified, no pixel is decoded."""
    container = parse(data)
    header = container.header
    name = store.name_of(header.weights_hash)
    return Info(
        width=header.width,
        height=header.height,
        grey=header.colour == ColourType.GREY,
        model=name or header.model_name,
        weights_hash=header.weights_hash.hex(),
        level=header.level,
        tiles=header.tile_count,
        size_bytes=len(data),
        bpp=8 * len(data) / (header.width * header.height),
        chunks=tuple((_chunk_name(chunk.type), len(chunk.data)) for chunk in container.chunks),
        decodable=name is not None,
    )


def open(path: str | os.PathLike[str], threads: int | None = None) -> Image.Image:
    """Decode a .tint file from disk."""
    return decode(Path(path).read_bytes(), threads)


def quality_to_level(quality: float, levels: int) -> int:
    """Level of a quality from 0 to 100, monotonic."""
    if not 0 <= quality <= QUALITY_MAX:
        raise InputError(f"quality {quality}: 0 to {QUALITY_MAX} are possible")
    qualities, shares = zip(*QUALITY_KNOTS, strict=True)
    return round(float(np.interp(quality, qualities, shares)) * (levels - 1))


def available_cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _chunks(picture: images.Picture) -> Sequence[Chunk]:
    found = ((ChunkType.ICC, picture.icc), (ChunkType.EXIF, picture.exif), (ChunkType.XMP, picture.xmp))
    return [Chunk(kind, data) for kind, data in found if data]


def _metadata(container: Container) -> dict[str, bytes | None]:
    return {
        "icc": container.chunk(ChunkType.ICC),
        "exif": container.chunk(ChunkType.EXIF),
        "xmp": container.chunk(ChunkType.XMP),
    }


def _chunk_name(type: int) -> str:
    try:
        return ChunkType(type).name
    except ValueError:
        return str(type)
