"""One picture's file that meets a target: at a level of its model or, where no level is good enough, without loss."""

import logging
from collections.abc import Callable
from functools import cached_property
from typing import Self

from tintype import contents
from tintype.codec import decoder, search
from tintype.codec.container.file import Container, parse
from tintype.codec.encoder import Encoder
from tintype.codec.graphics.choose import least_exact_bytes
from tintype.codec.hidden import hidden_as
from tintype.codec.workers import Passes
from tintype.errors import DeadlineError, LimitError, TargetError
from tintype.images import Picture
from tintype.images.raster import rescaled
from tintype.limits import Deadline
from tintype.pixels import IntPixels, Pixels8
from tintype.targets import MEASURES, Target, described

LOG = logging.getLogger("tintype")


class EncodedFile(bytes):
    """The bytes of a .tint file.

    Attributes
    ----------
    reached : value of the target's measure that the file has, in its unit, infinite for a PSNR or MS-SSIM without
        error; None without a target
    lossless : every sample was coded as it is, also under full transparency
    """

    reached: float | None
    lossless: bool

    def __new__(cls, data: bytes, reached: float | None = None, lossless: bool = False) -> Self:
        file = super().__new__(cls, data)
        file.reached, file.lossless = reached, lossless
        return file


class Files:
    """The files that one picture can become. All work on them shares one deadline and one progress.

    Parameters
    ----------
    name : of the picture, for messages
    encoder : of its levels; keeps analyses if there will be several
    exact_encoder : makes the one that codes without loss, when it is needed
    """

    def __init__(
        self,
        name: str,
        picture: Picture,
        encoder: Encoder,
        exact_encoder: Callable[[], Encoder],
        deadline: Deadline,
        passes: Passes,
    ) -> None:
        self.name, self.picture = name, picture
        self._encoder, self._exact_encoder = encoder, exact_encoder
        self._deadline, self._passes = deadline, passes
        self._chunks = contents.chunks_of(picture)

    @property
    def levels(self) -> int:
        """Of the model."""
        return self._encoder.model.identity.levels

    @property
    def pixels(self) -> int:
        """Of the picture."""
        return self.picture.width * self.picture.height

    @property
    def extra_bytes(self) -> int:
        """Transparency and metadata, which every file has."""
        return sum(len(chunk.data) for chunk in self._chunks)

    @cached_property
    def original(self) -> Pixels8:
        """What the levels are compared with, in 8 bits."""
        return rescaled(self._encoder.picture, self.picture.depth, 8)

    def at(self, level: int) -> bytes:
        """The file at a level."""
        return self._encoder.encode(level, self._chunks, self._passes, self._deadline)

    def exact(self) -> bytes:
        """The file without loss."""
        return self._exact_encoder().encode(self.levels - 1, self._chunks, self._passes, self._deadline)

    def decoded(self, data: bytes) -> Picture:
        """What a file decodes to."""
        container = parse(data)
        return contents.picture_of(container, self._decoded(container))

    def shown(self, data: bytes) -> Pixels8:
        """Pixels of a file, in 8 bits; under full transparency those of `original`, for no colour counts there."""
        pixels, alpha = self._decoded(parse(data)), self.picture.alpha
        seen = pixels if alpha is None else hidden_as(self._encoder.picture, pixels, alpha)
        return rescaled(seen, self.picture.depth, 8)

    def _decoded(self, container: Container) -> IntPixels:
        encoder = self._encoder
        return decoder.decode(container, encoder.model, encoder.threads, self._passes, self._deadline)


def meet(target: Target, files: Files) -> EncodedFile:
    """The best file of a size, or the smallest of a quality.

    Raises
    ------
    TargetError
        The smallest file is larger than the target.
    """
    return _of_quality(target, files) if target.quality else _of_size(target, files)


def _of_size(target: Target, files: Files) -> EncodedFile:
    most, pixels = target.most_bytes(files.pixels), files.pixels
    first, last = (bpp * pixels / 8 + files.extra_bytes for bpp in MEASURES["bpp"].typical)
    level, data, _ = search.largest_within(files.at, most, files.levels, (first, last))
    if len(data) > most:
        raise TargetError(_too_large(len(data), target, most, files))
    if level == files.levels - 1 and least_exact_bytes(files.picture.pixels) <= most:
        exact = _exact_within(most, files)
        if exact is not None:
            return EncodedFile(exact, target.reached(len(exact), pixels), lossless=True)
    return EncodedFile(data, target.reached(len(data), pixels))


def _exact_within(most: int, files: Files) -> bytes | None:
    """The file without loss, if it fits into its bytes and into the caller's limits."""
    try:
        data = files.exact()
    except DeadlineError:
        raise
    except LimitError:
        return None
    return data if len(data) <= most else None


def _of_quality(target: Target, files: Files) -> EncodedFile:
    measure = MEASURES[target.measure]

    def quality(data: bytes) -> float:
        assert measure.quality is not None
        return measure.quality(files.original, files.shown(data))

    _, data, value = search.smallest_reaching(files.at, quality, target.value, files.levels, measure.typical)
    if value >= target.value:
        return EncodedFile(data, value)
    best = described(target.measure, value)
    LOG.warning("%s: %s is above what the levels reach, %s; encoded without loss", files.name, target, best)
    return EncodedFile(files.exact(), measure.most, lossless=True)


def _too_large(size_bytes: int, target: Target, most: int, files: Files) -> str:
    allowed = f"{most} bytes" if target.measure == "size" else f"{target} ({most} bytes)"
    extra = f", {files.extra_bytes} of them transparency and metadata" if files.extra_bytes else ""
    strip = ", leave out metadata (--strip)" if files.extra_bytes else ""
    return (
        f"{files.name}: no file of at most {allowed} is possible; the smallest has {size_bytes} bytes{extra}. Allow "
        f"{size_bytes} bytes{strip}, or encode a smaller picture"
    )
