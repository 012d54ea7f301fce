"""Natural looks that ship draw the pictures that they drew when they came, on every machine and engine."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.golden.make_natural import FOLDER, LEVELS, decoded, shipped
from tests.golden.make_pico import FOLDER as FILES
from tintype.codec import decoder
from tintype.codec.container.file import parse
from tintype.models import load

GOLDEN = json.loads((FOLDER / "golden.json").read_text())


def test_golden_pictures_are_those_of_what_ships() -> None:
    assert shipped() == GOLDEN, "run python -m tests.golden.make_natural"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_a_shipped_look_gives_its_golden_pictures(name: str, level: int) -> None:
    expected = np.asarray(Image.open(FOLDER / f"{name}-{level}.png")).astype(int)
    found = decoded(name, level)
    # engines differ by less than half a grey level, test_native_engine.py
    assert np.abs(found - expected).max() <= 1
    container = parse((FILES / f"{name}-{level}.tint").read_bytes())
    assert np.abs(found - decoder.decode(container, load.model(name)).astype(int)).max() > 1
