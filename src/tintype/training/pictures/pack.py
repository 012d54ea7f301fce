"""`python -m tintype.training.pictures.pack PICTURES OUT`: decode training pictures once.

OUT ending in .npy is one array that training memory-maps; otherwise it is a folder of shards of at most 16 MB.
"""

import argparse
from pathlib import Path

from tintype.training.pictures import crops as data
from tintype.training.pictures import shards


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tintype.training.pictures.pack", description=__doc__)
    parser.add_argument("pictures", type=Path, help="folder of pictures, manifest, or packed .npy")
    parser.add_argument("out", type=Path, help="FILE.npy, or a folder for shards")
    parser.add_argument("--side", type=int, default=512, help="pixels of the central squares (%(default)s)")
    parser.add_argument("--format", choices=("raw", "webp"), default="webp", help="of shards (%(default)s)")
    parser.add_argument("--quality", type=int, default=95, help="of WebP; 100: lossless (%(default)s)")
    options = parser.parse_args(arguments)
    if options.out.suffix == ".npy":
        paths = data.find(options.pictures)
        packed = data.pack(paths, options.side, options.out)
        print(f"{options.out}: {len(packed)} pictures")
        return
    pictures = data.load(options.pictures, options.side)
    paths = shards.write(pictures, options.out, options.format, options.quality)
    size = sum(path.stat().st_size for path in paths)
    print(f"{options.out}: {len(pictures)} pictures in {len(paths)} shards, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
