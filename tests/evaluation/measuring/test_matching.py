"""Files of equal size."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.pictures import picture
from tintype.evaluation.codecs.names import codec_named
from tintype.evaluation.measuring.matching import match
from tintype.pixels import Pixels8

PIXELS = np.zeros((2, 2), np.uint8)


class Growing:
    """Sizes that follow a given function of the quality."""

    quality_range = (0.0, 100.0)

    def __init__(self, size: Callable[[float], float]) -> None:
        self.size = size
        self.probes = []

    def encode(self, pixels: Pixels8, quality: float) -> bytes:
        self.probes.append(quality)
        return bytes(int(self.size(quality)))


@pytest.mark.parametrize(
    "size", [lambda q: 100 * 1.06**q, lambda q: 50 + 40 * q, lambda q: 30 + q**3 / 20, lambda q: 2 ** (q / 7)]
)
@pytest.mark.parametrize("target", [130, 1000, 20000])
def test_the_closest_setting_is_found_in_few_probes(size: Callable[[float], float], target: int) -> None:
    made = Growing(size)
    found = match(made, PIXELS, target)
    sizes = np.array([len(bytes(int(size(q)))) for q in range(101)])
    best = np.abs(np.log(np.maximum(sizes, 1) / target)).min()
    assert abs(np.log(len(found.data) / target)) <= max(best, 0.0101)
    assert found.probes == len(made.probes) == len(set(made.probes)) <= 12
    assert len(found.data) == int(size(found.quality))


def test_a_size_out_of_reach_gives_the_end_of_the_range() -> None:
    made = Growing(lambda q: 1000 + q)
    assert match(made, PIXELS, 10).quality == 0
    assert match(made, PIXELS, 10**6).quality == 100


def test_known_sizes_save_probes() -> None:
    without, with_known = Growing(lambda q: 100 * 1.06**q), Growing(lambda q: 100 * 1.06**q)
    a = match(without, PIXELS, 3000)
    b = match(with_known, PIXELS, 3000, known={50: int(100 * 1.06**50), 60: int(100 * 1.06**60), 54.5: 1})
    assert abs(a.quality - b.quality) <= 1
    assert b.probes < a.probes


def test_a_plateau_ends() -> None:
    made = Growing(lambda q: 500 if q < 60 else 900)
    assert len(match(made, PIXELS, 700).data) in (500, 900)


def test_real_files_are_matched() -> None:
    found = match(codec_named("jpeg444"), picture(96, 128), 4000)
    assert abs(found.off(4000)) < 0.06
    assert len(found.data) == round(4000 * (1 + found.off(4000)))
