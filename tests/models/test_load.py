"""Which names and options of models belong together."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tintype import Codec
from tintype.errors import InputError
from tintype.models import load
from tintype.models.hpcm.options import Options
from tintype.weights import store


@pytest.mark.parametrize("options", [{}, "base.safetensors", 0, Options])
def test_options_of_another_type_are_refused_when_a_codec_is_made(options: Any) -> None:
    with pytest.raises(InputError, match=r"options=.*give tintype\.models\.hpcm\.Options\(FILE\)"):
        Codec(options=options)


def test_a_codec_is_refused_when_it_is_made_not_at_its_first_picture() -> None:
    with pytest.raises(InputError, match=r"hpcm-base: its weights do not ship.*options=hpcm\.Options\(FILE\)"):
        Codec("hpcm-base")
    with pytest.raises(InputError, match="pico-s-psnr: pico models take no weights file and no options"):
        Codec("pico-s-psnr", options=Options("base.safetensors"))


def test_weights_that_were_forgotten_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.tintmodel"
    hashes = []
    for name in store.manifest():
        shutil.copy(store.FOLDER / f"{name}.tintmodel", path)
        hashes.append(load.model(str(path)).identity.weights_hash.hex())
        load.forget()
    assert hashes == [entry["weights_hash"] for entry in store.manifest().values()]
