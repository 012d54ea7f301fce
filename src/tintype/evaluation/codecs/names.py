"""What can be measured: codecs by name, each with its settings and the versions of its libraries.

A codec turns 8-bit pixels into the bytes of a whole file and back. Pictures go in without metadata (no ICC profile,
EXIF or XMP), and every codec is held to the same number of threads.

| name                                   | what                                                               |
|----------------------------------------|--------------------------------------------------------------------|
| `pico-s`, `PATH.tintmodel`             | tintype with shipped weights, or with those of a bundle            |
| `pico-s+natural`, ...                  | the same files, decoded with the natural look                      |
| `hpcm-base:FILE.safetensors`           | HPCM with a weights file; several, joined by +, make one curve     |
| `jpeg444`, `jpeg420`                   | JPEG, optimised and progressive                                    |
| `webp_m6` (m0 to m6)                   | lossy WebP (always 4:2:0)                                          |
| `avif444_s6`, `avif420_s6` (s0 to s10) | AVIF with the library's default tune; with `_psnr`: tuned for PSNR |
| `jxl_e7` (e1 to e9)                    | JPEG XL (XYB)                                                      |
| `cjxl_e7`, `avifenc444_s6`, ...        | the same formats by their own programs, where installed            |
| `vvenc420_medium` (faster to slower)   | VVC by vvencapp, where installed; with `_psnr`: tuned for PSNR     |
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tintype.errors import InputError
from tintype.evaluation.codecs import hpcm, pillow, programs, vvenc
from tintype.evaluation.codecs.tintype import LOOK, Tintype, is_model, parted, shipped
from tintype.pixels import Pixels8
from tintype.weights import store
from tintype.weights.bundle import SUFFIX


class Codec(Protocol):
    """One encoder with fixed settings, and its decoder."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> str:
        """All that changes a byte of the files, but the quality."""

    @property
    def versions(self) -> str:
        """Libraries and their versions, or the hash of the weights."""

    @property
    def suffix(self) -> str:
        """Of its files, as ".jpg"."""

    @property
    def qualities(self) -> Sequence[float]:
        """Settings from low to high rate, for a curve."""

    @property
    def quality_range(self) -> tuple[float, float]:
        """Lowest and highest rate; every whole number between is a setting."""

    def prepare(self, quality: float) -> None:
        """Load what a file of this quality needs, so that no time holds it."""

    def encode(self, pixels: Pixels8, quality: float) -> bytes:
        """A whole file."""

    def decode(self, data: bytes) -> Pixels8:
        """Pixels of a whole file, in the shape that was encoded."""


ALIASES: Mapping[str, str] = {
    "tintype": store.DEFAULT,
    "tintype+natural": store.DEFAULT + LOOK,
    "jpeg": "jpeg444",
    "jpg": "jpeg444",
    "webp": "webp_m6",
    "avif": "avif444_s6",
    "avif_psnr": "avif444_s6_psnr",
    "jxl": "jxl_e7",
}

Maker = Callable[..., Codec]
PATTERNS: Sequence[tuple[str, Maker]] = (
    (r"jpeg(?P<chroma>444|420)", pillow.jpeg),
    (r"webp_m(?P<method>[0-6])", pillow.webp),
    (r"avif(?P<chroma>444|420)_s(?P<speed>\d|10)(?P<tune>_psnr)?", pillow.avif),
    (r"jxl_e(?P<effort>[1-9])", pillow.jpeg_xl),
    (r"cjxl_e(?P<effort>[1-9])", programs.cjxl),
    (r"avifenc(?P<chroma>444|420)_s(?P<speed>\d|10)", programs.avifenc),
    (r"vvenc420_(?P<preset>faster|fast|medium|slow|slower)(?P<tune>_psnr)?", vvenc.vvenc),
)

USUAL = (*store.TUNES.values(), "jpeg444", "webp_m6", "avif444_s6", "avif444_s6_psnr", "jxl_e7")
"""What ships, and five conventional settings."""


def codec_named(name: str, threads: int = 1) -> Codec:
    """A codec by name; `LABEL=NAME` shows it under another name.

    Raises
    ------
    InputError
        Unknown name; the message lists what there is.
    UnsupportedError
        Its library is not installed.
    """
    label, target = _labelled(name)
    for pattern, make in PATTERNS:
        found = re.fullmatch(pattern, target)
        if found:
            arguments: dict[str, Any] = found.groupdict()
            return make(name=label or target, threads=threads, **arguments)
    if is_model(target):
        return Tintype(target, label or None, threads)
    if hpcm.is_hpcm(target):
        return hpcm.Hpcm(target, label or None, threads)
    known = dict.fromkeys((*ALIASES, *shipped(), *ALIASES.values(), "jpeg420"))
    raise InputError(
        f"no codec named {target!r}; there is {', '.join(known)}, the path of a .tintmodel file, or an HPCM with its "
        "weights (hpcm-base:FILE.safetensors)"
    )


def _labelled(name: str) -> tuple[str, str]:
    """Label, or nothing, and name without aliases. A path may hold an equals sign, a label holds no part of a path."""
    found = re.fullmatch(r"(?:(?P<label>[^=/\\:]+)=)?(?P<target>.+)", name)
    label, target = (found["label"] or "", found["target"]) if found else ("", name)
    return label, ALIASES.get(target, target)


def absolute_name(name: str) -> str:
    """The same codec without its label, with paths that hold in any folder."""
    _, target = _labelled(name)
    if hpcm.is_hpcm(target):
        return hpcm.absolute(target)
    model, look = parted(target)
    return str(Path(model).resolve()) + LOOK * (look == "natural") if model.endswith(SUFFIX) else target


def parse_names(text: str) -> list[str]:
    """Names from a list separated by commas, aliases resolved, each once, in the order given.

    Raises
    ------
    InputError
        An empty list.
    """
    found = [ALIASES.get(part.strip(), part.strip()) for part in text.split(",") if part.strip()]
    if not found:
        raise InputError("no codec is named; give a list such as pico-s,jpeg,webp,avif")
    return list(dict.fromkeys(found))
