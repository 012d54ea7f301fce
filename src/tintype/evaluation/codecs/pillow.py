"""Conventional codecs through Pillow and its plugins, each as its users would set it for small files."""

import importlib.metadata
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from PIL import Image, features
from PIL import __version__ as pillow_version

from tintype.errors import UnsupportedError
from tintype.pixels import Pixels8


@dataclass(frozen=True)
class PillowCodec:
    """A format of Pillow with fixed options."""

    name: str
    settings: str
    versions: str
    suffix: str
    qualities: Sequence[float]
    quality_range: tuple[float, float]
    format: str
    options: Mapping[str, Any]
    decoding: Callable[[], AbstractContextManager[None]] = field(default=nullcontext, repr=False)

    def prepare(self, quality: float) -> None:
        """Nothing is to be loaded."""

    def encode(self, pixels: Pixels8, quality: float) -> bytes:
        """A whole file without metadata."""
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, self.format, quality=round(quality), **self.options)
        return file.getvalue()

    def decode(self, data: bytes) -> Pixels8:
        """8-bit pixels; a grey picture that its format stored as colour comes back as colour."""
        with self.decoding(), Image.open(io.BytesIO(data), formats=[self.format]) as image:
            return np.array(image)


def jpeg(name: str, chroma: str, threads: int) -> PillowCodec:
    """JPEG, which has one thread only."""
    _require("jpg", "JPEG")
    return PillowCodec(
        name,
        settings=f"JPEG {_ratio(chroma)}, optimised Huffman tables, progressive",
        versions=_versions(libjpeg_turbo=features.version("libjpeg_turbo")),
        suffix=".jpg",
        qualities=(2, 5, 8, 12, 18, 26, 36, 48, 60, 70, 79, 86, 91, 94),
        quality_range=(1, 97),
        format="JPEG",
        options={"subsampling": _ratio(chroma), "optimize": True, "progressive": True},
    )


def webp(name: str, method: str, threads: int) -> PillowCodec:
    """Lossy WebP, which Pillow runs on one thread."""
    _require("webp", "WebP")
    return PillowCodec(
        name,
        settings=f"WebP lossy, method {method}, 4:2:0",
        versions=_versions(libwebp=features.version("webp")),
        suffix=".webp",
        qualities=(0, 4, 9, 16, 25, 36, 48, 60, 72, 80, 86, 90, 94),
        quality_range=(0, 99),
        format="WEBP",
        options={"method": int(method)},
    )


def avif(name: str, chroma: str, speed: str, tune: str | None, threads: int) -> PillowCodec:
    """AVIF by libaom, full range, decoded by dav1d or libaom.

    The library's own tune favours perception at a cost in PSNR (libavif 1.4: "iq"), so a claim in PSNR is also to be
    made against `tune=psnr`.
    """
    _require("avif", "AVIF")
    from PIL import AvifImagePlugin, _avif

    @contextmanager
    def limited() -> Iterator[None]:
        before, AvifImagePlugin.DEFAULT_MAX_THREADS = AvifImagePlugin.DEFAULT_MAX_THREADS, threads
        try:
            yield
        finally:
            AvifImagePlugin.DEFAULT_MAX_THREADS = before

    # Pillow's automatic tiling serves speed on many cores and makes files larger: docs/results.md
    options: dict[str, Any] = {
        "subsampling": _ratio(chroma),
        "speed": int(speed),
        "max_threads": threads,
        "autotiling": False,
    }
    if tune:
        options["advanced"] = {"tune": "psnr"}
    return PillowCodec(
        name,
        settings=f"AVIF (aom) {_ratio(chroma)}, speed {speed}, full range, one tile, "
        f"{'tune=psnr' if tune else 'default tune'}",
        versions=_versions(libavif=_avif.libavif_version, codecs=_avif.codec_versions().replace(", ", " ")),
        suffix=".avif",
        qualities=(8, 16, 25, 34, 42, 50, 60, 72, 80) if tune else (12, 20, 27, 34, 40, 46, 52, 58, 64, 70, 76, 82, 88),
        quality_range=(1, 97),
        format="AVIF",
        options=options,
        decoding=limited,
    )


def jpeg_xl(name: str, effort: str, threads: int) -> PillowCodec:
    """JPEG XL by libjxl.

    Below quality 19 libjxl halves the resolution. That is a step, and a curve over it has no BD-rate: curves begin
    at 19. Lower settings serve for files of a given size.
    """
    try:
        plugin: Any = import_module("pillow_jxl.JpegXLImagePlugin")  # registers the format
    except ImportError as error:
        raise UnsupportedError(f"{name} needs the package pillow-jxl-plugin: pip install pillow-jxl-plugin") from error
    count = threads if threads > 1 else 0  # of helpers: 0 keeps to the calling thread

    @contextmanager
    def limited() -> Iterator[None]:
        before, plugin.DECODE_THREADS = plugin.DECODE_THREADS, count
        try:
            yield
        finally:
            plugin.DECODE_THREADS = before

    return PillowCodec(
        name,
        settings=f"JPEG XL effort {effort}, XYB",
        versions=_versions(pillow_jxl_plugin=importlib.metadata.version("pillow-jxl-plugin")),
        suffix=".jxl",
        qualities=(19, 26, 34, 44, 54, 65, 75, 84, 90, 93),
        quality_range=(1, 98),
        format="JXL",
        options={"effort": int(effort), "num_threads": count},
        decoding=limited,
    )


def _ratio(chroma: str) -> str:
    return ":".join(chroma)


def _versions(**libraries: str | None) -> str:
    found = {"Pillow": pillow_version, **libraries}
    return "; ".join(f"{name} {version}" for name, version in found.items() if version)


def _require(feature: str, format: str) -> None:
    if not features.check(feature):
        raise UnsupportedError(f"this Pillow {pillow_version} is built without {format}; install one from PyPI")
