"""The example service under load, over loopback: speed, overload, and hostile files among good ones.

    python -m benchmarks.service [--seconds 10] [--hostile 200]

Needs uvicorn. Starts the service with its default limits, then asks it from threads of this process:

- speed: 1, 2, 4, 8 and 16 clients that encode and decode a picture of 256 x 256 in turn, each as fast as it can;
- overload: 64 clients, more than workers and queue take;
- hostile: files that ask for as much as the limits allow, and more, mixed with as many good ones, eight at a time. All
  good ones have to be answered, and the service has to stay within its memory.

Prints a table; times are from request to answer. Memory is the largest that the service has had so far.
"""

import argparse
import http.client
import itertools
import statistics
import subprocess
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

import tintype
from tests.hostile import asking, claiming
from tests.images.files import chunk, saved
from tests.pictures import picture
from tintype.codec.container.file import Chunk, ChunkType
from tintype.codec.container.header import Samples
from tintype.codec.tiling import WHOLE_PICTURE, Tiling
from tintype.evaluation.results.markdown import table

ROOT = Path(__file__).parents[1]
PORT = 8753
SIDE = 256  # pixels
TIMEOUT = 120.0  # seconds, of a client

Request = tuple[str, bytes]  # path with options, body


@dataclass(slots=True)
class Load:
    """What clients met."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)  # of answers with status 200
    refusals: list[float] = field(default_factory=list)  # of all others
    wall: float = 0.0

    def row(self, name: str, memory: int) -> list[str]:
        times = sorted(self.seconds) or [float("nan")]
        per_cent = times[min(len(times) - 1, int(0.99 * len(times)))]
        return [
            name,
            f"{len(self.seconds) / self.wall:.1f}",
            f"{1000 * statistics.median(times):.0f}",
            f"{1000 * per_cent:.0f}",
            ", ".join(f"{count} x {status}" for status, count in sorted(self.statuses.items())),
            f"{1000 * max(self.refusals, default=0):.0f}",
            f"{memory >> 20}",
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load")
    parser.add_argument("--hostile", type=int, default=200, help="hostile files, and as many good ones")
    options = parser.parse_args()
    good = good_requests()
    rows = []
    with server() as process:
        for clients in (1, 2, 4, 8, 16, 64):
            load = for_seconds(options.seconds, clients, good)
            rows.append(load.row(f"{clients} clients", peak_memory(process.pid)))
        mixed, answered = with_hostile(options.hostile, good)
        rows.append(mixed.row(f"{options.hostile} hostile and as many good, 8 clients", peak_memory(process.pid)))
        assert status_of(("/health", b"")) == 200
    names = ["load", "answered/s", "median ms", "99 % ms", "statuses", "slowest refusal ms", "peak MiB"]
    print(table(names, rows))
    print(f"{answered} of {options.hostile} good requests among hostile ones answered with 200")


@contextmanager
def server() -> Iterator[subprocess.Popen[bytes]]:
    """The service with its default limits, once it answers."""
    process = subprocess.Popen([sys.executable, ROOT / "examples" / "service.py", "--port", str(PORT)])
    try:
        while True:
            try:
                if status_of(("/health", b"")) == 200:
                    break
            except ConnectionError:
                if process.poll() is not None:
                    raise RuntimeError("the service did not start") from None
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait()


def good_requests() -> list[Request]:
    """To encode a picture, and to decode it in each format."""
    pixels = picture(SIDE, SIDE)
    file = saved(Image.fromarray(pixels), "PNG")
    coded = tintype.encode(pixels)
    return [("/encode", file), *(("/decode?format=" + name, coded) for name in ("png", "jpg", "webp"))]


def for_seconds(seconds: float, clients: int, requests: Sequence[Request]) -> Load:
    load, lock, end = Load(), threading.Lock(), time.perf_counter() + seconds

    def client(number: int) -> None:
        for request in itertools.islice(itertools.cycle(requests), number, None):
            if time.perf_counter() >= end:
                return
            _ask(request, load, lock)

    return _timed(load, lambda: _in_threads(client, range(clients), clients))


def with_hostile(count: int, good: Sequence[Request]) -> tuple[Load, int]:
    """Hostile and good ones in turn, eight at a time; and how many good ones were answered."""
    load, lock = Load(), threading.Lock()
    hostile = list(itertools.islice(itertools.cycle(hostile_requests()), count))
    both = zip(hostile, itertools.cycle(good), strict=False)
    asked = [(request, request is pair[1]) for pair in both for request in pair]
    answered = Counter[bool]()

    def client(item: tuple[Request, bool]) -> None:
        request, is_good = item
        status = _ask(request, load, lock)
        with lock:
            answered[is_good] += status == 200

    load = _timed(load, lambda: _in_threads(client, asked, 8))
    return load, answered[True]


def hostile_requests() -> list[Request]:
    """Files whose bytes are few and whose wishes are many."""
    tints = [
        claiming(65535, 65535, Tiling(4096, 4)),  # above any limit of pixels
        claiming(4096, 3900, WHOLE_PICTURE),  # one tile as large as the limit of pixels allows
        claiming(4000, 4000, Tiling(64, 16)),  # 3,969 tiles with the widest margins: four times the pixels
        claiming(65535, 1, WHOLE_PICTURE),
        asking(4000, 4000, Tiling(504, 4)),  # sound, and as much work as the limits allow
        asking(1400, 1400, WHOLE_PICTURE),  # sound, one tile
        asking(1500, 1500, Tiling(64, 16), Samples(16, primaries=9, transfer=16)),
    ]
    small = tintype.encode(picture(64, 64))
    tints += [small[: len(small) // 2], small[:-1] + b"x", small + b"more", bytes(1000), b""]
    tints.append(asking(64, 64, WHOLE_PICTURE, chunks=(Chunk(ChunkType.EXIF, bytes(2**24)),)))
    requests = [("/decode", data) for data in tints]

    flat = Image.new("L", (4000, 4000))  # 16 megapixels in kilobytes
    requests += [("/encode", saved(flat, "PNG")), ("/encode", saved(flat, "JPEG"))]
    requests += [("/encode", data) for data in (_png(60000, 60000), _png(1, 65535), b"BM" + bytes(99), b"")]
    bomb = zlib.compress(bytes(2**27))
    text = chunk(b"zTXt", b"Raw profile type exif\0\0" + bomb) + chunk(b"iCCP", b"bomb\0\0" + bomb)
    requests.append(("/encode", _png(64, 64, text)))
    return requests


def _png(width: int, height: int, extra: bytes = b"") -> bytes:
    """A PNG of one bit per pixel that states these sides; its rows are there as far as zlib makes them small."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes(min(height * (1 + (width + 7) // 8), 2**27)))
    body = chunk(b"IHDR", head) + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _ask(request: Request, load: Load, lock: threading.Lock) -> int:
    begin = time.perf_counter()
    status = status_of(request)
    seconds = time.perf_counter() - begin
    with lock:
        load.statuses[status] += 1
        (load.seconds if status == 200 else load.refusals).append(seconds)
    return status


def status_of(request: Request) -> int:
    """Status of one request on a connection of its own; 0 if the service closed it without an answer."""
    path, body = request
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=TIMEOUT)
    try:
        connection.request("POST" if body or path.startswith(("/encode", "/decode")) else "GET", path, body)
        response = connection.getresponse()
        response.read()
        return response.status
    except (http.client.HTTPException, ConnectionResetError, BrokenPipeError):
        return 0
    finally:
        connection.close()


def _in_threads(client: Callable[[Any], None], items: Sequence[Any], threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(client, items))


def _timed(load: Load, work: Callable[[], None]) -> Load:
    begin = time.perf_counter()
    work()
    load.wall = time.perf_counter() - begin
    return load


def peak_memory(pid: int) -> int:
    """Bytes; Linux only."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
