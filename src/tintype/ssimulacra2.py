"""SSIMULACRA2 (Sneyers 2022) by the package of that name, which reads files."""

import importlib.util
import tempfile
from importlib import import_module
from pathlib import Path

from PIL import Image

from tintype.errors import UnsupportedError
from tintype.pixels import Pixels8


def missing() -> str:
    """Why it cannot be measured here; empty if it can."""
    return "" if importlib.util.find_spec("ssimulacra2") else "the package ssimulacra2 is not installed"


def require() -> None:
    """Raise UnsupportedError, with what to do, where it cannot be measured."""
    if missing():
        raise UnsupportedError(f'SSIMULACRA2: {missing()}; pip install "tintype[eval]"')


def ssimulacra2(original: Pixels8, decoded: Pixels8) -> float:
    """Below 0 to 100 (equal).

    Parameters
    ----------
    original, decoded : uint8, shape (H, W, 3) sRGB or (H, W) grey, equal shapes

    Raises
    ------
    UnsupportedError
        The package is not installed.
    """
    require()
    compute = import_module("ssimulacra2.ssimulacra2").compute_ssimulacra2
    with tempfile.TemporaryDirectory() as folder:
        return float(compute(*write_png(folder, original, decoded)))


def write_png(folder: str, *pictures: Pixels8) -> list[str]:
    """Write the pictures as RGB PNG files; their paths."""
    paths = []
    for number, picture in enumerate(pictures):
        paths.append(str(Path(folder) / f"{number}.png"))
        Image.fromarray(picture).convert("RGB").save(paths[-1], compress_level=1)
    return paths
