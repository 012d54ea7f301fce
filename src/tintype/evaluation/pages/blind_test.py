"""A blind test: people choose which of two files looks closer to the original, without knowing whose they are.

`build` writes a folder with one self-contained page and, apart from it, the key. The page holds pictures and numbers of
trials only, so neither the page nor its source reveals the codec of a picture. Sides and order are drawn again for
every rater. Catch trials compare a picture with a much worse one; raters who fail them are excluded.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from tintype.codec.tiling import Rect
from tintype.errors import InputError, TintypeError
from tintype.evaluation.codecs.names import Codec, codec_named
from tintype.evaluation.measuring.matching import Match, match
from tintype.evaluation.measuring.measure import Subject, alike
from tintype.evaluation.pages import page
from tintype.evaluation.pages.bradley_terry import Choice, Score, scores
from tintype.pixels import Pixels8
from tintype.replacing import replace_text

PAGE, KEY = "study.html", "key.json"
SIDES = ("left", "right", "same")  # what an answer may say
SIDE = 640  # pixels; larger pictures are cut to their most detailed part of this size
CATCH_SHARE = 0.1  # of the trials, at least one
CATCH_FACTOR = 0.25  # size of the worse file of a catch trial: JPEG at this share of the trial's size
WORSE = "(worse)"  # of a catch trial
MAX_MISSED = 0.3  # share of catch trials that a rater may miss


@dataclass(frozen=True, slots=True)
class Trial:
    """One question. In a catch trial one side is `WORSE`."""

    id: str  # random, so it reveals nothing
    image: str
    rate: float  # bpp
    left: str  # codec
    right: str

    @property
    def catch(self) -> bool:
        """Whether the answer is known beforehand."""
        return WORSE in (self.left, self.right)

    def chosen(self, side: str) -> str | None:
        """Codec of an answer: "left", "right"; none for anything else."""
        return {"left": self.left, "right": self.right}.get(side)


def build(
    pictures: Sequence[Subject],
    names: Sequence[str],
    rates: Sequence[float],
    out: Path,
    threads: int = 1,
) -> tuple[list[Trial], list[str]]:
    """Write the page and the key; returns the trials, and why pictures were excluded, some at one rate only.

    Parameters
    ----------
    names : codecs, at least two; each pair is compared on each picture at each rate
    rates : bpp that all files come close to; a picture that one of the codecs cannot make so small is excluded there

    Raises
    ------
    InputError
        Fewer than two codecs, or no picture that can be used.
    """
    if len(names) < 2 or not pictures:
        raise InputError("a study needs at least two codecs and one picture")
    rng = np.random.default_rng(0)
    shown: dict[str, str] = {}
    entries: list[dict[str, str]] = []
    trials: list[Trial] = []
    left_out: list[str] = []
    files: list[dict[str, str | float]] = []
    chosen = [codec_named(name, threads) for name in names]

    # trials: every pair of codecs on every picture at every rate, and now and then one whose answer is known
    for picture in pictures:
        try:
            original = _detailed_part(picture.pixels())
        except (TintypeError, OSError) as error:
            left_out.append(str(error))
            continue
        reference = _keep(shown, original)
        for rate in rates:
            target = round(rate * original.shape[0] * original.shape[1] / 8)
            found = [(codec, match(codec, original, target)) for codec in chosen]
            if unequal := [f"{c.name} {m.off(target):+.0%}" for c, m in found if not m.equal(target)]:
                left_out.append(f"{picture.name} at {rate:g} bpp: no file of that size ({', '.join(unequal)})")
                continue
            keys = {}
            for codec, matched in found:
                keys[codec.name] = _keep(shown, _shown(codec, matched, original))
                size = len(matched.data)
                files.append({"image": picture.name, "rate": rate, "codec": codec.name, "size_bytes": size})
            # looks of one file may be equal: nobody can choose between them
            questions = [(a, b) for a, b in combinations(keys, 2) if keys[a] != keys[b]]
            if len(trials) * CATCH_SHARE >= sum(trial.catch for trial in trials):
                jpeg = codec_named("jpeg420")
                worse = match(jpeg, original, round(CATCH_FACTOR * target))
                keys[WORSE] = _keep(shown, _shown(jpeg, worse, original))
                questions.append((chosen[0].name, WORSE))
            for pair in questions:
                left, right = rng.permutation(pair).tolist()  # so that no side in the page belongs to one codec
                trial = Trial(rng.bytes(6).hex(), picture.name, rate, left, right)
                trials.append(trial)
                entries.append({"id": trial.id, "reference": reference, "left": keys[left], "right": keys[right]})
    if not trials:
        raise InputError(f"no picture can be used: {'; '.join(left_out)}")

    # the page shows pictures and numbers of trials; the key says which codec made what, of how many bytes
    order = rng.permutation(len(trials)).tolist()  # the order in the page must not reveal it either
    out.mkdir(parents=True, exist_ok=True)
    identity = hashlib.sha256("".join(sorted(trial.id for trial in trials)).encode()).hexdigest()[:16]
    pictures_by_number = dict(sorted(shown.items()))  # they were made codec by codec
    data = {"id": identity, "images": pictures_by_number, "trials": [entries[at] for at in order]}
    text = page.document("Blind comparison", page.asset("study.html"), data, ("study",))
    replace_text(out / PAGE, text)
    key = {"study": identity, "trials": [asdict(trial) for trial in trials], "files": files}
    replace_text(out / KEY, json.dumps(key, indent=1) + "\n")
    return trials, left_out


def _shown(codec: Codec, matched: Match, original: Pixels8) -> Pixels8:
    """What a viewer of the file gets."""
    return alike(codec.decode(matched.data), original)


def _keep(shown: dict[str, str], pixels: Pixels8) -> str:
    """Number of a picture in the page; all are stored alike, so the format reveals nothing."""
    uri = page.lossless(pixels)
    key = hashlib.sha256(uri.encode()).hexdigest()[:12]
    shown[key] = uri
    return key


def _detailed_part(pixels: Pixels8) -> Pixels8:
    """The picture, or its most detailed square of `SIDE` pixels."""
    height, width = pixels.shape[:2]
    if height <= SIDE and width <= SIDE:
        return pixels
    h, w = min(SIDE, height), min(SIDE, width)
    grey = pixels.astype(np.float32).mean(axis=2) if pixels.ndim == 3 else pixels.astype(np.float32)
    slope = np.abs(np.diff(grey, axis=1, append=grey[:, -1:])) + np.abs(np.diff(grey, axis=0, append=grey[-1:]))
    total = np.pad(slope.cumsum(0, np.float64).cumsum(1), ((1, 0), (1, 0)))
    places = [(y, x) for y in range(0, height - h + 1, 16) for x in range(0, width - w + 1, 16)]
    y, x = max(
        places, key=lambda p: total[p[0] + h, p[1] + w] - total[p[0], p[1] + w] - total[p[0] + h, p[1]] + total[p]
    )
    return np.ascontiguousarray(pixels[Rect(x, y, w, h).slices])


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores of a study."""

    by_rate: Mapping[float, Sequence[Score]]
    overall: Sequence[Score]
    raters: int
    left_out: Mapping[str, str]  # rater to reason


def score(key: Path, answers: Sequence[Path]) -> Outcome:
    """Scores from the key and the raters' files.

    Raises
    ------
    InputError
        A file is damaged or not of this study, or no rater remains.
    """
    study, trials = _key(key)

    # choices of each rater who passes the catch trials; the first file of a rater counts
    choices: dict[float, list[Choice]] = {}
    kept, left_out = set(), {}
    for path in answers:
        answered, rater, sides = _answers(path)
        if answered != study:
            raise InputError(f"{path}: answers to study {answered}, not to {study} of {key}")
        if rater in kept or rater in left_out:
            left_out[rater] = "sent more than one file; the first counts"
            continue
        given = [(trials[id], side) for id, side in sides.items() if id in trials]
        caught = [trial.chosen(side) in (WORSE, None) for trial, side in given if trial.catch]
        if caught and np.mean(caught) > MAX_MISSED:
            left_out[rater] = f"missed {sum(caught)} of {len(caught)} catch trials"
            continue
        kept.add(rater)
        for trial, chosen in given:
            if not trial.catch:
                choices.setdefault(trial.rate, []).append(_choice(rater, trial, chosen))
    if not choices:
        raise InputError(f"no answers remain of {len(answers)} files: {left_out}")

    # scores at each rate, and over all
    everything = [choice for some in choices.values() for choice in some]
    by_rate = {rate: scores(some) for rate, some in sorted(choices.items())}
    return Outcome(by_rate, scores(everything), len(kept), left_out)


def _choice(rater: str, trial: Trial, chosen: str) -> Choice:
    if chosen == "right":
        return Choice(rater, trial.right, trial.left)
    return Choice(rater, trial.left, trial.right, tie=chosen == "same")


def _key(path: Path) -> tuple[Any, dict[str, Trial]]:
    """Identity and trials of a study."""
    content = _json(path)
    try:
        return content["study"], {entry["id"]: Trial(**entry) for entry in content["trials"]}
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: not a study's key, or damaged") from error


def _answers(path: Path) -> tuple[Any, str, dict[str, str]]:
    """Study, rater, and the chosen side of each trial, from a file that anybody may have written."""
    content = _json(path)
    try:
        given = [(answer["trial"], answer["chosen"]) for answer in content["answers"]]
        sides = {id: side for id, side in given if side in SIDES}
        rater = str(content["rater"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: not a rater's answers, or damaged") from error
    if len(sides) < len(given):
        raise InputError(f"{path}: answers a trial twice, or with none of {', '.join(SIDES)}")
    return content.get("study"), rater, sides


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error})") from error
    if not isinstance(content, dict) or not ({"trials"} <= set(content) or {"rater", "answers"} <= set(content)):
        raise InputError(f"{path}: neither a study's key nor a rater's answers")
    return content
