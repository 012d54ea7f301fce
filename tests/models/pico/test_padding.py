"""What lies outside the picture costs few bytes under the shipped weights."""

import numpy as np
import pytest

from tests.pictures import picture
from tintype.api import Codec

CODEC = Codec(threads=1)


def test_a_pixel_beyond_a_multiple_of_the_stride_costs_few_bytes() -> None:
    at_multiple, beyond = (len(CODEC.encode(picture(side, side))) for side in (256, 257))
    # there are 9 more hyper-latents beside 16; a reflection costs 57 % here
    assert beyond < 1.1 * at_multiple


def test_an_icon_costs_less_than_its_pixels() -> None:
    icon = np.full((16, 16, 3), (30, 120, 220), np.uint8)
    icon[4:12, 4:12] = 250
    assert len(CODEC.encode(icon)) < 160  # a reflection costs 1181


def test_tiles_that_need_padding_cost_little_more_than_those_that_need_none() -> None:
    original = picture(384, 384)
    padded, exact = (len(Codec(threads=1, tile=side).encode(original)) for side in (128, 120))
    assert padded < 1.2 * exact


@pytest.mark.parametrize("quality", [50, 75, 100])
def test_a_white_picture_is_white_where_padding_follows(quality: float) -> None:
    decoded = CODEC.decode_picture(CODEC.encode(np.full((100, 100, 3), 255, np.uint8), quality)).pixels
    # the last row and column, without the corners at the network's own border
    assert min(decoded[8:, -1].min(), decoded[-1, 8:].min()) >= 254


@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (70, 1), (65, 64), (1, 1, 3), (1, 70, 3), (70, 1, 3), (65, 64, 3)])
def test_narrow_pictures_come_back(shape: tuple[int, ...]) -> None:
    original = np.full(shape, 90, np.uint8)
    decoded = CODEC.decode_picture(CODEC.encode(original)).pixels
    assert decoded.shape == shape
    assert np.abs(decoded.astype(int) - original).max() <= 5
