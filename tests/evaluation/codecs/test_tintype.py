"""Our codec among the others: names, settings, and its two looks."""

from pathlib import Path

import numpy as np
import pytest

from tests.natural import model_with_natural_look
from tests.pictures import picture
from tintype.errors import UnsupportedError
from tintype.evaluation.codecs.names import absolute_name, codec_named, parse_names
from tintype.evaluation.codecs.tintype import is_ours
from tintype.weights import store


def test_both_looks_have_the_same_files_and_other_settings(tmp_path: Path) -> None:
    path = model_with_natural_look(tmp_path)
    plain, drawn = codec_named(path), codec_named(f"{path}+natural")
    assert (plain.name, drawn.name) == ("my", "my+natural")
    assert codec_named(f"both={path}+natural").name == "both"
    drawn.prepare(30)
    data = plain.encode(picture(64, 80), 20)
    assert drawn.encode(picture(64, 80), 20) == data
    assert not np.array_equal(plain.decode(data), drawn.decode(data))
    hashes = [bundle.weights_hash().hex() for bundle in (store.load(path), store.natural(path)) if bundle]
    assert plain.settings == f"weights {hashes[0]}"
    assert drawn.settings == f"weights {hashes[0]}, natural look {hashes[1]}"
    assert is_ours(drawn.settings)


def test_names_with_a_look_hold_in_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_name("my.tintmodel+natural") == str(tmp_path / "my.tintmodel+natural")
    assert absolute_name(f"a={store.DEFAULT}+natural") == f"{store.DEFAULT}+natural"
    assert parse_names("tintype, tintype+natural") == [store.DEFAULT, f"{store.DEFAULT}+natural"]


def test_weights_without_the_look_are_refused_before_anything_is_coded(tmp_path: Path) -> None:
    path = model_with_natural_look(tmp_path)
    store.natural_path(Path(path)).unlink()
    with pytest.raises(UnsupportedError, match=r"there is no .*my\.natural\.tintmodel"):
        codec_named(f"{path}+natural").prepare(30)
