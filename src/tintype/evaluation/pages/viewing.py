"""Files for a report's viewer: every codec of a run at about the same size, coded again from the pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tintype import images, metrics
from tintype.errors import InputError, TintypeError
from tintype.evaluation.codecs.names import Codec, codec_named
from tintype.evaluation.measuring.matching import match
from tintype.evaluation.measuring.measure import alike
from tintype.evaluation.measuring.rows import Row
from tintype.evaluation.pages.page import Progress
from tintype.evaluation.pages.scenes import WHOLE_PIXELS, Scenes, Version, regions
from tintype.evaluation.results.curves import Table
from tintype.evaluation.results.summary import Results
from tintype.pixels import Pixels8

RATES = (0.25, 0.6)  # bpp at which pictures are shown


@dataclass(frozen=True, slots=True)
class Shown:
    """Pictures for the viewer: their paths by name, the rates, and what makes the codecs that go by another name."""

    sources: Mapping[str, Path]
    rates: Sequence[float] = RATES
    recipes: Mapping[str, str] = field(default_factory=dict)
    max_pixels: int = images.MAX_PIXELS  # of a picture; larger ones are not shown


def scenes(results: Results, shown: Shown, progress: Progress) -> tuple[Scenes, list[str]]:
    """What the viewer shows, and why something is missing."""
    found, notes = Scenes(), list[str]()
    usable = _usable(results.measured, shown.recipes, notes)
    for name, path in shown.sources.items():
        try:
            original = images.load_8bit(path, images.ReadOptions(max_pixels=shown.max_pixels))
        except (TintypeError, OSError) as error:
            notes.append(f"{name} cannot be shown: {error}")
            continue
        for rate in shown.rates:
            target = round(rate * original.shape[0] * original.shape[1] / 8)
            progress(f"{name} at {rate:g} bpp")
            versions = [v for v in (_version(c, name, original, target, results, notes) for c in usable) if v]
            if versions:
                _add(found, name, rate, original, versions)
    return found, list(dict.fromkeys(notes))


def _usable(tables: Sequence[Table], recipes: Mapping[str, str], notes: list[str]) -> list[Codec]:
    """The codecs whose files can be made as they were measured: on one thread, with the same settings and weights."""
    found = []
    for table in tables:
        try:
            codec = codec_named(f"{table.codec}={recipes.get(table.codec, table.codec)}")
            if codec.settings != table.settings:
                raise InputError("its settings or weights are not those of the results")
            found.append(codec)
        except (TintypeError, OSError) as error:
            notes.append(f"{table.codec} is not shown: {error}")
    return found


def _add(scenes: Scenes, name: str, rate: float, original: Pixels8, versions: Sequence[Version]) -> None:
    title = f"{name}, {rate:g} bpp"
    if original.shape[0] * original.shape[1] <= WHOLE_PIXELS or len(versions) < 2:
        scenes.add(name, title, original, versions)
        return
    places = regions(original, versions[0].decoded, {v.name: v.decoded for v in versions[1:]})
    part, place = next(iter(places.items()))
    scenes.add(name, f"{title}, {part.lower()}", original, versions, place)


def _version(
    codec: Codec,
    name: str,
    original: Pixels8,
    target: int,
    results: Results,
    notes: list[str],
) -> Version | None:
    """A codec's file of about the target's size; none where the codec cannot make it."""
    try:
        known = {row.quality: row.size_bytes for row in results.rows if _is(row, codec.name, name)}
        found = match(codec, original, target, known)
        decoded = alike(codec.decode(found.data), original)
    except (TintypeError, OSError, ValueError) as error:
        notes.append(f"{codec.name} is not shown on {name}: {error}")
        return None
    off = f"{100 * found.off(target):+.1f} %"
    facts = f"{len(found.data) / 1000:.1f} kB ({off}), {metrics.psnr(original, decoded):.2f} dB"
    return Version(codec.name, found.data, codec.suffix, decoded, facts)


def _is(row: Row, codec: str, image: str) -> bool:
    return row.codec == codec and row.image == image and not row.error
