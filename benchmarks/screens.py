"""Screens and drawings beside AVIF at equal bytes, and what lossless coders need for them.

    python -m benchmarks.screens [PICTURE...] [--codec NAME] [--size 0.6] [--only NAME...]

Small pictures are coded at quality 60 alone, and compared with PNG: those below 34 dB or larger than PNG are listed.
Scenes are those of `benchmarks.scenes`, and the given pictures or folders of them. AVIF has its default tune, 4:4:4,
speed 6 and one tile. Each of its files is compared with ours at the highest quality that needs no more bytes.
"""

import argparse
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.scenes import scenes
from benchmarks.small_pictures import small_pictures
from tintype import metrics
from tintype.evaluation.codecs.names import Codec, codec_named
from tintype.evaluation.measuring.measure import alike
from tintype.evaluation.measuring.sweep import subjects
from tintype.evaluation.metrics import registry
from tintype.evaluation.results.markdown import table
from tintype.pixels import Pixels8
from tintype.qualities import DEFAULT_QUALITY
from tintype.weights import store

PEER = "avif444_s6"
PEER_QUALITIES = (35, 50, 65, 80)
SMALL_QUALITY, LEAST_PSNR = 60, 34
METRICS = ("psnr", "ssimulacra2")
UNITS = ("dB", "points")
LOSSLESS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "PNG": ("png", {"optimize": True}),
    "WebP lossless": ("webp", {"lossless": True, "quality": 100, "method": 6}),
    "JPEG XL lossless": ("jxl", {"lossless": True, "effort": 7}),
}


@dataclass(frozen=True, slots=True)
class Coded:
    """A file and how good its picture is."""

    quality: float
    size_bytes: int
    values: tuple[float, ...]  # of `METRICS`


@dataclass(frozen=True, slots=True)
class Point:
    """One picture at one size."""

    scene: str
    text: bool  # has visible text
    peer: Coded
    ours: Coded

    def __str__(self) -> str:
        """Of a table: bytes of the peer, our quality, then both metrics of ours and of the peer."""
        (psnr, judged), (peer_psnr, peer_judged) = self.ours.values, self.peer.values
        larger = "" if self.fits else f" ({self.ours.size_bytes} B)"
        quality = f"q{self.ours.quality:g}{larger}"
        return f"{self.peer.size_bytes} B, {quality}: {psnr:.1f} / {peer_psnr:.1f} dB, {judged:.0f} / {peer_judged:.0f}"

    @property
    def fits(self) -> bool:
        """Whether any quality of ours needs no more bytes."""
        return self.ours.size_bytes <= self.peer.size_bytes

    @property
    def lead(self) -> list[float]:
        """By how much we are better in each metric; two exact pictures are equal."""
        pairs = zip(self.ours.values, self.peer.values, strict=True)
        return [0.0 if ours == peer else ours - peer for ours, peer in pairs]


def points(name: str, pixels: Pixels8, text: bool, ours: Codec, peer: Codec) -> Iterator[Point]:
    """Both codecs at the sizes of the peer's files."""

    @cache
    def encoded(quality: int) -> bytes:
        return ours.encode(pixels, quality)

    for quality in PEER_QUALITIES:
        data = peer.encode(pixels, quality)
        best = largest_within(lambda q: len(encoded(q)), len(data))
        yield Point(name, text, _coded(pixels, peer, quality, data), _coded(pixels, ours, best, encoded(best)))


def largest_within(size_of: Callable[[int], int], limit: int) -> int:
    """The highest quality whose file has at most `limit` bytes, 0 if none has.

    Sizes need not rise with the quality everywhere, since parts of a picture may become exact: every tenth quality is
    tried, then those between the highest that fits and the next.
    """
    tens = next((quality for quality in range(100, -1, -10) if size_of(quality) <= limit), 0)
    return next((quality for quality in range(min(tens + 9, 100), tens, -1) if size_of(quality) <= limit), tens)


def _coded(pixels: Pixels8, codec: Codec, quality: float, data: bytes) -> Coded:
    values = registry.measure(METRICS, pixels, alike(codec.decode(data), pixels))
    return Coded(quality, len(data), tuple(values[name] for name in METRICS))


def lossless_bytes(pixels: Pixels8) -> list[int]:
    """Sizes of exact files, in the order of `LOSSLESS`."""
    import_module("pillow_jxl")  # registers JPEG XL
    sizes = []
    for format, options in LOSSLESS.values():
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, format, **options)
        sizes.append(file.tell())
    return sizes


def verdict(found: Sequence[Point]) -> str:
    """How often ours is at least equal, and where it is furthest behind, a sentence for each metric."""
    sentences = []
    for number, (metric, unit) in enumerate(zip(METRICS, UNITS, strict=True)):
        title = registry.COLUMNS[metric].title
        good = sum(point.fits and point.lead[number] >= 0 for point in found)
        worst = min(found, key=lambda point: point.lead[number])
        sentences.append(
            f"{title}: at least equal at {good} of {len(found)} points ({good / len(found):.0%}); "
            f"the worst, {worst.lead[number]:+.2f} {unit}, is {worst.scene} at {PEER} {worst.peer.quality:g}."
        )
    if larger := sum(not point.fits for point in found):
        sentences.append(f"At {larger} points no quality of ours is as small.")
    return "\n".join(f"- {sentence}" for sentence in sentences)


def coded(codec: Codec, pixels: Pixels8, quality: float) -> tuple[int, float]:
    """Bytes and PSNR."""
    data = codec.encode(pixels, quality)
    return len(data), metrics.psnr(pixels, alike(codec.decode(data), pixels))


def small(ours: Codec) -> str:
    """Which small pictures ours codes badly, or in more bytes than PNG."""
    lines, count, total, png_total = [], 0, 0, 0
    for name, pixels in small_pictures():
        size, psnr = coded(ours, pixels, SMALL_QUALITY)
        png = lossless_bytes(pixels)[0]
        count, total, png_total = count + 1, total + size, png_total + png
        if psnr < LEAST_PSNR or size > png:
            lines.append([name, f"{psnr:.2f}", f"{size}", f"{png}"])
    scope = f"{count} small pictures at quality {SMALL_QUALITY}: {total} bytes, {png_total} as PNG; {len(lines)} are"
    listed = table(["picture", "PSNR", "bytes", "PNG"], lines)
    return f"{scope} below {LEAST_PSNR} dB or larger than PNG.\n\n{listed if lines else ''}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.screens", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", metavar="PICTURE", nargs="*", type=Path, help="or a folder: others with text")
    parser.add_argument("--codec", default=store.DEFAULT, help="ours: shipped weights or a .tintmodel file")
    parser.add_argument("--size", type=float, default=0.6, help="factor of the scenes' sides, default: %(default)s")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="of the scenes and pictures")
    options = parser.parse_args()
    ours, peer = codec_named(options.codec), codec_named(PEER)
    drawn = [(scene.name, scene.pixels, bool(scene.lines)) for scene in scenes(options.size)]
    given = subjects(options.pictures) if options.pictures else ()
    found: list[Point] = []
    exact = []
    for name, pixels, text in (*drawn, *((picture.path.name, picture.pixels(), True) for picture in given)):
        if options.only and name not in options.only:
            continue
        found += points(name, pixels, text, ours, peer)
        size, psnr = coded(ours, pixels, DEFAULT_QUALITY)
        exact.append([name, *map(str, lossless_bytes(pixels)), f"{size}", f"{psnr:.2f}"])
    if not found:
        parser.error(f"--only {' '.join(options.only)}: there is no such scene or picture")
    print(
        f"For each scene: bytes of {PEER}; the quality of {ours.name} that needs at most these, in brackets its bytes "
        "where none does;\nthen PSNR and SSIMULACRA2, ours / AVIF's.\n"
    )
    by_scene = {name: [str(point) for point in group] for name, group in groupby(found, lambda point: point.scene)}
    header = ["scene", *(f"AVIF at {quality}" for quality in PEER_QUALITIES)]
    print(table(header, [[name, *cells] for name, cells in by_scene.items()]))
    print(f"\nAll points:\n\n{verdict(found)}")
    if text := [point for point in found if point.text]:
        print(f"\nPoints with text:\n\n{verdict(text)}")
    header = ["bytes", *LOSSLESS, f"{ours.name} at {DEFAULT_QUALITY}", "its PSNR"]
    print(f"\nLossless coders, and ours at its default quality:\n\n{table(header, exact)}")
    if not options.only:
        print(f"\n{small(ours)}")


if __name__ == "__main__":
    main()
