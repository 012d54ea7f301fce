"""Decoding with an HPCM of random weights."""

from functools import partial
from pathlib import Path

from fuzz.target import Target
from fuzz.targets.pico import MAX_PIXELS, decode, pictures_of
from fuzz.tint import mutated
from tests.hpcm import network
from tintype import Codec
from tintype.errors import DesyncError, FormatError, InputError, UnsupportedError
from tintype.models.hpcm import weights
from tintype.models.hpcm.options import Options


def target(folder: Path) -> Target:
    path = folder / "nano.safetensors"
    weights.save(network(), path)
    codec = Codec(threads=1, max_pixels=MAX_PIXELS, options=Options(path))
    documented = (FormatError, UnsupportedError, InputError, DesyncError)
    return Target(partial(decode, codec), documented, pictures_of(codec), mutated)
