import numpy as np
import pytest

from tests.codec.graphics.drawings import dither, page, photograph
from tintype.codec.graphics.detect import classify, clustered, mostly_drawn
from tintype.pixels import IntPixels


@pytest.mark.parametrize("drawing", [page(), page()[..., 1], dither(96, 128)], ids=["page", "grey", "dither"])
def test_drawings_are_found(drawing: IntPixels) -> None:
    blocks = classify(drawing)
    assert blocks.drawn.sum() > 0.6 * blocks.contrasted.sum() > 0
    assert mostly_drawn(drawing)


def test_a_checker_of_single_pixels_is_drawn() -> None:
    checker = np.uint8(255) * (np.indices((64, 64)).sum(axis=0) % 2).astype(np.uint8)
    assert classify(checker).drawn.all()


@pytest.mark.parametrize("grey", [False, True])
def test_photographs_are_not(grey: bool) -> None:
    pixels = photograph(128, 160)
    blocks = classify(pixels[..., 1] if grey else pixels)
    assert blocks.contrasted.any() and not blocks.drawn.any()
    assert not mostly_drawn(pixels)


def test_a_caption_does_not_make_a_photograph_a_drawing() -> None:
    pixels = np.concatenate([photograph(192, 240), page(64, 240)])
    blocks = classify(pixels)
    assert 0 < blocks.drawn.sum() < 0.5 * blocks.contrasted.sum()
    assert not mostly_drawn(pixels)


def test_clusters_are_blocks_with_three_neighbours() -> None:
    mask = np.zeros((6, 8), bool)
    mask[1:3, 1:3] = mask[5, :] = mask[0, 7] = True  # a square, a line, a single one
    found = np.zeros_like(mask)
    found[1:3, 1:3] = True
    np.testing.assert_array_equal(clustered(mask), found)


def test_what_is_flat_is_neither() -> None:
    blocks = classify(np.full((50, 40, 3), 200, np.uint8))
    assert blocks.drawn.shape == (4, 3)  # blocks at the edges are smaller
    assert not blocks.contrasted.any() and not blocks.drawn.any()
    assert not mostly_drawn(np.full((50, 40, 3), 200, np.uint8))


def test_the_depth_does_not_matter() -> None:
    pixels = page()
    deep = pixels.astype(np.uint16) << 8 | pixels
    np.testing.assert_array_equal(classify(deep, 16).drawn, classify(pixels).drawn)
