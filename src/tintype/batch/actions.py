"""What is done with each file of a batch: encode, decode, or verify."""

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO, NamedTuple

import tintype
from tintype import images
from tintype.api import Codec
from tintype.arguments import choice, flag, kind, number
from tintype.batch.made import Made
from tintype.batch.manifest import Settings
from tintype.codec.graphics.choose import ASKED, Asked
from tintype.codec.tiling import Region
from tintype.codec.workers import Progress
from tintype.models.pico import engine
from tintype.qualities import QUALITY_MAX, level_of
from tintype.targets import Target

Source = str | bytes | BinaryIO  # path, content, or open file with a name


class Result(NamedTuple):
    """What one file became."""

    data: bytes | memoryview | None  # None: nothing is written
    facts: Mapping[str, Any]  # for programs; docs/cli.md has the keys
    described: str = ""  # for people
    notes: tuple[str, ...] = ()  # what the result does not hold, or why there is none
    damaged: bool = False  # the input was, and what is sound of it was salvaged


@dataclass(frozen=True, slots=True)
class Encode:
    """Picture to .tint file; the fields are arguments of `Codec.encode`."""

    codec: Codec
    quality: float | None = None
    read: images.ReadOptions = field(default_factory=images.ReadOptions)
    strip: images.Stripped | None = None
    content: Asked = "auto"
    lossless: bool = False
    target: Target | None = None
    verify: bool = False
    only_if_smaller: bool = False  # than the source; else nothing is written

    def __post_init__(self) -> None:
        kind("codec", self.codec, Codec, "tintype.Codec(...)")
        kind("read", self.read, images.ReadOptions, "tintype.images.ReadOptions(...)")
        kind("target", self.target, Target | None, "tintype.Target(MEASURE, VALUE), or None")
        if self.quality is not None:
            number("quality", self.quality)
        choice("strip", self.strip, (None, *images.STRIPPED))
        choice("content", self.content, ASKED)
        for name in ("lossless", "verify", "only_if_smaller"):
            flag(name, getattr(self, name))

    def settings(self) -> Settings:
        """Also loads the model, whose weights are part of the settings.

        Raises
        ------
        InputError
            The model has no such quality.
        """
        model = self.codec.load()
        quality = QUALITY_MAX if self.lossless else self.quality
        # what does not decide the bytes, or is replaced below, goes: a new field counts until somebody says otherwise
        choices = asdict(self)
        for name in ("codec", "verify"):
            del choices[name]
        del choices["read"]["max_pixels"]  # limits refuse pictures, and change no result
        numerics = model.identity.numerics
        return choices | {
            "action": "encode",
            "tintype": tintype.__version__,
            "model": model.identity.name,
            "weights": model.identity.weights_hash.hex(),
            "quality": level_of(quality, model),  # of two qualities with one level the files are the same
            "lossless": quality == QUALITY_MAX,
            "tile": self.codec.tile,
            "engine": _engine() if numerics is None else [str(numerics), model.tolerance],
        }

    def made(self, source: Source, progress: Progress | None = None) -> Made:
        """The .tint file of one picture."""
        data = self.codec.encode(
            source,
            self.quality,
            progress,
            read=self.read,
            strip=self.strip,
            content=self.content,
            lossless=self.lossless,
            target=self.target,
            verify=self.verify,
        )
        return Made(_bytes_of(source), data, self.target)

    def __call__(self, source: Source, progress: Progress | None = None) -> Result:
        made = self.made(source, progress)
        if self.only_if_smaller and not made.is_smaller:
            return Result(None, made.facts(), notes=(made.refused(),))
        return Result(made.data, made.facts(), made.described())


@dataclass(frozen=True, slots=True)
class Decode:
    """A .tint file to a picture; the fields are arguments of `Codec.decode_to`."""

    codec: Codec
    suffix: str
    quality: float | None = None
    salvage: bool = False
    region: Region | None = None
    reduce: int = 1
    png_level: int | None = None

    def settings(self) -> Settings:
        """Files name their weights, so these are no setting."""
        return {
            "action": "decode",
            "tintype": tintype.__version__,
            "suffix": self.suffix,
            "quality": self.quality,
            "salvage": self.salvage,
            "region": None if self.region is None else list(self.region),
            "reduce": self.reduce,
            "look": self.codec.look,
            "png_level": self.png_level,
            "engine": _engine(),
            "device": None if self.codec.options is None else self.codec.options.device,
        }

    def picture(self, source: Source, progress: Progress | None = None) -> images.Picture:
        """What is in the file; its notes say what is missing of a damaged one."""
        return self.codec.decode_picture(source, progress, salvage=self.salvage, region=self.region, reduce=self.reduce)

    def save(self, picture: images.Picture, file: BinaryIO) -> tuple[str, ...]:
        """Write the picture; what the format cannot hold, a sentence each."""
        return images.save(picture, file, suffix=self.suffix, quality=self.quality, png_level=self.png_level)

    def facts(self, picture: images.Picture, lost: Sequence[str]) -> Mapping[str, Any]:
        """For programs; docs/cli.md has the keys."""
        return {
            "format": self.suffix[1:],
            "width": picture.width,
            "height": picture.height,
            "depth": picture.depth,
            "damaged": list(picture.notes),
            "lost": list(lost),
        }

    def __call__(self, source: Source, progress: Progress | None = None) -> Result:
        picture, out = self.picture(source, progress), io.BytesIO()
        lost = self.save(picture, out)
        facts = self.facts(picture, lost)
        return Result(out.getbuffer(), facts, f"{out.tell()} bytes", lost, damaged=bool(picture.notes))


@dataclass(frozen=True, slots=True)
class Verify:
    """Every checksum of a .tint file, and its decoding."""

    codec: Codec

    def settings(self) -> Settings:
        """Nothing is written, so nothing decides it."""
        return {}

    def __call__(self, source: Source, progress: Progress | None = None) -> Result:
        picture = self.codec.decode_picture(source, progress)
        return Result(None, {"ok": True, "width": picture.width, "height": picture.height})


Action = Encode | Decode | Verify
"""What is done with each file; it goes to other processes by pickle.

`settings()` are everything beside the input that decides the bytes of the result.
"""


def _engine() -> str:
    """What runs pico's networks, whose floats decide bytes. All instruction sets of the native engine give the same."""
    return "native" if engine.chosen() == "native" else engine.versions()


def _bytes_of(source: Source) -> int:
    """Of a file, in bytes."""
    if isinstance(source, str):
        return os.path.getsize(source)
    return len(source) if isinstance(source, bytes) else source.seek(0, os.SEEK_END)
