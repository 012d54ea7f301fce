import tracemalloc

import numpy as np
import pytest

from tintype.codec.container.file import Chunk, ChunkType, Container
from tintype.codec.container.header import Header
from tintype.codec.graphics.images import Coder
from tintype.codec.graphics.layer import Layer, enlarged, joined
from tintype.codec.graphics.shares import shares


def container_of(layer: Layer) -> Container:
    """A picture of one tile, all of whose core the layer describes."""
    header = Header(1, bytes(8), layer.width, layer.height, level=0)
    return Container(header, (joined(layer.write(), b""),), (Chunk(ChunkType.GRAPHICS, b""),))


@pytest.mark.parametrize("height, width", [(1, 1), (15, 16), (16, 17), (40, 33), (64, 8)])
@pytest.mark.parametrize("side", [8, 16, 64])
def test_covered_pixels_are_those_of_the_mask(height: int, width: int, side: int) -> None:
    mask = np.random.default_rng(251).random((-(-height // side), -(-width // side))) < 0.6
    mask[-1, -1] = True
    found = shares(container_of(Layer(height, width, Coder.WEBP, b"", mask, side)))
    covered = enlarged(mask, side, height, width).sum() / (height * width)
    assert found == (pytest.approx(covered), pytest.approx(covered))


def test_a_few_bytes_that_cover_many_pixels_take_little_memory() -> None:
    file = container_of(Layer(4096, 4096, Coder.AVIF, b"", np.ones((64, 64), bool), 64))
    tracemalloc.start()
    found = shares(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == (1, 0)
    assert peak < 2**20
