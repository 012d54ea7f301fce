"""Many encode and decode calls on threads that share a codec: do they give what serial calls give, in flat memory?

    python -m benchmarks.soak [--calls 5000] [--threads 8] [--seed 1]

Pictures have sides of 96 to 200 pixels: colour, grey, transparent, of 16 bits, in one tile and in several. Each case is
coded once alone. Then the threads code cases drawn by chance. Prints calls a second, calls whose bytes or pixels
differ, and resident memory after each tenth. Exits with status 1 if a call differs, or if memory at the end is more
than 5 % above that after three tenths.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

import tintype
from fuzz.work import memory_bytes
from tests.pictures import deep_picture, picture
from tintype.images import Picture

GROWTH = 1.05  # of memory, from three tenths to the end


@dataclass(frozen=True, slots=True)
class Report:
    """What the threads gave."""

    calls: int
    seconds: float
    different: int  # calls
    memory: Sequence[int]  # bytes after each tenth

    @property
    def flat(self) -> bool:
        return self.memory[-1] <= GROWTH * self.memory[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    report = soak(options.calls, options.threads, options.seed)
    memory = ", ".join(str(size >> 20) for size in report.memory)
    print(f"{report.calls} calls on {options.threads} threads in {report.seconds:.0f} s; {report.different} differ")
    print(f"MiB after each tenth: {memory}; {'flat' if report.flat else 'GROWING'}")
    return int(report.different > 0 or not report.flat)


def soak(calls: int, threads: int, seed: int) -> Report:
    """Run the cases alone, then `calls` of them on threads."""
    works = cases()
    alone = [work() for work in works]
    drawn = random.Random(seed).choices(range(len(works)), k=calls)
    different, memory = 0, []
    begin = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for tenth in range(10):
            part = drawn[tenth * calls // 10 : (tenth + 1) * calls // 10]
            results = pool.map(lambda case: works[case]() == alone[case], part)
            different += sum(not same for same in results)
            memory.append(memory_bytes())
    return Report(calls, time.perf_counter() - begin, different, memory)


def cases() -> list[Callable[[], bytes]]:
    """Calls without arguments: encode a picture to bytes, or decode a file to the bytes of its samples."""
    codecs = [tintype.Codec(threads=1), tintype.Codec(threads=2, tile=64), tintype.Codec(tune="psnr", threads=1)]
    sides = ((96, 96), (120, 200), (200, 150), (97, 131))
    works: list[Callable[[], bytes]] = []
    for number, (height, width) in enumerate(sides):
        colour = picture(height, width, number)
        alpha = np.where(colour[:, :, 1] > 128, 255, colour[:, :, 2]).astype(np.uint8)
        deep = deep_picture(height, width, 16, number)
        kinds = (Picture(colour), Picture(colour[:, :, 0]), Picture(colour, alpha=alpha), Picture(deep, depth=16))
        for kind, image in enumerate(kinds):
            codec, quality = codecs[(number + kind) % len(codecs)], 25 * kind
            data = codec.encode(image, quality)
            works.append(lambda codec=codec, image=image, quality=quality: codec.encode(image, quality))
            works.append(lambda codec=codec, data=data: _samples(codec.decode_picture(data)))
    return works


def _samples(image: Picture) -> bytes:
    return image.pixels.tobytes() + (b"" if image.alpha is None else image.alpha.tobytes())


if __name__ == "__main__":
    sys.exit(main())
