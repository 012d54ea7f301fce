"""Files of the shipped weights, made on another day and perhaps another machine, decode to the same symbols."""

import json

import numpy as np
import pytest

from tests.golden.make_pico import FOLDER, psnr_of, symbols_sha256
from tintype.codec import decoder
from tintype.codec.container.file import parse
from tintype.codec.entropy.rans import Coder
from tintype.models import load
from tintype.weights import store

GOLDEN = json.loads((FOLDER / "golden.json").read_text())


def test_every_shipped_model_has_golden_files() -> None:
    assert {entry["model"] for entry in GOLDEN.values()} == set(store.manifest())


@pytest.mark.parametrize("coder", ["native", "reference"])
@pytest.mark.parametrize("file", sorted(GOLDEN))
def test_golden_files_decode_to_the_stored_symbols(file: str, coder: Coder) -> None:
    entry = GOLDEN[file]
    data = (FOLDER / file).read_bytes()
    assert symbols_sha256(data, load.model(entry["model"]), coder) == entry["symbols_sha256"]


@pytest.mark.parametrize("model", sorted(store.manifest()))
def test_golden_pictures_look_like_what_was_coded(model: str) -> None:
    files = [file for file, entry in GOLDEN.items() if entry["model"] == model]
    quality = []
    for file in sorted(files, key=lambda name: int(name.removesuffix(".tint").rpartition("-")[2])):
        container = parse((FOLDER / file).read_bytes())
        quality.append(psnr_of(decoder.decode(container, load.model_for(container.header))))
    assert np.all(np.diff(quality) > 1)
    assert quality[-1] > 30
