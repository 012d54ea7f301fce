"""JPEG 2000: components of any depth, and the colour of the jp2 container."""

import struct

import numpy as np

from tintype.images import colour
from tintype.images.boxes import boxes, find
from tintype.images.colour import NOT_STATED, Colour
from tintype.images.formats import needed
from tintype.images.picture import Samples
from tintype.images.raster import Raster, rescaled
from tintype.images.readers import by_mode
from tintype.images.readers.opened import Opened

SIZ = b"\xff\x4f\xff\x51"  # start of codestream, then the marker of sizes
CMYK, LAB, SRGB, GREY, YCC, ROMM = 12, 14, 16, 17, 18, 21  # enumerated colour spaces


def read(opened: Opened) -> Raster:
    """Samples as stored; components of unequal depth are scaled to the deepest."""
    depths = _depths(opened)
    stated, enumerated, notes = _colour(opened.data)
    if set(depths) == {8} or opened.image.mode in ("P", "PA"):
        raster = by_mode.read(opened)
        return Raster(raster.samples, 8, raster.alpha, stated, (*notes, *raster.notes), converted=raster.converted)
    if max(depths) > 16:
        raise opened.refusal(f"{max(depths)} bits per sample cannot be read; convert it to 16 first")
    if enumerated in (CMYK, LAB):
        raise opened.refusal(f"CMYK or Lab of {max(depths)} bits cannot be read; convert it to RGB first")
    if max(depths) <= 8 or (len(depths) == 1 and opened.image.mode.startswith("I")):
        opened.image.load()
        values = np.asarray(opened.image)
        # Pillow moves samples of fewer bits to the top of 8 or 16
        channels = _moved_down(values if values.ndim == 3 else values[..., None], depths)
    else:
        if enumerated == YCC:
            raise opened.refusal(f"YCbCr of {max(depths)} bits cannot be read; convert it to RGB first")
        if len({depth <= 8 for depth in depths}) > 1:
            raise opened.refusal(f"components of {depths} bits cannot be read; convert it to one depth first")
        needed("imagecodecs", f"{opened.name}: JPEG 2000 of {max(depths)} bits per sample")
        import imagecodecs

        channels = imagecodecs.jpeg2k_decode(opened.data)
        channels = channels if channels.ndim == 3 else channels[..., None]
    if channels.shape != (opened.image.height, opened.image.width, len(depths)) or len(depths) > 4:
        raise opened.refusal(f"{len(depths)} components of {depths} bits cannot be read; convert it to RGB first")
    bits = max(8, *depths)
    scaled = [
        rescaled(np.minimum(channels[..., number], 2**depth - 1), depth, bits) for number, depth in enumerate(depths)
    ]
    alpha = scaled.pop() if len(scaled) in (2, 4) else None
    samples = scaled[0] if len(scaled) == 1 else np.stack(scaled, axis=-1)
    return Raster(samples, bits, alpha, stated, notes)


def _moved_down(values: Samples, depths: tuple[int, ...]) -> Samples:
    size = 8 * values.dtype.itemsize
    channels = [values[..., number] >> max(0, size - depth) for number, depth in enumerate(depths[: values.shape[-1]])]
    return np.stack(channels, axis=-1)


def _depths(opened: Opened) -> tuple[int, ...]:
    """Bits of each component, of the codestream."""
    data = opened.data
    box = None if data.startswith(SIZ) else find(data, b"jp2c")
    start = box.start if box else 0
    if data[start : start + 4] != SIZ:
        raise opened.refusal("damaged: it has no codestream")
    # length, capabilities, eight fields of sizes, number of components, then depth and two steps of each
    (count,) = struct.unpack_from(">H", data, start + 40)
    fields = data[start + 42 : start + 42 + 3 * count]
    if not 0 < count <= 64 or len(fields) < 3 * count:
        raise opened.refusal(f"damaged, or of {count} components, which cannot be read")
    if any(depth & 0x80 for depth in fields[::3]):
        raise opened.refusal("its samples are signed; convert it to unsigned ones first")
    return tuple((depth & 0x7F) + 1 for depth in fields[::3])


def _colour(data: bytes) -> tuple[Colour, int, tuple[str, ...]]:
    """Of the first colr box that says something, with its number where it enumerates (0: no number)."""
    head = find(data, b"jp2h")
    for box in boxes(data, head.start, head.end) if head else ():
        content = data[box.start : box.end]
        if box.kind != b"colr" or len(content) < 3:
            continue
        method = content[0]
        if method in (2, 3):
            return Colour(icc=content[3:]), 0, ()
        if method == 5 and len(content) >= 7:  # parameters of H.273
            return colour.of_code_points(*struct.unpack_from(">HH", content, 3)), 0, ()
        if method == 1 and len(content) >= 7:
            (number,) = struct.unpack_from(">I", content, 3)
            if number == ROMM:
                return colour.of_numbers(colour.ROMM_RGB, colour.ROMM_GAMMA, grey=False), number, ()
            unknown = f"Its colour space {number} is unknown here and was left out."
            return NOT_STATED, number, () if number in (SRGB, CMYK, GREY, LAB, YCC) else (unknown,)
    return NOT_STATED, 0, ()
