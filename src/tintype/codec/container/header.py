"""The fixed part of a .tint header: what must be known before the first tile is decoded.

Fields stand here in the order of the table in docs/format.md. The limits are part of the format: they bind
writer and reader alike, and a reader checks them before it allocates anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from tintype.codec.container.fields import FieldReader, varint
from tintype.codec.tiling import (
    WHOLE_PICTURE,
    NetworkSize,
    Rect,
    Tiling,
    largest_tile_pixels,
    network_size,
    tile_count,
)
from tintype.errors import CorruptError

MAX_MODEL = 2**16 - 1
MAX_SIDE = 2**16 - 1  # pixels
MAX_LEVEL = 255
MIN_CORE = 64  # pixels
MAX_MARGIN = 255  # pixels
CORES_PER_MARGIN = 4  # a margin is at most a quarter of its core: larger ones would multiply a decoder's work
MAX_TILES = 2**16
MAX_TILE_PIXELS = 2**24  # of the largest core: bounds what a few hostile bytes make a decoder allocate
WEIGHTS_HASH_BYTES = 8

MODEL_NAMES: Mapping[int, str] = {
    1: "pico-s",
    2: "pico-m",
    3: "pico-l",
    4: "pico-xs",
    16: "hpcm-base",
    17: "hpcm-large",
    18: "hpcm-phi",
    19: "hpcm-1b",
    20: "hpcm-nano",
    21: "hpcm-tiny",
    22: "hpcm-small",
}
"""Registered models: networks. Weights have names of their own; a file names them by their hash."""


NETWORK_MULTIPLES: Mapping[int, int] = {
    **dict.fromkeys((1, 2, 3, 4), 64),
    **dict.fromkeys((16, 17, 20, 21, 22), 256),
    **dict.fromkeys((18, 19), 128),
}
"""Pixels, by model: networks pad the sides of a tile to multiples of these. Work is counted by them."""


class ColourType(IntEnum):
    """Channels of the picture."""

    GREY = 0
    RGB = 1


@dataclass(frozen=True, slots=True)
class Samples:
    """Bit depth, and colour code points as ITU-T H.273 numbers them. The default is sRGB in 8 bits."""

    depth: int = 8
    primaries: int = 1
    transfer: int = 13
    matrix: int = 0
    full_range: int = 1


SRGB_8_BIT = Samples()


@dataclass(frozen=True, slots=True)
class Header:
    """The fixed part. Any values can be held; `violation` says what the format does not allow."""

    model: int  # registered number
    weights_hash: bytes  # 8 bytes
    width: int  # pixels
    height: int  # pixels
    level: int
    colour: int = ColourType.RGB  # another number where only newer versions know the type
    samples: Samples = SRGB_8_BIT
    tiling: Tiling = WHOLE_PICTURE

    @property
    def model_name(self) -> str:
        return MODEL_NAMES.get(self.model, f"unknown model {self.model}")

    @property
    def tile_count(self) -> int:
        return tile_count(self.width, self.height, self.tiling)

    @property
    def network_size(self) -> NetworkSize:
        """What the networks have to work on, from the header alone."""
        return self.network_size_of(None)

    def network_size_of(self, region: Rect | None) -> NetworkSize:
        """What the networks have to work on for a region; None: for the picture."""
        return network_size(self.width, self.height, self.tiling, network_multiple(self.model), region)


def network_multiple(model: int) -> int:
    """Of a model's number; the largest for a model that only newer versions know."""
    return NETWORK_MULTIPLES.get(model, max(NETWORK_MULTIPLES.values()))


def violation(header: Header) -> str | None:
    """The first limit that a header breaks, in words."""
    if not 1 <= header.model <= MAX_MODEL:
        return f"model number {header.model} is not in 1 to {MAX_MODEL}"
    if len(header.weights_hash) != WEIGHTS_HASH_BYTES:
        return f"the weights' hash has {len(header.weights_hash)} bytes, not {WEIGHTS_HASH_BYTES}"
    if not (1 <= header.width <= MAX_SIDE and 1 <= header.height <= MAX_SIDE):
        return f"a side of {header.width} x {header.height} pixels is not in 1 to {MAX_SIDE}"
    if not 0 <= header.level <= MAX_LEVEL:
        return f"level {header.level} is not in 0 to {MAX_LEVEL}"
    return _samples_violation(header) or _tiling_violation(header)


def _samples_violation(header: Header) -> str | None:
    s = header.samples
    if not 0 <= header.colour <= 15:
        return f"colour type {header.colour} is not in 0 to 15"
    if s.depth not in (8, 10, 12, 16):
        return f"bit depth {s.depth} is not 8, 10, 12 or 16"
    if s.full_range not in (0, 1):
        return f"full range {s.full_range} is not 0 or 1"
    if not all(0 <= code <= 255 for code in (s.primaries, s.transfer, s.matrix)):
        return f"a colour code point of {s.primaries}/{s.transfer}/{s.matrix} is not in 0 to 255"
    return None


def _tiling_violation(header: Header) -> str | None:
    core, margin = header.tiling.core, header.tiling.margin
    if core and not MIN_CORE <= core <= MAX_SIDE:
        return f"tile core {core} is neither 0 nor in {MIN_CORE} to {MAX_SIDE}"
    most = min(MAX_MARGIN, core // CORES_PER_MARGIN)
    if not 0 <= margin <= most:
        return f"tile margin {margin} is not in 0 to {most}"
    if core and header.tile_count == 1:
        return f"tile core {core} makes a single tile, which has to be written as core 0"
    if header.tile_count > MAX_TILES:
        return f"the tile count {header.tile_count} is above the limit {MAX_TILES}"
    pixels = largest_tile_pixels(header.width, header.height, header.tiling)
    if pixels > MAX_TILE_PIXELS:
        return f"a tile of {pixels} pixels is above the limit {MAX_TILE_PIXELS}; smaller tiles are needed"
    return None


def write_header(header: Header) -> bytes:
    """The fixed part as bytes; `violation(header)` has to be None."""
    out = varint(header.model) + header.weights_hash + varint(header.width) + varint(header.height)
    s = header.samples
    if s == SRGB_8_BIT:
        out += bytes([header.colour])
    else:
        out += bytes([16 + header.colour, s.depth, s.primaries, s.transfer, s.matrix, s.full_range])
    out += varint(header.level) + varint(header.tiling.core)
    if header.tiling.core:
        out += varint(header.tiling.margin)
    return out


def read_header(reader: FieldReader) -> Header:
    """The fixed part, within its limits but not yet verified by its CRC; errors as `read_layout`."""
    model = reader.varint("model")
    reader.describe(f"{model} ({MODEL_NAMES.get(model, 'unknown')})")
    weights_hash = reader.take(WEIGHTS_HASH_BYTES, "weights hash")
    width = reader.varint("width")
    height = reader.varint("height")
    colour, samples = _read_samples(reader)
    level = reader.varint("level")
    core = reader.varint("tile core")
    margin = reader.varint("tile margin") if core else 0
    header = Header(model, weights_hash, width, height, level, colour, samples, Tiling(core, margin))
    broken = violation(header)
    if broken:
        raise CorruptError(f"{broken}; the file is damaged")
    return header


def _read_samples(reader: FieldReader) -> tuple[int, Samples]:
    form, colour = divmod(reader.u8("colour"), 16)
    name = ColourType(colour).name if colour in tuple(ColourType) else f"unknown type {colour}"
    reader.describe(f"{name}, {'8 bit sRGB' if form == 0 else 'described next'}")
    if form == 0:
        return colour, SRGB_8_BIT
    if form != 1:
        raise CorruptError(f"the upper half of the colour byte is {form}, not 0 or 1; the file is damaged")
    described = ("bit depth", "primaries", "transfer", "matrix", "full range")
    samples = Samples(*[reader.u8(name) for name in described])
    if samples == SRGB_8_BIT:
        raise CorruptError("8 bit sRGB is written in the long form; the file is damaged")
    return colour, samples
