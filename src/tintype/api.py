"""The library's calls: the one place that wires images, models and codec together."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tintype import contents, images
from tintype.codec import decoder
from tintype.codec.agreement import DEFAULT_TOLERANCE
from tintype.codec.container.file import ChunkType, Container, parse
from tintype.codec.container.header import MAX_TILE_PIXELS, MIN_CORE, ColourType
from tintype.codec.container.numerics import PRECISIONS, Numerics, Precision
from tintype.codec.encoder import Encoder
from tintype.codec.hidden import fill_hidden
from tintype.codec.tiling import DEFAULT_MARGIN, WHOLE_PICTURE, Tiling, largest_tile_pixels
from tintype.errors import CorruptError, InputError
from tintype.models import load
from tintype.weights import store

if TYPE_CHECKING:
    from tintype.codec.tile_model import TileModel

Source = images.Source | images.Picture
Progress = Callable[[int, int], None]  # tiles done, tiles in all

MAX_PIXELS = 2**28  # of a picture, unless the caller allows more: a few hostile bytes must not ask for gigabytes
DEFAULT_QUALITY = 75
FLOAT_THREADS = 2  # a count, not the CPUs at hand: it decides the last bits of float models
QUALITY_MAX = 100
# Quality to share of the levels, linear between. From 25 to 90 about as good as JPEG at that quality, halfway between
# equal PSNR and equal MS-SSIM on validation crops: studies/quality_scale.py.
QUALITY_KNOTS = ((0.0, 0.0), (25.0, 0.23), (50.0, 0.43), (75.0, 0.6), (90.0, 0.85), (100.0, 1.0))


@dataclass(frozen=True, slots=True)
class Info:
    """What a file says about itself, without decoding it."""

    width: int  # pixels
    height: int  # pixels
    grey: bool
    depth: int  # bits per sample
    alpha: bool  # has transparency
    code_points: images.CodePoints | None  # colour as ITU-T H.273 numbers it; None: the ICC profile's, else sRGB
    model: str  # name of the weights, or of the model where the weights are unknown
    weights_hash: str  # 16 hexadecimal digits
    level: int
    tiles: int
    size_bytes: int
    bpp: float  # bits of the whole file per pixel
    chunks: tuple[tuple[str, int], ...]  # type and bytes
    numerics: str | None  # float models: precision, threads, engine and device of the encoder
    decodable: bool  # the weights are at hand


class Codec:
    """Encodes and decodes with a model kept warm; safe to share between threads.

    After a fork, a child process makes its own sessions: what the parent's held is not used (see `docs/library.md`).

    Parameters
    ----------
    model : name of shipped weights, or the path of a .tintmodel file; with `weights`, an HPCM model ("hpcm-base")
    threads : tiles worked on at the same time; default: the CPUs this process may use. Changes no result. HPCM: compute
        threads of the encoder inside a tile, default 2; files record them, and decoders use as many.
    max_pixels : larger pictures are refused, in both directions
    tune : instead of `model`: "psnr" (default; weights trained on squared error) or "eyes" (weights trained for what
        people see). Only encoding depends on it
    weights : path of a safetensors file with the weights of an HPCM model, to encode with and to decode what was
    device : HPCM: "cpu", "cuda", ...
    precision : HPCM: "float32" or "bfloat16", which is faster on some machines; files record it
    compiled : HPCM: run the networks through `torch.compile`; the first picture of each size waits for the compiler.
        Files record it: decoders compile too
    tile : side of the cores in pixels; default: one tile for HPCM, `codec.tiling.Tiling.default` for the others
    tolerance : HPCM: drift of scales, twice over, that decoders on other machines can mend; 0 leaves out what they
        need for it
    """

    def __init__(
        self,
        model: str | None = None,
        threads: int | None = None,
        max_pixels: int = MAX_PIXELS,
        *,
        tune: str | None = None,
        weights: str | os.PathLike[str] | None = None,
        device: str = "cpu",
        precision: Precision = "float32",
        compiled: bool = False,
        tile: int | None = None,
        tolerance: float = DEFAULT_TOLERANCE,
    ) -> None:
        self.max_pixels = max_pixels
        for name, count, least in (("threads", threads, 1), ("tile", tile, MIN_CORE)):
            if count is not None and count < least:
                raise InputError(f"{name}={count}: at least {least} is needed")
        if precision not in PRECISIONS:
            raise InputError(f"precision={precision!r}: there are {', '.join(PRECISIONS)}")
        if not 0 <= tolerance < 1:
            raise InputError(f"tolerance={tolerance}: 0 to below 1 is possible")
        if tune is not None:
            if tune not in store.TUNES:
                raise InputError(f"tune={tune!r}: there are {', '.join(store.TUNES)}")
            if model is not None or weights is not None:
                raise InputError(f"tune={tune!r} chooses shipped weights; give either it or a model")
            model = store.TUNES[tune]
        self.weights = None if weights is None else os.fspath(weights)
        if model is not None and load.is_float(model) != (weights is not None):
            raise InputError(
                f"{model}: its weights do not ship with tintype; give their file (--weights FILE)"
                if weights is None
                else f"{model} does not take a weights file; those of hpcm models do"
            )
        self.model = store.DEFAULT if model is None or weights is not None else model
        self._float_name = model
        self._float_threads = threads or FLOAT_THREADS
        self.threads = threads or available_cpus()
        self.device, self.precision, self.compiled = device, precision, compiled
        self.tile, self.tolerance = tile, tolerance

    def load(self) -> "TileModel":
        """The model that encodes; the first call takes longer than a small picture."""
        if self.weights is None:
            return load.model(self.model)
        return load.float_model(
            self.weights, self._float_name, self._float_threads, self.precision, self.device, self.compiled
        )

    def encode(self, image: Source, quality: float | None = None, progress: Progress | None = None) -> bytes:
        """A picture as the bytes of a .tint file.

        Parameters
        ----------
        image : PIL image, uint8 array (H, W, 3) or (H, W), the path of a picture, or what `decode_picture` gives
        quality : 0 (smallest) to 100; 75, the default, looks about as good as JPEG at 75. Models with a single rate
            take none.

        Raises
        ------
        InputError
            If the picture or the quality cannot be coded.
        """
        model = self.load()
        level = _level(quality, model)
        picture = image if isinstance(image, images.Picture) else images.load(image)
        self._check_pixels(picture.width, picture.height)
        tiling = self._tiling(picture.width, picture.height)
        chunks, samples = contents.chunks_of(picture), contents.samples_of(picture)
        pixels = picture.pixels if picture.alpha is None else fill_hidden(picture.pixels, picture.alpha)
        encoder = Encoder(model, pixels, tiling, self.threads, tolerance=self.tolerance, samples=samples)
        return encoder.encode(level, chunks, progress)

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
        return contents.picture_of(container, pixels)

    def _tiling(self, width: int, height: int) -> Tiling | None:
        """How a picture is cut; None: as the encoder likes."""
        if self.tile is not None:
            tiling = Tiling.of(width, height, self.tile, DEFAULT_MARGIN)
        elif self.weights is not None:
            tiling = WHOLE_PICTURE
        else:
            return None
        pixels = largest_tile_pixels(width, height, tiling)
        if pixels > MAX_TILE_PIXELS:
            raise InputError(
                f"{width} x {height} makes a tile of {pixels} pixels, above the limit of {MAX_TILE_PIXELS}; give a "
                "smaller tile (--tile)"
            )
        return tiling

    def _check_pixels(self, width: int, height: int) -> None:
        if width * height > self.max_pixels:
            raise InputError(
                f"{width} x {height} are {width * height} pixels, above the limit of {self.max_pixels}; "
                "where such pictures are meant, raise max_pixels (--max-pixels)"
            )

    def _model_for(self, container: Container) -> "TileModel":
        numerics = _numerics(container)
        if load.is_float(container.header.model_name):
            if numerics is None:
                raise CorruptError(f"a file of {container.header.model_name} lacks the numerics it was made with")
            return load.float_model_for(container.header, numerics, self.weights, self.device)
        extra = () if self.model in store.manifest() else (self.model,)
        return load.model_for(container.header, extra)


def encode(
    image: Source, quality: float | None = None, model: str = store.DEFAULT, threads: int | None = None
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
    numerics = _numerics(container)
    return Info(
        width=header.width,
        height=header.height,
        grey=header.colour == ColourType.GREY,
        depth=header.samples.depth,
        alpha=container.chunk(ChunkType.ALPHA) is not None,
        code_points=contents.code_points(header.samples),
        model=name or header.model_name,
        weights_hash=header.weights_hash.hex(),
        level=header.level,
        tiles=header.tile_count,
        size_bytes=len(data),
        bpp=8 * len(data) / (header.width * header.height),
        chunks=tuple((_chunk_name(chunk.type), len(chunk.data)) for chunk in container.chunks),
        numerics=None if numerics is None else str(numerics),
        decodable=name is not None,
    )


def open(path: str | os.PathLike[str], threads: int | None = None) -> Image.Image:
    """Decode a .tint file from disk."""
    return decode(Path(path).read_bytes(), threads)


def _level(quality: float | None, model: "TileModel") -> int:
    """Level of a quality; a model with a single rate has nothing to choose."""
    levels = model.identity.levels
    if levels > 1:
        return quality_to_level(DEFAULT_QUALITY if quality is None else quality, levels)
    if quality is not None:
        raise InputError(
            f"{model.identity.name} weights have a single rate, so there is no quality to choose (-q); other weights "
            "files of it stand for other qualities"
        )
    return 0


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


def _numerics(container: Container) -> Numerics | None:
    data = container.chunk(ChunkType.NUMERICS)
    return None if data is None else Numerics.parse(data)


def _chunk_name(type: int) -> str:
    try:
        return ChunkType(type).name
    except ValueError:
        return str(type)
