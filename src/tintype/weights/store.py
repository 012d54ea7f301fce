"""Weights that ship with the package: found by name, verified by hash, never fetched."""

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tintype.errors import WeightsError
from tintype.weights.bundle import SUFFIX, Bundle

FOLDER = Path(__file__).parent
TUNES = {"eyes": "pico-s", "psnr": "pico-s-psnr"}
"""Shipped weights by what they were trained for: what people see, or squared error."""
DEFAULT = TUNES["eyes"]
Look = Literal["faithful", "natural"]
LOOKS: tuple[Look, ...] = get_args(Look)
"""How a file can be decoded: close to the original, or with drawn texture, see `tintype.models.pico.natural`."""
NATURAL = f".natural{SUFFIX}"  # suffix of the file with the natural look of a bundle
READOUT = ".readout.npz"  # suffix of the file with a bundle's readout, see `tintype.models.pico.readout`


@lru_cache(maxsize=1)
def manifest() -> dict[str, dict[str, Any]]:
    """Shipped bundles by name: `sha256` of the file and `weights_hash` (hex) that .tint files carry.

    Those with a natural look have its `natural_sha256`. Those of a release have its version as `release`; they stay
    here, unchanged, in every later version.
    """
    content: dict[str, dict[str, Any]] = json.loads((FOLDER / "manifest.json").read_text())
    return content


@lru_cache(maxsize=4)
def load(name: str) -> Bundle:
    """A shipped bundle by name, or any bundle by the path of its file.

    Raises
    ------
    WeightsError
        If there is no such bundle, or a shipped file is not what the manifest says.
    """
    if name.endswith(SUFFIX):
        return Bundle.read(Path(name))
    entry = manifest().get(name)
    if entry is None:
        known = ", ".join(manifest())
        raise WeightsError(
            f"no model named {name!r} ships with tintype; there is {known}, or a path to a {SUFFIX} file"
        )
    bundle = _shipped(f"{name}{SUFFIX}", entry["sha256"])
    return replace(bundle, known_hash=bytes.fromhex(entry["weights_hash"]))


def natural(name: str) -> Bundle | None:
    """The natural look beside a bundle that `load` takes by this name or path; None where there is none.

    Raises
    ------
    WeightsError
        A shipped file is not what the manifest says, or a file is not a bundle.
    """
    if name.endswith(SUFFIX):
        path = natural_path(name)
        return Bundle.read(path) if path.exists() else None
    sha256 = manifest()[name].get("natural_sha256")
    return None if sha256 is None else _shipped(natural_path(name).name, sha256)


def natural_path(bundle: str | Path) -> Path:
    """Where the natural look of a bundle is, by its path; of a shipped one by its name: the name of the file."""
    return Path(f"{str(bundle).removesuffix(SUFFIX)}{NATURAL}")


def looks(weights_hash: bytes) -> tuple[Look, ...]:
    """How files of these weights can be decoded with what ships; none where the weights do not ship."""
    name = name_of(weights_hash)
    if name is None:
        return ()
    return LOOKS if "natural_sha256" in manifest()[name] else ("faithful",)


def _shipped(file: str, sha256: str) -> Bundle:
    """A file of this folder, if it is what the manifest says."""
    path = FOLDER / file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: missing; the installation is damaged, install tintype again") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise WeightsError(f"{path}: not the file that was shipped; install tintype again")
    return Bundle.parse(data, str(path))


def name_of(weights_hash: bytes) -> str | None:
    """Name of the shipped bundle with this hash."""
    return next((name for name, entry in manifest().items() if entry["weights_hash"] == weights_hash.hex()), None)


def release_of(weights_hash: bytes) -> str | None:
    """First release with these weights, whose files every later version opens; None where no release has them."""
    name = name_of(weights_hash)
    return None if name is None else manifest()[name].get("release")


@lru_cache(maxsize=4)
def readout(weights_hash: bytes) -> dict[str, NDArray[Any]] | None:
    """Arrays of the readout that ships with the bundle of this hash; None where none does, or it is that of others."""
    name = name_of(weights_hash)
    path = FOLDER / f"{name}{READOUT}"
    if name is None or not path.exists():
        return None
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    return arrays if arrays["weights_hash"].tobytes() == weights_hash else None
