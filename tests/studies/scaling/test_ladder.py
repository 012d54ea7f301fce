"""Sizes by a rule."""

from dataclasses import replace
from itertools import pairwise

import pytest

from studies.scaling.ladder import LADDERS, Family, hpcm, pico, relative_rate, size, trainable
from tintype.errors import InputError
from tintype.models.hpcm import CONFIGS
from tintype.models.pico.network import SIZES
from tintype.training.config import HPCMRun, PicoRun
from tintype.training.objectives import objective


def test_hpcm_base_is_on_the_rule() -> None:
    base = CONFIGS["hpcm-base"]
    assert replace(hpcm(320), name=base.name, heads=base.heads, misplaced_hyper=True, fine_entropy=False) == base
    assert size(hpcm(320)) == size(base)


def test_pico_s_is_on_the_rule() -> None:
    assert replace(pico(8), name="pico-s") == SIZES["pico-s"]


@pytest.mark.parametrize("family", LADDERS)
def test_rungs_grow_from_a_fraction_of_a_million_parameters_to_ten_million(family: Family) -> None:
    sizes = [size(config) for config in LADDERS[family].values()]
    parameters = [its.parameters for its in sizes]
    assert len(sizes) >= 6 and parameters[0] < 0.4e6 and parameters[-1] > 10e6
    assert all(1.3 < large / small < 4 for small, large in pairwise(parameters))
    assert sorted(sizes, key=lambda its: its.macs_per_pixel) == sizes


def test_rungs_can_be_trained_only_where_a_study_says_so() -> None:
    with trainable():
        assert objective(HPCMRun(model="hpcm-m16")).model.config == hpcm(16)
        assert objective(PicoRun(model="pico-w1")).model.config == pico(1)
    with pytest.raises(InputError, match="hpcm-m16"):
        objective(HPCMRun(model="hpcm-m16"))


def test_the_learning_rate_is_inverse_to_the_width() -> None:
    assert [relative_rate(hpcm(latents)) for latents in (32, 64, 320)] == [2, 1, 0.2]
    assert [relative_rate(pico(parts)) for parts in (4, 8, 12)] == [2, 1, 256 / 384]
