"""PNG: all its bits, its transparent colours, and the chunks that state colour."""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, PngImagePlugin

from tintype.images import alpha, colour
from tintype.images.colour import NOT_STATED, Colour
from tintype.images.picture import Samples
from tintype.images.raster import Raster, rescaled
from tintype.images.readers import by_mode, sixteen
from tintype.images.readers.opened import Opened

MAX_CHUNKS = 2**16
MAX_TEXT, MAX_TEXTS = 2**20 - 1, 2**25  # bytes of one text and of all of them; Pillow refuses pictures with more
MAX_PROFILE = 2**24  # bytes
GREY, RGB, GREY_ALPHA, RGBA = 0, 2, 4, 6  # colour types


def read(opened: Opened) -> Raster:
    """Samples as stored. A frame of an animation is what Pillow composes, in 8 bits."""
    chunks = _head(opened.data)
    bits, colour_type = chunks[b"IHDR"][8:10]
    grey = colour_type in (GREY, GREY_ALPHA)
    stated, lost = _colour(chunks, grey)
    if set(_long_texts(opened.data).values()) - {b"iCCP"}:
        lost = (*lost, "Its very long texts were left out.")
    if bits < 16 or getattr(opened.image, "n_frames", 1) > 1:
        if bits == 16:
            lost = (*lost, "Frames of animations are read in 8 bits; this one has 16.")
        elif colour_type in (GREY, RGB):
            opened.image.info.pop("transparency", None)  # in the file's bits; ours follows
        raster = by_mode.read(opened)
        clear = raster.alpha
        if bits < 16 and colour_type in (GREY, RGB):
            clear = _transparent(chunks, raster.samples, bits, 8)
        return Raster(raster.samples, alpha=clear, colour=stated, notes=(*raster.notes, *lost))
    samples = _sixteen_bits(opened, colour_type)
    clear = _transparent(chunks, samples, 16, 16)
    if colour_type == GREY_ALPHA:
        samples, clear = samples[..., 0], samples[..., 1]
    elif colour_type == RGBA:
        samples, clear = samples[..., :3], samples[..., 3]
    return Raster(samples, 16, clear, stated, lost)


def without_long_texts(data: bytes) -> bytes:
    """A file without the texts and profiles for which Pillow would refuse it; most files stay as they are."""
    long = _long_texts(data)
    if not long:
        return data
    return data[:8] + b"".join(data[start:end] for start, end, _ in _chunks(data) if start not in long)


def _long_texts(data: bytes) -> dict[int, bytes]:
    """Start and kind of each of them."""
    found, room = {}, MAX_TEXTS
    for start, end, kind in _chunks(data):
        if kind in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            size = _unpacked_size(kind, data[start + 8 : end - 4]) if room > 0 else MAX_TEXTS
            room -= size
            if size > MAX_TEXT or room < 0:
                found[start] = kind
    return found


def _chunks(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Start, end and kind of each chunk; what follows the last is one of no kind."""
    at = 8
    for _ in range(MAX_CHUNKS):
        if at + 12 > len(data):
            break
        size, kind = struct.unpack_from(">I4s", data, at)
        yield at, min(at + 12 + size, len(data)), kind
        at += 12 + size
    if at < len(data):
        yield at, len(data), b""


def _unpacked_size(kind: bytes, content: bytes) -> int:
    """Bytes of a text or profile, counted no further than too many."""
    _, _, rest = content.partition(b"\0")
    if kind == b"iTXt":
        packed, (*_, rest) = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
        return len(_inflated(rest, MAX_TEXT + 1) or rest) if packed else len(content)
    return len(content) if kind == b"tEXt" else len(_inflated(rest[1:], MAX_TEXT + 1) or rest)


def _inflated(packed: bytes, most: int) -> bytes:
    """Data up to a size; empty if damaged."""
    try:
        return zlib.decompressobj().decompress(packed, most)
    except zlib.error:
        return b""


def _sixteen_bits(opened: Opened, colour_type: int) -> Samples:
    """(H, W) or (H, W, channels) of 16 bits."""
    if colour_type == GREY:
        opened.image.load()
        return np.asarray(opened.image).astype(np.uint16)
    if colour_type == GREY_ALPHA:  # four bytes to a pixel, as RGBA has
        sixteen.unpack_as(opened.image, "RGBA", "RGBA")
        opened.image.load()
        return np.ascontiguousarray(np.asarray(opened.image)).view(">u2").astype(np.uint16)

    def reopen() -> Image.Image:
        return PngImagePlugin.PngImageFile(io.BytesIO(without_long_texts(opened.data)))

    return sixteen.read(reopen, "RGB" if colour_type == RGB else "RGBA", big_endian=True)


def _head(data: bytes) -> dict[bytes, bytes]:
    """Chunks before the pixels; the first of each kind counts."""
    found: dict[bytes, bytes] = {}
    for start, end, kind in _chunks(data):
        if kind == b"IDAT":
            break
        found.setdefault(kind, data[start + 8 : end - 4])
    return found


def _transparent(chunks: dict[bytes, bytes], samples: Samples, bits: int, have: int) -> Samples | None:
    """Alpha of grey and RGB in which one colour is transparent; the colour is in the file's bits, which `have` had."""
    channels = 1 if samples.ndim == 2 else 3
    key = chunks.get(b"tRNS", b"")
    if len(key) != 2 * channels or chunks[b"IHDR"][9] not in (GREY, RGB):
        return None
    values = np.array(struct.unpack(f">{channels}H", key)) & (2**bits - 1)
    scaled = values if bits >= 8 else rescaled(values, bits, 8)
    return alpha.of_key(samples, tuple(scaled.tolist()), 2**have - 1)


def _colour(chunks: dict[bytes, bytes], grey: bool) -> tuple[Colour, tuple[str, ...]]:
    """By rank, as the PNG specification has it: cICP, iCCP, sRGB, then gAMA and cHRM."""
    points = chunks.get(b"cICP", b"")
    if len(points) == 4:
        primaries, transfer, matrix, full_range = points
        notes = []
        if not full_range:
            notes.append("Its samples are stated to be of narrow range and were kept as they are.")
        if matrix:
            notes.append(f"Its cICP chunk states the matrix {matrix}, which RGB does not have.")
        return colour.of_code_points(primaries, transfer), tuple(notes)
    if b"iCCP" in chunks:
        profile = _profile(chunks[b"iCCP"])
        return Colour(icc=profile), () if profile else ("Its colour profile is damaged and was left out.",)
    if b"sRGB" in chunks:
        return NOT_STATED, ()
    gamma, primaries_chunk = chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b"")
    stated = struct.unpack(">I", gamma)[0] if len(gamma) == 4 else 0
    chromaticities = None
    if len(primaries_chunk) == 32:
        chromaticities = tuple(value / 100000 for value in struct.unpack(">8I", primaries_chunk))
    if not stated and chromaticities is None:
        return NOT_STATED, ()
    return colour.of_numbers(chromaticities, 100000 / stated if stated else None, grey), ()


def _profile(chunk: bytes) -> bytes | None:
    _, _, packed = chunk.partition(b"\0")
    profile = _inflated(packed[1:], MAX_PROFILE + 1)
    return profile if 0 < len(profile) <= MAX_PROFILE else None
