"""What drift between machines does to HPCM files, and what it costs to mend it.

    python benchmarks/hpcm_drift.py PICTURE... --weights FILE [--drift 5e-6,1e-5] [--seeds 1] [--size 512x256]

Encodes each picture once (one thread) and prints the bytes that files of several tolerances keep to mend their rows.
Then decodes as other machines would: with uniform noise of up to the drift on every predicted scale and mean; with two
threads; with the other memory layout; with compiled networks. A plain file (tolerance 0) is refused at the first step
whose rows differ, or decodes if there is none; a portable file (default tolerance) is mended there, or refused.
"""

import argparse
import copy
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from tintype import images
from tintype.codec.agreement import DEFAULT_TOLERANCE, Agreement, StepRecord, record
from tintype.codec.entropy import rans
from tintype.codec.entropy.tables import Symbols
from tintype.codec.quantise import RateDistortion
from tintype.codec.steps import relay, walk
from tintype.codec.tile_model import Coded, StepRows
from tintype.codec.tiling import WHOLE_PICTURE, extract, tile_grid
from tintype.errors import DesyncError
from tintype.models.hpcm.context import Density, Walk
from tintype.models.hpcm.engine import HPCMModel, compiled, load
from tintype.models.hpcm.network import HPCM
from tintype.models.hpcm.schedule import Y_STRIDE

TOLERANCES = (1e-5, 2e-5, 4e-5, 1e-4, 2e-4)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", metavar="PICTURE", nargs="+", type=Path)
    parser.add_argument("--weights", metavar="FILE", type=Path, required=True)
    parser.add_argument("--drift", default="5e-6,1e-5")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--compiled", action="store_true", help="decode with compiled networks too")
    parser.add_argument("--size", help="cut pictures to WIDTHxHEIGHT")
    options = parser.parse_args()
    model = load(options.weights, None, threads=1, precision="float32", device="cpu")
    network = model.model
    machines = [
        (f"noise {drift:g}", HPCMModel(drifting(network, drift, seed), b"", threads=1))
        for drift in map(float, options.drift.split(","))
        for seed in range(options.seeds)
    ]
    other_layout = copy.deepcopy(network).to(memory_format=torch.contiguous_format)
    machines += [
        ("two threads", HPCMModel(network, b"", threads=2)),
        ("other layout", HPCMModel(other_layout, b"", threads=1)),
    ]
    if options.compiled:
        machines.append(("compiled", HPCMModel(compiled(network), b"", threads=1, compiled=True)))
    outcomes: dict[str, list[Outcome]] = {name: [] for name, _ in machines}
    columns = ["picture", "payload", "hashes", *(f"{tolerance:g}" for tolerance in TOLERANCES)]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for path in options.pictures:
        pixels = images.load_8bit(path)
        if options.size:
            width, height = map(int, options.size.split("x"))
            pixels = pixels[:height, :width]
        height, width, steps, payload = encode(model, pixels)
        sizes = [sum(1 + len(record(step, tolerance).syndrome) for step in steps) for tolerance in TOLERANCES]
        cells = [path.name, len(payload), 2 * len(steps), *(f"{n} ({100 * n / len(payload):.2f} %)" for n in sizes)]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        records = [record(step, DEFAULT_TOLERANCE) for step in steps]
        for name, machine in machines:
            outcomes[name].append(decode(machine, height, width, payload, steps, records))
    columns = ["decoder", "files", "plain decodes", "portable decodes", "rows mended, most", "first refused step"]
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name, its in outcomes.items():
        plain = sum(outcome.differs is None for outcome in its)
        portable = sum(outcome.refused is None for outcome in its)
        first = min((outcome.differs for outcome in its if outcome.differs is not None), default="")
        print(f"| {name} | {len(its)} | {plain} | {portable} | {max(outcome.mended for outcome in its)} | {first} |")


@dataclass(frozen=True)
class Outcome:
    """What became of a file."""

    differs: int | None  # first step whose rows differ: where a plain file is refused
    refused: int | None  # step where a portable file is refused
    mended: int  # rows


def encode(model: HPCMModel, pixels: np.ndarray) -> tuple[int, int, Sequence[Coded], bytes]:
    """Sides at the network, steps and payload of one picture."""
    (tile,) = tile_grid(pixels.shape[1], pixels.shape[0], WHOLE_PICTURE, Y_STRIDE)
    steps = model.encode(model.analyse(extract(pixels, tile)), 0, RateDistortion.of(model.tables))
    return tile.height, tile.width, steps, rans.encode([(step.rows, step.symbols) for step in steps], model.tables)


def decode(
    machine: HPCMModel, height: int, width: int, payload: bytes, steps: Sequence[Coded], records: list[StepRecord]
) -> Outcome:
    """Decode with what a portable file keeps; raises AssertionError where a symbol is wrong."""
    agreement = Agreement(records, None, None)
    coder = rans.Decoder(payload, machine.tables)
    expected = enumerate(steps)
    differs: int | None = None
    number = mended = 0

    def read(found: StepRows) -> Symbols:
        nonlocal differs, number, mended
        number, step = next(expected)
        if differs is None and not np.array_equal(found.rows, step.rows):
            differs = number
        rows = agreement.confirm(found)
        mended += int((rows != found.rows).sum())
        symbols = coder.decode(rows)
        assert np.array_equal(symbols, step.symbols), "decoded into garbage"
        return symbols

    try:
        walk(machine.decode(height, width, 0), read)
    except DesyncError:
        return Outcome(differs, number, mended)
    return Outcome(differs, None, mended)


def drifting(network: HPCM, amount: float, seed: int = 0) -> HPCM:
    """The same network on a machine whose scales and means are off by up to `amount`."""
    generator = torch.Generator().manual_seed(seed)

    def off(x: torch.Tensor) -> torch.Tensor:
        return x + amount * (2 * torch.rand(x.shape, generator=generator) - 1)

    def exchange(density: Density) -> Generator[Density, torch.Tensor, torch.Tensor]:
        return (yield replace(density, scale=off(density.scale), mean=off(density.mean)))

    def drifted(params: torch.Tensor) -> Walk:
        return relay(network.context.walk(params), exchange)

    other = copy.copy(network)
    other._modules = dict(network._modules)
    other.context = copy.copy(network.context)
    other.context.walk = drifted  # type: ignore[method-assign]
    return other


if __name__ == "__main__":
    main()
