"""AVIF and HEIF: all their bits, and the colour of the main picture."""

import struct

import numpy as np

from tintype.images import colour
from tintype.images.boxes import primary_properties
from tintype.images.colour import NOT_STATED, Colour
from tintype.images.formats import needed
from tintype.images.picture import Samples
from tintype.images.raster import Raster
from tintype.images.readers import by_mode
from tintype.images.readers.opened import Opened


def read_avif(opened: Opened) -> Raster:
    """Pillow's reader keeps 8 bits, so more need another."""
    properties = primary_properties(opened.data)
    configuration = properties.get(b"av1C", [b""])[0]
    # AV1 codec configuration: a marker, profile and level, then flags
    flags = configuration[2] if len(configuration) > 2 else 0
    bits = 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
    stated = _colour(properties)
    if bits == 8:
        raster = by_mode.read(opened)
        return Raster(_grey_if(raster.samples, bool(flags & 0x10)), alpha=raster.alpha, colour=stated)
    if getattr(opened.image, "n_frames", 1) > 1:
        raise opened.refusal(f"frames of {bits} bits per sample cannot be read; convert it to 8 bits first")
    needed("imagecodecs", f"{opened.name}: AVIF of {bits} bits per sample")
    import imagecodecs

    return _deep(opened, imagecodecs.avif_decode(opened.data), bits, stated)


def read_heif(opened: Opened) -> Raster:
    """8 bits by the plugin for Pillow; more as they are stored."""
    import pillow_heif

    stated = _colour(primary_properties(opened.data))
    bits = int(opened.image.info.get("bit_depth", 8))
    if bits == 8:
        raster = by_mode.read(opened)
        return Raster(raster.samples, alpha=raster.alpha, colour=stated)
    if opened.image.tell():
        raise opened.refusal(f"further pictures of {bits} bits per sample cannot be read; convert them to 8 bits first")
    file = pillow_heif.open_heif(opened.data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    return _deep(opened, np.asarray(file), bits, stated)


def _grey_if(samples: Samples, monochrome: bool) -> Samples:
    return samples[..., 0] if monochrome and samples.ndim == 3 else samples


def _deep(opened: Opened, channels: Samples, bits: int, stated: Colour) -> Raster:
    if channels.ndim == 3 and channels.shape[2] == 1:
        channels = channels[..., 0]
    if channels.shape[:2] != (opened.image.height, opened.image.width) or int(channels.max(initial=0)) >> bits:
        raise opened.refusal("damaged: its sizes and depths contradict each other")
    if channels.ndim == 2:
        return Raster(channels, bits, colour=stated)
    alpha = channels[..., -1] if channels.shape[2] in (2, 4) else None
    samples = channels[..., :3] if channels.shape[2] >= 3 else channels[..., 0]
    return Raster(samples, bits, alpha, stated)


def _colour(properties: dict[bytes, list[bytes]]) -> Colour:
    """Of the nclx box; where there is a profile as well, that decides, unless the file is HDR."""
    boxes = properties.get(b"colr", [])
    profiled = any(box[:4] in (b"prof", b"rICC") for box in boxes)
    for box in boxes:
        if box[:4] == b"nclx" and len(box) >= 8:
            primaries, transfer = struct.unpack_from(">HH", box, 4)
            if not profiled or transfer in colour.HDR:
                return colour.of_code_points(primaries, transfer)
    return NOT_STATED
