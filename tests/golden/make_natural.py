"""Golden pictures of the natural looks that ship: `python -m tests.golden.make_natural`. Run it when one is replaced.

Writes what the golden files of `make_pico`, which it reads, decode to with the natural look.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.golden import make_pico
from tintype.codec import decoder
from tintype.codec.container.file import parse
from tintype.models import load
from tintype.pixels import Pixels8
from tintype.weights import store

FOLDER = Path(__file__).parent / "natural"
LEVELS = (0, 35)  # fully drawn, and half


def shipped() -> dict[str, str]:
    """SHA-256 of each natural look that ships, by the name of its weights."""
    found = {name: entry.get("natural_sha256") for name, entry in store.manifest().items()}
    return {name: sha256 for name, sha256 in found.items() if sha256 is not None}


def decoded(name: str, level: int) -> Pixels8:
    """A golden file with the natural look."""
    data = (make_pico.FOLDER / f"{name}-{level}.tint").read_bytes()
    return np.asarray(decoder.decode(parse(data), load.natural(name)), np.uint8)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    for name in shipped():
        for level in LEVELS:
            Image.fromarray(decoded(name, level)).save(FOLDER / f"{name}-{level}.png", optimize=True)
    (FOLDER / "golden.json").write_text(json.dumps(shipped(), indent=1) + "\n")


if __name__ == "__main__":
    main()
