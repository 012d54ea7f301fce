"""Facts about files."""

from dataclasses import dataclass

from tintype import contents, images
from tintype.codec.container.file import ChunkType, chunk_name, parse
from tintype.codec.container.header import ColourType
from tintype.codec.graphics.shares import shares
from tintype.sources import Encoded, opened
from tintype.weights import store


@dataclass(frozen=True, slots=True)
class Info:
    """Facts about a file that need no decoding."""

    width: int  # pixels
    height: int  # pixels
    grey: bool
    depth: int  # bits per sample
    alpha: bool  # has transparency
    code_points: images.CodePoints | None  # colour as ITU-T H.273 numbers it; None: the ICC profile's, else sRGB
    network: str  # the registered model, docs/format.md
    model: str | None  # name of the weights; None: they do not ship with this version
    weights_hash: str  # 16 hexadecimal digits
    release: str | None  # first with these weights: later versions open the file; None: this version knows of none
    level: int
    tiles: int
    size_bytes: int
    bpp: float  # bits of the whole file per pixel
    graphics: float  # share of the pixels that are coded as graphics, 0 to 1
    exact: float  # share of the pixels that came in as they come out
    chunks: tuple[tuple[str, int], ...]  # type and bytes, of transparency, metadata and what float models need
    numerics: str | None  # float models: precision, threads, engine and device of the encoder
    decodable: bool  # the weights ship with this version
    looks: tuple[store.Look, ...]  # that the weights which ship with this version can give; see `tintype.Codec`


def info(data: Encoded) -> Info:
    """Facts about a file. Every checksum is verified; no pixel is decoded."""
    with opened(data) as source:
        container, size_bytes = parse(source), len(source)
    header = container.header
    name = store.name_of(header.weights_hash)
    numerics, found = container.numerics, shares(container)
    return Info(
        width=header.width,
        height=header.height,
        grey=header.colour == ColourType.GREY,
        depth=header.samples.depth,
        alpha=container.chunk(ChunkType.ALPHA) is not None,
        code_points=contents.code_points(header.samples),
        network=header.model_name,
        model=name,
        weights_hash=header.weights_hash.hex(),
        release=store.release_of(header.weights_hash),
        level=header.level,
        tiles=header.tile_count,
        size_bytes=size_bytes,
        bpp=8 * size_bytes / (header.width * header.height),
        graphics=found.graphics,
        exact=found.exact,
        chunks=tuple(
            (chunk_name(chunk.type) or str(chunk.type), len(chunk.data))
            for chunk in container.chunks
            if chunk.type != ChunkType.GRAPHICS
        ),
        numerics=None if numerics is None else str(numerics),
        decodable=name is not None,
        looks=store.looks(header.weights_hash),
    )
