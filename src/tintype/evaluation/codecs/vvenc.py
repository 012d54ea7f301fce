"""VVC still pictures by Fraunhofer's programs vvencapp and vvdecapp, where both are installed.

The file is the bare bitstream of one picture: no container, colour stated nowhere but here (see `yuv`).
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tintype.evaluation.codecs import yuv
from tintype.evaluation.codecs.programs import run, version
from tintype.pixels import Pixels8

MAX_QP = 63


@dataclass(frozen=True)
class Vvenc:
    """One preset. Quality is 63 - QP, so that it rises with the rate.

    Times include the start of the program and the change of colour space.
    """

    name: str
    settings: str
    versions: str
    preset: str
    tuning: Sequence[str]
    threads: int

    suffix = ".266"
    qualities: Sequence[float] = (16, 20, 23, 26, 29, 32, 35, 38, 41, 44, 48)
    quality_range = (8.0, 58.0)

    def prepare(self, quality: float) -> None:
        """Nothing to load: a program starts for every file."""

    def encode(self, pixels: Pixels8, quality: float) -> bytes:
        """A whole bitstream."""
        height, width = pixels.shape[:2]
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "source.yuv", Path(folder) / "target.266"
            source.write_bytes(yuv.raw(pixels))
            run(
                [
                    *("vvencapp", "--input", str(source), "--size", f"{width}x{height}", "--format", "yuv420_10"),
                    *("--preset", self.preset, "--qp", str(MAX_QP - round(quality)), *self.tuning),
                    *("--frames", "1", "--threads", str(self.threads), "--output", str(target)),
                ],
                target,
            )
            return target.read_bytes()

    def decode(self, data: bytes) -> Pixels8:
        """8-bit pixels."""
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "source.266", Path(folder) / "target.y4m"
            source.write_bytes(data)
            run(["vvdecapp", "-b", str(source), "-o", str(target), "-t", str(self.threads)], target)
            return yuv.frame(target.read_bytes())


def vvenc(name: str, preset: str, tune: str | None, threads: int) -> Vvenc:
    """VVC intra by vvenc, which codes 4:2:0 alone; its default adapts QP to perception at a cost in PSNR."""
    return Vvenc(
        name,
        settings=f"VVC (vvenc) 4:2:0, 10 bits, BT.601 full range, preset {preset}, "
        f"{'without QP adaptation' if tune else 'default tune'}; "
        "programs vvencapp and vvdecapp, times include their start",
        versions=version("vvencapp", "vvdecapp"),
        preset=preset,
        tuning=("--qpa", "0") if tune else (),
        threads=threads,
    )
