"""What the search for graphics costs where there are none: `python -m benchmarks.photographs PICTURES...`.

Each picture is encoded with content "auto" and "photo" in turn, in CPU time of one thread.
"""

import argparse
import statistics
import time
from pathlib import Path

from tintype import images
from tintype.api import Codec
from tintype.codec.container.file import parse

QUALITIES = (10, 40, 75, 95)


def main() -> None:
    """Print which files differ, and the ratio of times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--repeats", type=int, default=3, help="of each pair of encodes")
    options = parser.parse_args()
    codec, ratios, files, found = Codec(threads=1), [], 0, 0
    for path in options.pictures:
        picture = images.load(path)
        codec.encode(picture)  # warm
        for quality in QUALITIES:
            pairs = [_pair(codec, picture, quality) for _ in range(options.repeats)]
            ratios.append(statistics.median(auto / photo for _, (auto, photo) in pairs))
            auto, photo = pairs[0][0]
            files += 1
            if auto != photo:
                found += 1
                kind = "graphics" if parse(auto).graphics else "no graphics"
                print(f"{path.name} at quality {quality}: {kind}, {len(auto) / len(photo) - 1:+.2%} bytes")
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"{files - found} of {files} files are equal")
    print(f"encode time, auto / photo: median {middle:.3f}, quartiles {low:.3f} to {high:.3f}")


def _pair(codec: Codec, picture: images.Picture, quality: float) -> tuple[tuple[bytes, bytes], tuple[float, float]]:
    """The two files and their CPU seconds."""
    begin = time.process_time()
    auto = codec.encode(picture, quality, content="auto")
    middle = time.process_time()
    photo = codec.encode(picture, quality, content="photo")
    return (auto, photo), (middle - begin, time.process_time() - middle)


if __name__ == "__main__":
    main()
