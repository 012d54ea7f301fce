"""Weights that ship: their names, and which of them every later version keeps."""

import pytest

from tintype.errors import WeightsError
from tintype.weights import store
from tintype.weights.bundle import SUFFIX, Bundle


def test_the_default_and_every_tune_are_of_a_release() -> None:
    for name in (store.DEFAULT, *store.TUNES.values()):
        weights_hash = store.load(name).weights_hash()
        assert store.name_of(weights_hash) == name
        assert store.release_of(weights_hash) == store.manifest()[name]["release"]


def test_weights_that_do_not_ship_are_of_no_release() -> None:
    assert store.release_of(b"stranger") is None


def test_the_hash_of_shipped_weights_is_that_of_their_arrays() -> None:
    for name, entry in store.manifest().items():
        content = Bundle.read(store.FOLDER / f"{name}{SUFFIX}")
        assert (content.card["name"], content.weights_hash().hex()) == (name, entry["weights_hash"])


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(WeightsError, match=r"no model named 'pico-s-dev' ships.* pico-s, pico-s-psnr, or a path"):
        store.load("pico-s-dev")
