"""The linear map from latents to reduced tiles: by hand, and those that ship."""

import numpy as np
import pytest

from tests.pictures import picture
from tintype.api import Codec
from tintype.codec.reducing import boxed
from tintype.models.pico.readout import SIDE, TAPS, Readout
from tintype.weights import store


def test_each_position_reads_its_neighbours_and_nothing_beyond_the_tile() -> None:
    random = np.random.default_rng(3)
    weight = random.normal(size=(TAPS, 3 * SIDE * SIDE, 5)).astype(np.float32)
    bias = random.normal(size=3 * SIDE * SIDE).astype(np.float32)
    y = random.normal(size=(5, 3, 4)).astype(np.float32)
    expected = np.empty((3, 3 * SIDE, 4 * SIDE))
    wide = np.pad(y, ((0, 0), (1, 1), (1, 1)))
    for row in range(3):
        for column in range(4):
            near = wide[:, row : row + 3, column : column + 3].reshape(5, TAPS)  # (N, taps)
            block = np.einsum("ton,nt->o", weight, near) + bias
            place = np.s_[:, SIDE * row : SIDE * (row + 1), SIDE * column : SIDE * (column + 1)]
            expected[place] = block.reshape(3, SIDE, SIDE)
    np.testing.assert_allclose(Readout(weight, bias)(y), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", list(store.manifest()))
def test_every_model_that_ships_has_a_readout_that_is_close_to_its_synthesis(name: str) -> None:
    assert store.readout(bytes.fromhex(store.manifest()[name]["weights_hash"])) is not None
    codec = Codec(name, threads=1)
    data = codec.encode(picture(256, 320), 60, content="photo")
    whole = codec.decode_picture(data).pixels
    for reduce, least in ((4, 36), (8, 38)):
        found = codec.decode_picture(data, reduce=reduce).pixels
        expected = boxed(whole, reduce).astype(float)
        psnr = -10 * np.log10(np.mean((found - expected) ** 2) / 255**2)
        assert psnr > least, (reduce, psnr)


def test_weights_without_a_readout_have_none() -> None:
    assert store.readout(bytes(8)) is None
