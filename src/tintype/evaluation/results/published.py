"""Published and earlier curves from a JSON file, so that they can join a comparison.

The file maps a name to an object with `bpp` and `psnr` (lists of equal length), and optionally `ms_ssim_db` with
`ms_ssim_convention`, `ms_ssim_db_of_mean`, `ssimulacra2`, `dataset`, `source`, `settings`, `quality` (the encoder's
settings, one per point). Curves are means over a whole set of pictures: they may be compared only with means over the
same set, which is why `dataset` matters.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tintype.errors import InputError
from tintype.evaluation.results.bd_rate import Curve

MS_SSIM_KEYS = {
    "mean_of_db": "ms_ssim_db",  # mean of each picture's dB
    "paper_db": "ms_ssim_db",  # papers that do not say which one; compared as the mean of dB
    "db_of_mean": "ms_ssim_db_of_mean",  # dB of the mean of the pictures' MS-SSIM
}
"""Convention of a stored `ms_ssim_db` to our key. 0.1 to 0.3 dB apart, so they never share a key."""

DATASETS = {
    "kodak": "c6c8e5aaf02cf314aaa490dc",
}
"""Name of a set of pictures to `fingerprint` of its files' hashes."""


def fingerprint(hashes: Iterable[str]) -> str:
    """Short name of a set of files, whatever their order and names: from their SHA-256 hashes (hexadecimal)."""
    return sha256("\n".join(sorted(set(hashes))).encode()).hexdigest()[:24]


def dataset_of(hashes: Iterable[str]) -> str | None:
    """Name of the set of pictures with these hashes, if it is one of `DATASETS`."""
    print_ = fingerprint(hashes)
    return next((name for name, known in DATASETS.items() if known == print_), None)


def load(path: Path) -> dict[str, dict[str, Any]]:
    """The file's content, checked for its form.

    Raises
    ------
    InputError
        Not a file of curves; the message names the entry.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds {type(content).__name__}; an object of curves by name is needed")
    for name, entry in content.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("bpp"), list):
            raise InputError(f"{path}: curve {name!r} has no list 'bpp'")
        for key in ("psnr", "ms_ssim_db", "quality"):
            if entry.get(key) is not None and len(entry[key]) != len(entry["bpp"]):
                raise InputError(f"{path}: curve {name!r} has {len(entry['bpp'])} bpp but {len(entry[key])} {key}")
    return content


def curve(name: str, entry: Mapping[str, Any]) -> Curve:
    """One entry as a curve."""
    quality: dict[str, NDArray[np.float64]] = {}
    for key in ("psnr", "ssimulacra2", "ms_ssim_db_of_mean"):
        if entry.get(key) is not None:
            quality[key] = _numbers(entry[key])
    if entry.get("ms_ssim_db") is not None:
        key = MS_SSIM_KEYS.get(entry.get("ms_ssim_convention") or "paper_db", "ms_ssim_db")
        quality.setdefault(key, _numbers(entry["ms_ssim_db"]))
    note = f"{entry.get('kind') or 'stored'}: {entry.get('settings') or entry.get('source') or 'source not stated'}"
    return Curve(name, _numbers(entry["bpp"]), quality, note, stored=True)


def _numbers(values: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
