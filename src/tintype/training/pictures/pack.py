"""Decode training pictures once, to one array or to shards."""

from pathlib import Path

from tintype.training.pictures import crops, shards


def pack(pictures: Path, out: Path, side: int = 512, format: shards.Format = "webp", quality: int = 95) -> str:
    """Write one array where `out` ends in .npy, otherwise a folder of shards; returns a line about it.

    Parameters
    ----------
    pictures : a folder, a manifest, or packed pictures
    side : pixels of the central squares
    format, quality : of shards; WebP at quality 100 is lossless
    """
    if out.suffix == ".npy":
        return f"{out}: {len(crops.pack(crops.find(pictures), side, out))} pictures"
    decoded = crops.load(pictures, side)
    paths = shards.write(decoded, out, format, quality)
    size = sum(path.stat().st_size for path in paths)
    return f"{out}: {len(decoded)} pictures in {len(paths)} shards, {size / 1e6:.1f} MB"
