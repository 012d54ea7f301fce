import zlib

import numpy as np
import pytest

from tests.codec.graphics.drawings import noise
from tintype.codec.container.fields import varint
from tintype.codec.graphics.images import write_exact
from tintype.codec.graphics.layer import SIDES, Layer, Painting, joined, split
from tintype.codec.tiling import Rect
from tintype.errors import CorruptError, FormatError

HEIGHT, WIDTH = 70, 100  # no multiple of any side


@pytest.mark.parametrize("side", SIDES)
def test_blocks_replace_what_they_cover(side: int) -> None:
    mask = np.zeros((-(-HEIGHT // side), -(-WIDTH // side)), bool)
    mask[-1, -1] = mask[0, 1 if side < 64 else 0] = True  # the last one reaches beyond the core
    image = noise(HEIGHT, WIDTH)
    box = Layer(HEIGHT, WIDTH, *write_exact(image), mask, side).box
    layer = Layer(HEIGHT, WIDTH, *write_exact(image[box.slices]), mask, side)
    parsed = Layer.parse(layer.write(), HEIGHT, WIDTH)
    assert parsed.side == side and parsed.data == layer.data
    core = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    Painting.of(layer.write(), Rect(0, 0, WIDTH, HEIGHT), grey=False).paint(core)
    covered = mask.repeat(side, 0).repeat(side, 1)[:HEIGHT, :WIDTH]
    np.testing.assert_array_equal(core, image * covered[..., None])


def test_without_blocks_the_whole_core_is_replaced() -> None:
    image = noise(HEIGHT, WIDTH)[..., 0]
    painting = Painting.of(Layer(HEIGHT, WIDTH, *write_exact(image)).write(), Rect(8, 9, WIDTH, HEIGHT), grey=True)
    core = np.zeros_like(image)
    painting.paint(core)
    assert painting.whole
    np.testing.assert_array_equal(core, image)


def test_a_payload_is_split_where_it_was_joined() -> None:
    for layer, symbols in ((b"", b"symbols"), (b"x" * 300, b""), (b"ab", b"cd")):
        assert split(joined(layer, symbols)) == (layer, symbols)


def blocks(bits: bytes, form: int = 0x20, cut: int | None = None) -> bytes:
    """A layer with blocks of 16, deflated."""
    deflate = zlib.compressobj(wbits=-15)
    packed = deflate.compress(bits) + deflate.flush()
    return bytes([form]) + varint(len(packed)) + packed[:cut] + b"image"


GOOD = np.packbits(np.ones(5 * 7, bool)).tobytes()
BAD = {
    "empty": b"",
    "an unknown coder": bytes([3]),
    "an unknown side": blocks(GOOD, 0x50),
    "no block": blocks(bytes(5)),
    "too few bits": blocks(GOOD[:-1]),
    "too many bits": blocks(GOOD + b"\0"),
    "far too many bits": blocks(bytes(10**7)),
    "bits after the last": blocks(b"\xff" * 5),
    "no deflate": b"\x20\x05\xff\xff\xff\xff\xff",
    "cut": b"\x20\x7f\x00",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_layer_is_refused(name: str) -> None:
    with pytest.raises(FormatError):
        Layer.parse(BAD[name], HEIGHT, WIDTH)


def test_the_good_one_of_these_is_parsed() -> None:
    mask = Layer.parse(blocks(GOOD), HEIGHT, WIDTH).mask
    assert mask is not None and mask.shape == (5, 7) and mask.all()


@pytest.mark.parametrize("payload", [b"", b"\x80", b"\x05abc"])
def test_a_payload_that_ends_in_its_layer_is_refused(payload: bytes) -> None:
    with pytest.raises(FormatError):
        split(payload)


def test_an_image_of_another_size_than_the_blocks_is_refused() -> None:
    mask = np.ones((5, 7), bool)
    layer = Layer(HEIGHT, WIDTH, *write_exact(noise(16, 16)), mask, 16)
    with pytest.raises(CorruptError):
        Painting.of(layer.write(), Rect(0, 0, WIDTH, HEIGHT), grey=False)
