"""Files for a report's viewer: every codec of a run at about the same size, made anew from the pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tintype import images, metrics
from tintype.errors import TintypeError
from tintype.evaluation import codecs, page
from tintype.evaluation.curves import Table
from tintype.evaluation.matching import match
from tintype.evaluation.measure import alike
from tintype.evaluation.rows import Row
from tintype.evaluation.scenes import WHOLE_PIXELS, Scenes, Version, regions
from tintype.evaluation.summary import Results

RATES = (0.25, 0.6)  # bpp at which pictures are shown

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Shown:
    """Pictures for the viewer: their paths by name, and the rates."""

    sources: Mapping[str, Path]
    rates: Sequence[float] = RATES


def scenes(results: Results, shown: Shown, threads: int, progress: Progress) -> tuple[Scenes, list[str]]:
    """What the viewer shows, and why something is missing."""
    found, notes = Scenes(), []
    for name, path in shown.sources.items():
        try:
            original = images.load(path).pixels
        except (TintypeError, OSError) as error:
            notes.append(f"{name} cannot be shown: {error}")
            continue
        for rate in shown.rates:
            target = round(rate * original.shape[0] * original.shape[1] / 8)
            progress(f"{name} at {rate:g} bpp")
            versions = [
                v for v in (_version(t, name, original, target, results, threads, notes) for t in results.measured) if v
            ]
            if versions:
                _add(found, name, rate, original, versions)
    return found, list(dict.fromkeys(notes))


def _add(scenes: Scenes, name: str, rate: float, original: page.Samples, versions: Sequence[Version]) -> None:
    title = f"{name}, {rate:g} bpp"
    if original.shape[0] * original.shape[1] <= WHOLE_PIXELS or len(versions) < 2:
        scenes.add(name, title, original, versions)
        return
    places = regions(original, versions[0].decoded, {v.name: v.decoded for v in versions[1:]})
    part, place = next(iter(places.items()))
    scenes.add(name, f"{title}, {part.lower()}", original, versions, place)


def _version(
    table: Table,
    name: str,
    original: page.Samples,
    target: int,
    results: Results,
    threads: int,
    notes: list[str],
) -> Version | None:
    """A codec's file of about the target's size; none where the codec cannot make it."""
    try:
        codec = codecs.codec(table.codec, threads)
        if codec.settings != table.settings:
            raise TintypeError("its settings or weights are not those of the results")
        known = {row.quality: row.size_bytes for row in results.rows if _is(row, table.codec, name)}
        found = match(codec, original, target, known)
        decoded = alike(codec.decode(found.data), original)
    except (TintypeError, OSError, ValueError) as error:
        notes.append(f"{table.codec} is not shown: {error}")
        return None
    off = f"{100 * found.off(target):+.1f} %"
    facts = f"{len(found.data) / 1000:.1f} kB ({off}), {metrics.psnr(original, decoded):.2f} dB"
    return Version(table.codec, found.data, codec.suffix, decoded, facts)


def _is(row: Row, codec: str, image: str) -> bool:
    return row.codec == codec and row.image == image and not row.error
