"""The graphics layer of one tile: an image by another coder, and the blocks of the tile's core that it replaces.

docs/format.md, "Graphics", is the normative text.
"""

import zlib
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tintype.codec.container.fields import FieldReader, varint
from tintype.codec.graphics import images
from tintype.codec.graphics.images import Coder
from tintype.codec.tiling import Rect
from tintype.errors import CorruptError
from tintype.pixels import IntPixels

SIDES = (8, 16, 32, 64)  # pixels, of blocks, as the format numbers them from 1
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Layer:
    """What replaces a tile's core, or blocks of it.

    Parameters
    ----------
    height, width : of the core, pixels
    coder, data : an image of the smallest rectangle of blocks that holds all that are replaced
    mask : (blocks high, blocks wide), at least one is set; None: the whole core
    side : of blocks, pixels
    """

    height: int
    width: int
    coder: Coder
    data: bytes
    mask: Mask | None = None
    side: int = 16

    @property
    def box(self) -> Rect:
        """The image's place in the core."""
        if self.mask is None:
            return Rect(0, 0, self.width, self.height)
        return bounding_box(self.mask, self.side, self.height, self.width)

    def write(self) -> bytes:
        """Its bytes in a payload: form, blocks, image."""
        if self.mask is None:
            return bytes([self.coder]) + self.data
        packed = zlib.compressobj(9, wbits=-15)
        bits = packed.compress(np.packbits(self.mask).tobytes()) + packed.flush()
        form = self.coder | (1 + SIDES.index(self.side)) << 4
        return bytes([form]) + varint(len(bits)) + bits + self.data

    @classmethod
    def parse(cls, data: bytes, height: int, width: int) -> Self:
        """The layer of a core of this size; the image is not decoded.

        Raises
        ------
        CorruptError, TruncatedError
            The bytes are no layer.
        """
        reader = FieldReader(data)
        blocks, coder = divmod(reader.u8("form of graphics"), 16)
        if coder not in tuple(Coder) or blocks > len(SIDES):
            raise CorruptError(f"graphics of form {16 * blocks + coder} do not exist; the file is damaged")
        if blocks == 0:
            return cls(height, width, Coder(coder), data[reader.offset :])
        side = SIDES[blocks - 1]
        packed = reader.take(reader.varint("length of the blocks"), "blocks")
        mask = _unpacked(packed, -(-height // side), -(-width // side))
        return cls(height, width, Coder(coder), data[reader.offset :], mask, side)


@dataclass(frozen=True, slots=True)
class Painting:
    """A layer as pixels.

    Parameters
    ----------
    box : its place in the tile's core
    image : pixels of the box, (box.height, box.width[, 3])
    covered : which of them replace the core's, (box.height, box.width); None: the box is the core, and all do
    """

    box: Rect
    image: IntPixels
    covered: Mask | None

    @classmethod
    def of(cls, data: bytes, core: Rect, grey: bool, depth: int = 8) -> Self:
        """Decoded from the bytes of a layer; raises as `Layer.parse` and `images.read`."""
        return cls.shown(Layer.parse(data, core.height, core.width), grey, depth)

    @classmethod
    def shown(cls, layer: Layer, grey: bool, depth: int = 8) -> Self:
        """Decoded; raises as `images.read`."""
        box = layer.box
        image = images.read(layer.coder, layer.data, box.height, box.width, grey, depth)
        if layer.mask is None:
            return cls(box, image, None)
        return cls(box, image, enlarged(layer.mask, layer.side, layer.height, layer.width)[box.slices])

    @property
    def whole(self) -> bool:
        """Whether nothing of the core is left."""
        return self.covered is None

    def paint(self, pixels: IntPixels, part: Rect | None = None) -> None:
        """Replace pixels of a core, or of a part of it, (part.height, part.width[, 3]), in place."""
        if part is None:
            part = Rect(0, 0, pixels.shape[1], pixels.shape[0])
        common = self.box.common(part)
        shown, source = common.seen_from(part).slices, common.seen_from(self.box).slices
        if self.covered is None:
            pixels[shown] = self.image[source]
        else:
            covered = self.covered[source]
            pixels[shown][covered] = self.image[source][covered]


def bounding_box(mask: Mask, side: int, height: int, width: int) -> Rect:
    """The smallest rectangle of blocks that holds all that are set, in pixels of a core of this size."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]) * side, int(rows[0]) * side
    right, bottom = min(width, (int(columns[-1]) + 1) * side), min(height, (int(rows[-1]) + 1) * side)
    return Rect(left, top, right - left, bottom - top)


def enlarged(mask: Mask, side: int, height: int, width: int) -> Mask:
    """Blocks as pixels of a core of this size."""
    return mask.repeat(side, axis=0).repeat(side, axis=1)[:height, :width]


def _unpacked(packed: bytes, rows: int, columns: int) -> Mask:
    count = rows * columns
    unpacker = zlib.decompressobj(wbits=-15)
    try:
        bits = unpacker.decompress(packed, -(-count // 8) + 1)  # no more than is right and one: bounded whatever comes
    except zlib.error as error:
        raise CorruptError(f"the blocks of graphics cannot be read ({error}); the file is damaged") from error
    if len(bits) != -(-count // 8) or not unpacker.eof or unpacker.unused_data:
        raise CorruptError(f"the blocks of graphics are not {rows} x {columns} bits; the file is damaged")
    flags = np.unpackbits(np.frombuffer(bits, np.uint8)).astype(bool)
    if flags[count:].any() or not flags.any():
        raise CorruptError("the blocks of graphics are none, or more than the tile has; the file is damaged")
    return flags[:count].reshape(rows, columns)


def split(payload: bytes) -> tuple[bytes, bytes]:
    """A tile's payload in a file with graphics: bytes of its layer (empty: it has none), and of its symbols."""
    reader = FieldReader(payload)
    length = reader.varint("length of graphics")
    layer = reader.take(length, "graphics")
    return layer, payload[reader.offset :]


def joined(layer: bytes, symbols: bytes) -> bytes:
    """Inverse of `split`."""
    return varint(len(layer)) + layer + symbols
