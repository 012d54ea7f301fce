"""Boxes of samples."""

import numpy as np
import pytest
from PIL import Image

from tests.pictures import deep_picture, picture
from tintype.codec.reducing import boxed, boxed_as_seen, factor_for, over
from tintype.codec.tiling import Rect


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize("height, width", [(1, 1), (7, 9), (8, 16), (65, 33)])
def test_boxes_are_those_of_pillow(height: int, width: int, factor: int) -> None:
    for pixels in (picture(height, width), picture(height, width)[..., 0]):
        expected = np.asarray(Image.fromarray(pixels).reduce(factor)).astype(int)
        assert np.abs(boxed(pixels, factor).astype(int) - expected).max() <= 1  # Pillow sums in fixed point


def test_boxes_of_deep_samples_keep_their_depth_and_round_halves_up() -> None:
    assert boxed(np.array([[65535, 65534], [65534, 65535]], np.uint16), 2).tolist() == [[65535]]
    assert boxed(np.array([[0, 1]], np.uint16), 4).tolist() == [[1]]
    flat = np.full((9, 17, 3), 40000, np.uint16)
    assert (boxed(flat, 8) == 40000).all() and boxed(flat, 8).shape == (2, 3, 3)
    deep = deep_picture(16, 16, 12)
    assert np.array_equal(boxed(deep, 1), deep)


@pytest.mark.parametrize(
    "side, expected", [(1, 1), (199, 1), (200, 2), (399, 2), (400, 4), (799, 4), (800, 8), (9**9, 8)]
)
def test_the_largest_factor_that_leaves_enough(side: int, expected: int) -> None:
    assert factor_for(side, 100) == expected


def test_a_rectangle_in_boxes_holds_those_at_its_end() -> None:
    assert over(Rect(8, 16, 5, 8), 4) == Rect(2, 4, 2, 2)
    assert over(Rect(0, 0, 203, 157), 8) == Rect(0, 0, 26, 20)


@pytest.mark.parametrize("depth, grey", [(8, False), (16, False), (8, True)])
def test_boxes_as_seen_leave_out_what_nobody_sees(depth: int, grey: bool) -> None:
    most = 2**depth - 1
    dtype = np.uint8 if depth == 8 else np.uint16
    samples = np.random.default_rng(5).integers(0, most + 1, (13, 22) if grey else (13, 22, 3)).astype(dtype)
    alpha = np.random.default_rng(6).integers(0, most + 1, (13, 22)).astype(dtype)
    alpha[:, :8], alpha[:, 8:12] = most, 0
    weights = alpha.reshape(13, 22, *(1,) * (samples.ndim - 2)).astype(float)
    seen = boxed_as_seen(samples, alpha, 4)
    for y, x in np.ndindex(seen.shape[:2]):
        box = np.s_[4 * y : 4 * y + 4, 4 * x : 4 * x + 4]
        total = weights[box].sum()
        mean = (samples[box] * weights[box]).sum((0, 1)) / total if total else samples[box].mean((0, 1))
        assert np.abs(seen[y, x] - mean).max() <= 0.5
    assert boxed_as_seen(samples, alpha, 1) is samples
