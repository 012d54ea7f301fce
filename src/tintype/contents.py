"""What a picture is in a file beside its tiles: fields of the header and chunks, in both directions."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tintype.codec.container.alpha import read_alpha, write_alpha
from tintype.codec.container.file import Chunk, ChunkType, Container, chunk_name
from tintype.codec.container.header import SRGB_8_BIT, ColourType, Samples
from tintype.codec.reducing import boxed, boxed_as_seen, require_aligned
from tintype.codec.tiling import Rect, tile_grid
from tintype.errors import CorruptError
from tintype.images import MEMORY_BYTES_PER_PIXEL, CodePoints, Picture
from tintype.pixels import IntPixels
from tintype.targets import MEASURES, Target

ANALYSIS_BYTES_PER_PIXEL = 6  # of network pixels: 320 latents of 4 bytes for 256 of them, and hyper-latents
SUMMED_CORES = 2  # rows whose sums a canvas keeps: those of a row of tiles, whose last is up to 1.5 cores high
MAX_NOTES = 10  # of damaged tiles; more are counted
SRGB = CodePoints(SRGB_8_BIT.primaries, SRGB_8_BIT.transfer)


def samples_of(picture: Picture) -> Samples:
    """Depth and colour of a picture, for the header. Without code points it is sRGB, or what its ICC profile says."""
    return Samples(picture.depth, *(picture.code_points or SRGB))


def chunks_of(picture: Picture) -> list[Chunk]:
    """Transparency and metadata.

    Raises
    ------
    InputError
        The transparency takes more bytes than a chunk holds.
    """
    found = (
        (ChunkType.ALPHA, None if picture.alpha is None else write_alpha(picture.alpha)),
        (ChunkType.ICC, picture.icc),
        (ChunkType.EXIF, picture.exif),
        (ChunkType.XMP, picture.xmp),
        (ChunkType.IPTC, picture.iptc),
    )
    return [Chunk(kind, data) for kind, data in found if data]


def decoder_reduction(container: Container, reduce: int) -> int:
    """By what the decoder is to reduce: with transparency not at all, for means are taken of what is seen.

    Raises
    ------
    InputError
        A region does not consist of whole boxes, or there is no such factor.
    """
    require_aligned(container.region, reduce, container.header.width, container.header.height)
    return reduce if container.chunk(ChunkType.ALPHA) is None else 1


def picture_of(container: Container, pixels: IntPixels, reduce: int = 1) -> Picture:
    """The picture whose decoded pixels are given, reduced by this factor.

    Pixels are those of a decoder that was asked for `decoder_reduction`.

    Raises
    ------
    CorruptError
        The transparency is not a plane of the picture's size.
    """
    header, alpha = container.header, container.chunk(ChunkType.ALPHA)
    picture = replace(described(container), pixels=pixels)
    if alpha is None:
        return picture
    plane = read_alpha(alpha, header.width, header.height)
    shown = plane if container.region is None else plane[container.region.slices]
    return replace(picture, pixels=boxed_as_seen(pixels, shown, reduce), alpha=boxed(shown, reduce))


def salvaged_of(container: Container, pixels: IntPixels, damage: Mapping[int, Exception], reduce: int = 1) -> Picture:
    """As `picture_of`, without what is damaged besides the tiles. The picture's notes say what is missing.

    Parameters
    ----------
    damage : what is wrong with tiles, by number
    """
    header = container.header
    tiles = tile_grid(header.width, header.height, header.tiling, 1)
    notes = [_grey(tile, tiles[tile].core, error) for tile, error in list(damage.items())[:MAX_NOTES]]
    if len(damage) > MAX_NOTES:
        notes.append(f"{len(damage) - MAX_NOTES} more of {header.tile_count} tiles are grey.")
    lost = [chunk_name(type) or f"chunk {type}" for type in container.lost_chunks]
    if lost:
        notes.append(f"Damaged or missing, and left out: {', '.join(lost)}.")
    try:
        picture = picture_of(container, pixels, reduce)
    except CorruptError as error:
        notes.append(f"The transparency was left out: {error}.")
        picture = replace(described(container), pixels=boxed(pixels, reduce))
    return replace(picture, notes=tuple(notes))


def _grey(tile: int, core: Rect, error: Exception) -> str:
    return f"Tile {tile} is grey, {core.width} x {core.height} pixels from column {core.left}, row {core.top}: {error}."


def described(container: Container) -> Picture:
    """All of a picture but pixels and transparency: they are black and missing, and take no memory."""
    header, chunk = container.header, container.chunk
    shape = (header.height, header.width) if header.colour == ColourType.GREY else (header.height, header.width, 3)
    return Picture(
        np.broadcast_to(np.uint8(0), shape),
        depth=header.samples.depth,
        code_points=code_points(header.samples),
        icc=chunk(ChunkType.ICC),
        exif=chunk(ChunkType.EXIF),
        xmp=chunk(ChunkType.XMP),
        iptc=chunk(ChunkType.IPTC),
    )


def decoded_size(container: Container) -> tuple[int, int]:
    """Width and height of what is decoded: the region, or the picture. Transparency is decoded as a whole."""
    header, region = container.header, container.region
    if region is None or container.chunk(ChunkType.ALPHA) is not None:
        return header.width, header.height
    return region.width, region.height


def decoding_bytes(container: Container) -> int:
    """Memory that the picture of a file takes while it is decoded, its tiles left aside."""
    header = container.header
    width, height = decoded_size(container)
    sample_bytes = (1 if header.colour == ColourType.GREY else 3) * (1 if header.samples.depth == 8 else 2)
    # samples; then Pillow's image; a plane of alpha with its copies
    alpha = container.chunk(ChunkType.ALPHA) is not None
    picture = width * height * (sample_bytes + 6 + 14 * alpha)
    # sums of shares, twice as wide as samples, of one row of tiles and while the next begins
    rows = min(height, SUMMED_CORES * header.tiling.core)
    return picture + 2 * sample_bytes * width * rows


def encoding_bytes(picture: Picture) -> int:
    """Memory that a picture takes while it is read and encoded, its tiles left aside."""
    alpha = picture.alpha is not None
    # what readers take beside the samples; then the colour that is filled in under alpha, and its plane as WebP
    return 3 * picture.pixels.nbytes + picture.width * picture.height * (MEMORY_BYTES_PER_PIXEL + 14 * alpha)


def search_bytes(network_pixels: int, pixels: int, target: Target) -> int:
    """Memory that a search for a target takes besides: analyses that are kept and, for a quality, its measure."""
    return ANALYSIS_BYTES_PER_PIXEL * network_pixels + MEASURES[target.measure].bytes_per_pixel * pixels


def code_points(samples: Samples) -> CodePoints | None:
    """Colour of a header; None for sRGB, which an ICC profile may override."""
    found = CodePoints(samples.primaries, samples.transfer)
    return None if found == SRGB else found
