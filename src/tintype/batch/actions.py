"""What is done with each file of a batch: encode, decode, or verify."""

import io
from dataclasses import asdict, dataclass, field
from typing import BinaryIO, Literal, NamedTuple

import tintype
from tintype import images
from tintype.api import QUALITY_MAX, Codec, Source, level_of
from tintype.batch.manifest import Settings
from tintype.budgets import EncodedFile
from tintype.codec.tiling import Region
from tintype.codec.workers import Progress
from tintype.models.pico import engine
from tintype.targets import Target

Input = str | BinaryIO  # path, or open file with a name


class Result(NamedTuple):
    """What one file became."""

    data: bytes | memoryview | None  # None: the action writes nothing
    notes: tuple[str, ...] = ()  # what the result does not hold
    damaged: bool = False  # the input was, and what is sound of it was salvaged


@dataclass(frozen=True, slots=True)
class Encode:
    """Picture to .tint file; the fields are arguments of `Codec.encode`."""

    codec: Codec
    quality: float | None = None
    read: images.ReadOptions = field(default_factory=images.ReadOptions)
    strip: Literal["all", "gps"] | None = None
    content: Literal["auto", "photo", "screen"] = "auto"
    lossless: bool = False
    target: Target | None = None
    verify: bool = False

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

    def encode(self, source: Source, progress: Progress | None = None) -> EncodedFile:
        """The bytes of one file."""
        return self.codec.encode(
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

    def __call__(self, source: Input) -> Result:
        return Result(self.encode(source))


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
            "png_level": self.png_level,
            "engine": _engine(),
            "device": None if self.codec.options is None else self.codec.options.device,
        }

    def __call__(self, source: Input) -> Result:
        picture = self.codec.decode_picture(source, salvage=self.salvage, region=self.region, reduce=self.reduce)
        out = io.BytesIO()
        lost = images.save(picture, out, suffix=self.suffix, quality=self.quality, png_level=self.png_level)
        return Result(out.getbuffer(), lost, damaged=bool(picture.notes))


@dataclass(frozen=True, slots=True)
class Verify:
    """Every checksum of a .tint file, and its decoding."""

    codec: Codec

    def settings(self) -> Settings:
        """Nothing is written, so nothing decides it."""
        return {}

    def __call__(self, source: Input) -> Result:
        self.codec.decode_picture(source)
        return Result(None)


Action = Encode | Decode | Verify
"""What is done with each file; it goes to other processes by pickle.

`settings()` are everything beside the input that decides the bytes of the result.
"""


def _engine() -> str:
    """What runs pico's networks, whose floats decide bytes. All instruction sets of the native engine give the same."""
    return "native" if engine.chosen() == "native" else engine.versions()
