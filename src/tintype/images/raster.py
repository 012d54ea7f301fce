"""What readers of files return: samples as the file has them, not yet in the form in which they are coded."""

from dataclasses import dataclass

import numpy as np

from tintype.images.colour import NOT_STATED, Colour
from tintype.images.picture import DEPTHS, Samples


@dataclass(frozen=True, slots=True)
class Raster:
    """Samples of a file."""

    samples: Samples  # (H, W, 3) RGB or (H, W) grey, 0 to 2^bits - 1; uint8 up to 8 bits, else uint16
    bits: int = 8  # per sample, 1 to 16
    alpha: Samples | None = None  # (H, W), of as many bits
    colour: Colour = NOT_STATED
    notes: tuple[str, ...] = ()
    upright: bool = False  # an orientation that the file states is applied already
    converted: bool = False  # the ICC profile of the file no longer holds


def rescaled(samples: Samples, bits: int, wanted: int) -> Samples:
    """Samples of other bits, rounded: black stays black, white stays white; with more bits, values stay distinct."""
    if bits == wanted:
        return samples
    scaled: Samples = _scale(2**bits - 1, wanted)[samples]
    return scaled


def of_white(samples: Samples, white: int) -> tuple[Samples, int]:
    """Samples from 0 to any `white` below 2^16, scaled to the next depth that is coded, and this depth."""
    bits = next(depth for depth in DEPTHS if depth >= white.bit_length())
    if white != 2**bits - 1:
        samples = _scale(white, bits)[np.minimum(samples, white)]
    return samples, bits


def _scale(white: int, bits: int) -> Samples:
    """Table from 0 to `white` onto the whole range of `bits`, rounded."""
    table = (np.arange(white + 1, dtype=np.uint64) * (2**bits - 1) + white // 2) // white
    scale: Samples = table.astype(np.uint8 if bits <= 8 else np.uint16)
    return scale


def repeats_eight_bits(samples: Samples) -> bool:
    """Whether 16-bit samples are v * 257: 8 bits, written twice."""
    first = samples[:1]  # says no for most pictures
    return all(bool(np.array_equal(part >> 8, part & 255)) for part in (first, samples))
