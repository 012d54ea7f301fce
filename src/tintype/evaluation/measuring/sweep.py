"""Every picture of a folder, every codec, every quality: resumable, in parallel over pictures."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from tintype import images
from tintype.errors import InputError
from tintype.evaluation.codecs.names import Codec, absolute_name, codec_named
from tintype.evaluation.measuring import rows
from tintype.evaluation.measuring.measure import Subject, line, measure, sha256
from tintype.evaluation.measuring.rows import Row
from tintype.evaluation.metrics.registry import METRICS
from tintype.replacing import replace_text

SOURCES = "sources.json"
CODECS = "codecs.json"
FILES = "files"  # folder of coded files, inside the folder of results

Usable = Mapping[str, tuple[str, Codec]]  # by name in the results: name that makes it, codec
Progress = Callable[[int, int, str], None]  # files done, files in all, what was just done


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured.

    Parameters
    ----------
    codecs : names for `codec_named`
    qualities : by codec's name, instead of its own
    metrics : names in `registry.METRICS`
    threads : of each codec
    """

    subjects: tuple[Subject, ...]
    codecs: tuple[str, ...]
    metrics: tuple[str, ...]
    qualities: Mapping[str, Sequence[float]]
    threads: int = 1


@dataclass(frozen=True, slots=True)
class _Unit:
    """Work of one process: one picture and one codec."""

    subject: Subject
    codec: str
    qualities: tuple[float, ...]


def subjects(paths: Sequence[Path], max_pixels: int = images.MAX_PIXELS) -> tuple[Subject, ...]:
    """Pictures of folders (not of folders inside them) and single pictures, by name.

    Raises
    ------
    InputError
        No picture at all, or no such file or folder.
    """
    if missing := [str(path) for path in paths if not path.exists()]:
        raise InputError(f"{', '.join(missing)}: no such file or folder")
    files = list(chain.from_iterable(_pictures(path) for path in paths))
    if not files:
        where = ", ".join(map(str, paths))
        raise InputError(f"{where}: no pictures")
    stems = [file.stem for file in files]
    # a name must mean one picture: a.png and a.jpg keep their suffixes
    named = {(file.stem if stems.count(file.stem) == 1 else file.name): file for file in files}
    if len(named) < len(files):
        raise InputError("two pictures have the same name; put them into folders that are measured apart")
    return tuple(Subject(name, file, max_pixels) for name, file in sorted(named.items()))


def _pictures(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.is_file() and images.is_picture(file))
    return [path]


def run(plan: Plan, out: Path, jobs: int = 1, progress: Progress | None = None) -> list[Row]:
    """Measure what is not yet in `out`, and return the rows of the plan.

    Rows are added to results.csv as they come and put in order at the end, so that an interrupted run, continued, ends
    with the same file. Rows of other codecs and pictures stay in it; those of this plan's codecs that were made with
    other settings, versions, weights or pictures are dropped.

    Parameters
    ----------
    jobs : processes

    Raises
    ------
    InputError
        No codec of the plan can be used, or two go by one name.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / rows.RESULTS
    usable, failures = _usable(plan)
    _remember(out / SOURCES, {subject.name: str(subject.path.resolve()) for subject in plan.subjects})
    _remember(out / CODECS, {shown: absolute_name(name) for shown, (name, _) in usable.items()})
    kept = [row for row in (rows.read(path) if path.exists() else []) if not _outdated(row, plan, usable)]
    known = {row.key for row in kept if _complete(row, plan)}
    kept = [row for row in kept if row.key in known or row.codec not in usable or row.image not in _names(plan)]
    rows.write(path, kept)  # drops what is outdated, and a last line cut short
    units = list(_units(plan, usable, known))
    fresh = list(failures)
    total, done = sum(len(unit.qualities) for unit in units), 0
    for unit, found in _results(units, plan, out, jobs):
        rows.append(path, found)
        fresh += found
        done += len(unit.qualities)
        if progress is not None:
            progress(done, total, f"{unit.subject.name} {found[0].codec}")
    everything = kept + fresh
    rows.write(path, everything)
    wanted = {*usable, *(row.codec for row in failures)}
    return [row for row in rows.read(path) if row.codec in wanted and (row.image in _names(plan) or not row.image)]


def _remember(path: Path, found: Mapping[str, str]) -> None:
    """Store the paths of pictures and weights, for a report that shows files of them."""
    text = json.dumps(dict(sorted({**_remembered(path), **found}.items())), indent=1, ensure_ascii=False)
    replace_text(path, text + "\n")


def _remembered(path: Path) -> dict[str, str]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def sources(out: Path) -> dict[str, Path]:
    """Paths of the pictures of earlier runs, by name."""
    return {name: Path(found) for name, found in _remembered(out / SOURCES).items()}


def recipes(out: Path) -> dict[str, str]:
    """Names for `codec_named` of the codecs of earlier runs, by name in the results."""
    return _remembered(out / CODECS)


def _names(plan: Plan) -> frozenset[str]:
    return frozenset(subject.name for subject in plan.subjects)


def _usable(plan: Plan) -> tuple[dict[str, tuple[str, Codec]], list[Row]]:
    """The codecs that can be used, and a row for each that cannot."""
    usable: dict[str, tuple[str, Codec]] = {}
    failures = []
    for name in plan.codecs:
        try:
            codec = codec_named(name, plan.threads)
            codec.encode(np.zeros((64, 64, 3), np.uint8), codec.qualities[0])  # loads what is loaded late
            _ = codec.settings, codec.versions  # all weights
        except Exception as error:  # whatever its library does, the others can be measured
            failures.append(Row("", codec=name, error=line(error)))
            continue
        if codec.name in usable:
            raise InputError(
                f"{usable[codec.name][0]} and {name} both go by the name {codec.name}; name one LABEL={name}"
            )
        usable[codec.name] = name, codec
    if not usable:
        raise InputError("; ".join(f"{row.codec}: {row.error}" for row in failures))
    return usable, failures


def _outdated(row: Row, plan: Plan, usable: Usable) -> bool:
    if not row.image:
        return True  # "cannot be used", of an earlier run
    if row.codec not in usable or row.image not in _names(plan):
        return False
    _, codec = usable[row.codec]
    same = (row.settings, row.versions) == (codec.settings, codec.versions)
    subject = next(subject for subject in plan.subjects if subject.name == row.image)
    return not same or row.image_sha256 != _hash(subject.path)


def _complete(row: Row, plan: Plan) -> bool:
    """Whether a row needs no new measurement: no error, and all metrics of the plan."""
    needed = {column.name for name in plan.metrics for column in METRICS[name].columns}
    return not row.error and needed <= set(row.values) and bool(row.times)


@lru_cache(maxsize=4096)
def _hash(path: Path) -> str:
    try:
        return sha256(path.read_bytes())
    except OSError:
        return ""


def _units(plan: Plan, usable: Usable, known: set[tuple[str, str, float]]) -> Iterator[_Unit]:
    """Picture by picture, so that the mix of codecs, and with it the time left, is even."""
    for subject in plan.subjects:
        for shown, (name, codec) in usable.items():
            wanted = plan.qualities.get(shown, codec.qualities)
            missing = tuple(float(q) for q in wanted if (subject.name, shown, float(q)) not in known)
            if missing:
                yield _Unit(subject, name, missing)


def _results(units: Sequence[_Unit], plan: Plan, out: Path, jobs: int) -> Iterator[tuple[_Unit, list[Row]]]:
    if jobs == 1 or len(units) < 2:
        for unit in units:
            yield unit, _work(unit, plan, out)
        return
    # spawned, not forked: engines hold threads and locks that a fork would copy in any state
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_single_threaded) as pool:
        futures = {pool.submit(_work, unit, plan, out): unit for unit in units}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _single_threaded() -> None:
    """Numeric libraries that count processors by themselves would slow each other down."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def _work(unit: _Unit, plan: Plan, out: Path) -> list[Row]:
    codec = _warm_codec(unit.codec, plan.threads)
    return measure(unit.subject, codec, unit.qualities, plan.metrics, out / FILES / codec.name)


@lru_cache(maxsize=16)
def _warm_codec(name: str, threads: int) -> Codec:
    """A codec that has coded once, so that no time of a row holds the loading of a model or a library."""
    codec = codec_named(name, threads)
    codec.decode(codec.encode(np.zeros((64, 64, 3), np.uint8), codec.qualities[0]))
    return codec
