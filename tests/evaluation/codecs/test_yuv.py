"""4:2:0 in 10 bits and back."""

import numpy as np
import pytest

from tests.pictures import picture
from tintype.errors import InputError
from tintype.evaluation.codecs import yuv
from tintype.pixels import Pixels8

HEAD = b"YUV4MPEG2 W8 H4 F60:1 Ip C420p10\nFRAME\n"


def there_and_back(pixels: Pixels8) -> Pixels8:
    height, width = pixels.shape[:2]
    return yuv.frame(f"YUV4MPEG2 W{width} H{height} F60:1 Ip C420p10\nFRAME\n".encode() + yuv.raw(pixels))


def test_planes_have_the_weights_and_the_range_that_are_stated() -> None:
    colours = {"black": (0, 0, 0), "white": (255, 255, 255), "red": (255, 0, 0), "green": (0, 255, 0)}
    found = {}
    for name, colour in colours.items():
        samples = np.frombuffer(yuv.raw(np.full((4, 8, 3), colour, np.uint8)), "<u2")
        assert samples.size == 32 + 2 * 8
        found[name] = samples[0], samples[32], samples[40]
    # BT.601, full range: red is 0.299 of white's luma, and the largest Cr there is
    assert found == {
        "black": (0, 512, 512),
        "white": (1023, 512, 512),
        "red": (306, 339, 1023),
        "green": (601, 173, 84),
    }


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (1, 2, 3), (200, 30, 90), (77, 77, 77)])
def test_flat_colours_come_back_exactly(colour: tuple[int, int, int]) -> None:
    pixels = np.full((4, 8, 3), colour, np.uint8)
    assert np.array_equal(there_and_back(pixels), pixels)


def test_grey_comes_back_exactly_as_colour() -> None:
    grey = picture(16, 24)[..., 0]
    assert np.array_equal(there_and_back(grey), np.repeat(grey[..., None], 3, axis=2))


def test_chroma_lies_in_the_middle_of_its_pixels() -> None:
    ramp = np.linspace(0, 255, 64)
    pixels = np.empty((64, 64, 3), np.uint8)
    pixels[..., 0], pixels[..., 1], pixels[..., 2] = ramp[:, None], 128, ramp[None, :]
    error = there_and_back(pixels).astype(int) - pixels
    assert np.abs(error[2:-2, 2:-2]).max() <= 1  # a chroma sample off by half a pixel would give 2 and more


def test_odd_sides_are_refused() -> None:
    with pytest.raises(InputError, match="7 x 4: 4:2:0 needs even sides"):
        yuv.raw(np.zeros((4, 7, 3), np.uint8))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "YUV4MPEG2 file"),
        (HEAD.replace(b"C420p10", b"C420jpeg"), "4:2:0 and 10 bits"),
        (HEAD + bytes(94), "the frame ends after 47 of 48 samples"),
    ],
)
def test_other_files_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        yuv.frame(data)
