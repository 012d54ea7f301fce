"""What the viewer of a page shows: versions of one picture, or of parts of a large one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tintype.codec.tiling import Rect
from tintype.evaluation.pages import page
from tintype.pixels import Pixels8

WHOLE_PIXELS = 1_400_000  # a picture of up to this many is shown whole
REGION = (720, 480)  # pixels; of parts of larger ones
FLAT = 0.5  # 8-bit levels squared: an error below it is not seen, so ratios begin there


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """One codec's rendering of the picture."""

    name: str
    data: bytes  # the file
    suffix: str
    decoded: Pixels8
    facts: str  # one line


class Scenes:
    """Collects scenes and the images that they share."""

    def __init__(self) -> None:
        self.images: dict[str, str] = {}  # key to data URI
        self.scenes: list[dict[str, Any]] = []

    def add(
        self, key: str, title: str, original: Pixels8, versions: Sequence[Version], region: Rect | None = None
    ) -> None:
        """A scene of the whole picture or of a region; `key` names the picture, so that its original is kept once."""
        part = slice(None) if region is None else region.slices
        where = "" if region is None else f" {region.left},{region.top}"
        shown = original[part]
        entries = [self._entry(f"{key}{where}", "Original", shown, f"{shown.shape[1]} x {shown.shape[0]} pixels")]
        for version in versions:
            name = f"{key}{where} {version.name} {len(version.data)}"
            if region is None:
                self.images.setdefault(name, page.coded(version.data, version.suffix, version.decoded))
            entries.append(self._entry(name, version.name, version.decoded[part], version.facts))
        self.scenes.append({"title": title, "width": shown.shape[1], "height": shown.shape[0], "versions": entries})

    def _entry(self, key: str, name: str, pixels: Pixels8, facts: str) -> dict[str, str]:
        if key not in self.images:
            self.images[key] = page.lossless(pixels)
        return {"name": name, "image": key, "facts": facts}

    def data(self, start: tuple[str, str]) -> dict[str, Any]:
        """For the page's scripts; `start` names the versions shown first, left and right."""
        return {"images": self.images, "scenes": self.scenes, "start": start}


def regions(original: Pixels8, ours: Pixels8, peers: Mapping[str, Pixels8]) -> dict[str, Rect]:
    """Parts of a large picture worth a look, by title; some by content, some by who does worse there.

    Parameters
    ----------
    original, ours : uint8, (H, W, 3) or (H, W)
    peers : decoded pictures by codec
    """
    height, width = original.shape[:2]
    w, h = REGION if width >= height else REGION[::-1]
    w, h = min(w, width), min(h, height)
    places = [Rect(x, y, w, h) for y in _starts(height, h) for x in _starts(width, w)]
    detail = [_detail(original[place.slices]) for place in places]
    errors = [FLAT + _error(original, ours, place) for place in places]
    best = [FLAT + min(_error(original, peer, place) for peer in peers.values()) for place in places]
    ratio = np.log(errors) - np.log(best)
    chosen = {
        "Most detail": int(np.argmax(detail)),
        "Smoothest": int(np.argmin(detail)),
        "Where we do worst": int(np.argmax(ratio)),
        "Where we do best": int(np.argmin(ratio)),
    }
    titles: dict[int, str] = {}
    for title, number in chosen.items():
        titles[number] = f"{titles[number]}, {title[0].lower()}{title[1:]}" if number in titles else title
    return {title: places[number] for number, title in titles.items()}


def _starts(length: int, size: int) -> list[int]:
    """Beginnings of windows that half overlap and reach both ends."""
    count = max(1, -(-2 * (length - size) // size) + 1)
    return [round(i * (length - size) / max(count - 1, 1)) for i in range(count)]


def _detail(part: Pixels8) -> float:
    grey = part.astype(np.float32).mean(axis=2) if part.ndim == 3 else part.astype(np.float32)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())


def _error(original: Pixels8, decoded: Pixels8, place: Rect) -> float:
    difference = original[place.slices].astype(np.int32) - decoded[place.slices]
    return float(np.square(difference).mean())
