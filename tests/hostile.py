"""Files whose headers ask for much; their content is flat and harmless."""

from collections.abc import Sequence

import numpy as np

from tintype.api import Codec
from tintype.codec.container.file import Chunk, Container, parse, write
from tintype.codec.container.header import SRGB_8_BIT, ColourType, Header, Samples
from tintype.codec.encoder import Encoder
from tintype.codec.tiling import WHOLE_PICTURE, Tiling, tile_grid

LEVEL = 20


def asking(
    width: int, height: int, tiling: Tiling, samples: Samples = SRGB_8_BIT, chunks: Sequence[Chunk] = ()
) -> bytes:
    """A sound file of pico: each tile has the payload of a flat tile of its size."""
    model = Codec().load()
    sizes = [(tile.height, tile.width) for tile in tile_grid(width, height, tiling, model.identity.stride)]
    payloads: dict[tuple[int, int], bytes] = {}
    for size in set(sizes):
        flat = Encoder(model, np.full((*size, 3), 128, np.uint8), WHOLE_PICTURE).encode(LEVEL)
        payloads[size] = parse(flat).payloads[0]
    return write(
        Container(_header(width, height, tiling, samples), tuple(payloads[size] for size in sizes), tuple(chunks))
    )


def claiming(
    width: int, height: int, tiling: Tiling, samples: Samples = SRGB_8_BIT, chunks: Sequence[Chunk] = ()
) -> bytes:
    """A file of pico whose tiles are empty: its header holds, and no tile can be decoded."""
    header = _header(width, height, tiling, samples)
    return write(Container(header, (b"",) * header.tile_count, tuple(chunks)))


def _header(width: int, height: int, tiling: Tiling, samples: Samples) -> Header:
    identity = Codec().load().identity
    return Header(identity.model_id, identity.weights_hash, width, height, LEVEL, ColourType.RGB, samples, tiling)
