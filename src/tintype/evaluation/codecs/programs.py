"""Conventional encoders that are installed as programs: other versions than Pillow's, or other settings."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tintype.errors import UnsupportedError
from tintype.pixels import Pixels8

TIMEOUT = 600  # seconds; a program that hangs must not end the run


@dataclass(frozen=True)
class ProgramCodec:
    """An encoder and a decoder that turn PNG files into coded files and back.

    Times of such a codec include the start of its program and the reading and writing of PNG files.
    """

    name: str
    settings: str
    versions: str
    suffix: str
    qualities: Sequence[float]
    quality_range: tuple[float, float]
    encoder: Sequence[str]  # command; {quality}, {source} and {target} are filled in
    decoder: Sequence[str]

    def prepare(self, quality: float) -> None:
        """Nothing to load: a program starts for every file."""

    def encode(self, pixels: Pixels8, quality: float) -> bytes:
        """A whole file, from a PNG file without metadata."""
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "source.png", Path(folder) / f"target{self.suffix}"
            Image.fromarray(pixels).save(source, compress_level=1)
            run(_filled(self.encoder, source, target, round(quality)), target)
            return target.read_bytes()

    def decode(self, data: bytes) -> Pixels8:
        """8-bit pixels."""
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / f"source{self.suffix}", Path(folder) / "target.png"
            source.write_bytes(data)
            run(_filled(self.decoder, source, target), target)
            with Image.open(target) as image:
                return np.array(image)


def cjxl(name: str, effort: str, threads: int) -> ProgramCodec:
    """JPEG XL by libjxl's own programs."""
    helpers = threads if threads > 1 else 0
    return ProgramCodec(
        name,
        settings=f"JPEG XL effort {effort}, XYB; programs cjxl and djxl, times include their start",
        versions=version("cjxl", "djxl"),
        suffix=".jxl",
        qualities=(19, 26, 34, 44, 54, 65, 75, 84, 90, 93),
        quality_range=(5, 98),
        encoder=("cjxl", "{source}", "{target}", "-q", "{quality}", "-e", effort, f"--num_threads={helpers}"),
        decoder=("djxl", "{source}", "{target}", f"--num_threads={helpers}"),
    )


def avifenc(name: str, chroma: str, speed: str, threads: int) -> ProgramCodec:
    """AVIF by libavif's own programs, with the library's default tune."""
    return ProgramCodec(
        name,
        settings=f"AVIF {':'.join(chroma)}, speed {speed}, full range; programs avifenc and avifdec, times include "
        "their start",
        versions=version("avifenc", "avifdec"),
        suffix=".avif",
        qualities=(12, 20, 27, 34, 40, 46, 52, 58, 64, 70, 76, 82, 88),
        quality_range=(1, 97),
        encoder=("avifenc", "-q", "{quality}", "-s", speed, "-y", chroma, "-j", str(threads), "{source}", "{target}"),
        decoder=("avifdec", "-j", str(threads), "{source}", "{target}"),
    )


def version(*programs: str) -> str:
    """First line that the first program says about itself.

    Raises
    ------
    UnsupportedError
        One of them is not installed.
    """
    for program in programs:
        if shutil.which(program) is None:
            raise UnsupportedError(f"the program {program} is not installed")
    done = subprocess.run([programs[0], "--version"], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    return next((line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()), programs[0])


def _filled(command: Sequence[str], source: Path, target: Path, quality: int = 0) -> list[str]:
    return [part.format(source=source, target=target, quality=quality) for part in command]


def run(command: Sequence[str], target: Path) -> None:
    """Run a program that writes a file.

    Raises
    ------
    UnsupportedError
        It failed, hangs, or wrote nothing; the message ends with its own words.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as error:
        raise UnsupportedError(f"{command[0]} was not done after {TIMEOUT} seconds") from error
    if done.returncode or not target.exists():
        said = " ".join((done.stderr or done.stdout).split())[-200:]
        raise UnsupportedError(f"{command[0]} failed with status {done.returncode}: {said}")
