"""Decode training pictures once, to one array or to shards."""

from pathlib import Path

from tintype import images
from tintype.training.outputs import refuse
from tintype.training.pictures import crops, shards


def pack(
    pictures: Path,
    out: Path,
    side: int = 512,
    format: shards.Format = "webp",
    quality: int = 95,
    force: bool = False,
    max_pixels: int = images.MAX_PIXELS,
) -> str:
    """Write one array where `out` ends in .npy, otherwise a folder of shards; returns a line about it.

    Parameters
    ----------
    pictures : a folder, a manifest, or packed pictures
    side : pixels of the central squares
    format, quality : of shards; WebP at quality 100 is lossless
    force : replace an earlier array or earlier shards
    max_pixels : larger pictures are skipped

    Raises
    ------
    InputError
        There are earlier ones, or no pictures that can be read.
    """
    is_array = out.suffix == ".npy"
    refuse([path for path in [out] if path.exists()] if is_array else shards.shards_in(out), force)
    if is_array:
        return f"{out}: {len(crops.pack(crops.find(pictures), side, out, max_pixels))} pictures"
    decoded = crops.load(pictures, side, max_pixels=max_pixels)
    paths = shards.write(decoded, out, format, quality)
    size = sum(path.stat().st_size for path in paths)
    return f"{out}: {len(decoded)} pictures in {len(paths)} shards, {size / 1e6:.1f} MB"
