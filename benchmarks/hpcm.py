"""HPCM's speed beside what its own convolutions and matrix products take alone.

    python benchmarks/hpcm.py [PICTURE] --model hpcm-base [--weights FILE] [--threads 2] [--size 768x512]

Encodes and decodes a picture (noise, if none is given; random weights, if no file is) and prints seconds by part, the
fastest of several runs: the networks, the entropy coder, and the rest. The floor of a direction is the sum over all of
its convolutions and matrix products, each run alone, in the faster of both memory layouts. Peak memory is that of the
process.
On a busy machine --cpu-time with --threads 1 counts what the process itself used.
"""

import argparse
import os
import resource
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from tintype import images
from tintype.codec.agreement import DEFAULT_TOLERANCE, Agreement, record
from tintype.codec.entropy import rans
from tintype.codec.entropy.tables import Symbols
from tintype.codec.quantise import RateDistortion
from tintype.codec.steps import walk
from tintype.codec.tile_model import Precision, StepRows
from tintype.codec.tiling import WHOLE_PICTURE, extract, tile_grid
from tintype.models import hpcm
from tintype.models.hpcm import compressai, engine
from tintype.models.hpcm.costs import cost
from tintype.models.hpcm.engine import HPCMModel, device_name
from tintype.models.hpcm.schedule import Y_STRIDE

Parts = dict[str, float]  # seconds
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", metavar="PICTURE", nargs="?", type=Path)
    parser.add_argument("--model", default="hpcm-base")
    parser.add_argument("--weights", metavar="FILE", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", default="768x512")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", action="store_true", help="run the networks through torch.compile")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cpu-time", action="store_true", help="CPU seconds instead of wall-clock seconds")
    parser.add_argument("--no-floor", action="store_true", help="leave the floor out")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    torch.set_num_threads(options.threads)
    if options.cpu_time:
        Clock.now = staticmethod(time.process_time)
    torch.manual_seed(0)
    model = load(options.model, options.weights, options.threads, options.precision, options.device, options.compile)
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    pixels = images.load_8bit(options.picture)[:height, :width] if options.picture else noise
    how = f"{options.threads} threads, {options.precision}{', compiled' * options.compile}, torch {torch.__version__}"
    print(
        f"{options.model} {pixels.shape[1]}x{pixels.shape[0]}, {device_name(model.device)}, {how}, "
        f"load {os.getloadavg()[0]:.1f}, best of {options.repeat}"
    )
    size = (pixels.shape[0], pixels.shape[1])
    encoder, decoder, peaks = run(model, pixels, options.repeat)
    its = cost(model.model.config)
    for name, parts, peak, kmac in (
        ("encode", encoder, peaks[0], its.kmac_encoder),
        ("decode", decoder, peaks[1], its.kmac_decoder),
    ):
        total = sum(parts.values())
        text = ", ".join(f"{part} {seconds:.3f}" for part, seconds in parts.items())
        print(
            f"{name}: {total:.3f} s ({text}); {kmac * size[0] * size[1] / 1e6 / total:.1f} GMAC/s; peak {peak:.2f} GiB"
        )
    if not options.no_floor:
        floors = floor(model, pixels, options.repeat)
        for name, seconds, parts in (("encode", floors[0], encoder), ("decode", floors[1], decoder)):
            print(f"{name} floor: {seconds:.3f} s; ours is {sum(parts.values()) / seconds:.2f} times that")


def load(name: str, weights: Path | None, threads: int, precision: Precision, device: str, compile: bool) -> HPCMModel:
    """A weights file's model, or one with random weights."""
    if weights is not None:
        return engine.load(hpcm.Options(weights, device, precision, compile), name, threads)
    torch.manual_seed(0)
    network = hpcm.create(name).eval().to(device, memory_format=torch.channels_last)
    compressai.update(network)
    return HPCMModel(engine.compiled(network) if compile else network, b"", threads, precision, compile)


def run(model: HPCMModel, pixels: np.ndarray, repeat: int) -> tuple[Parts, Parts, tuple[float, float]]:
    """Fastest encoding and decoding by parts, and peak memory in GiB after each."""
    encodings, decodings = [], []
    if model.identity.numerics and model.identity.numerics.compiled:
        begin = time.perf_counter()
        _, payload, records = encode(model, pixels)
        decode(model, pixels.shape[:2], payload, records)
        print(f"compiled in {time.perf_counter() - begin:.0f} s")
    for _ in range(repeat):
        parts, payload, records = encode(model, pixels)
        encodings.append(parts)
    peak = _peak()
    for _ in range(repeat):
        decodings.append(decode(model, pixels.shape[:2], payload, records))
    fastest = (min(runs, key=lambda parts: sum(parts.values())) for runs in (encodings, decodings))
    return *fastest, (peak, _peak())


def encode(model: HPCMModel, pixels: np.ndarray) -> tuple[Parts, bytes, list[Any]]:
    """One encoding."""
    (tile,) = tile_grid(pixels.shape[1], pixels.shape[0], WHOLE_PICTURE, Y_STRIDE)
    clock = Clock(model.device)
    x = extract(pixels, tile)
    quantiser = RateDistortion.of(model.tables)
    clock.stop("rest")
    steps = model.encode(model.analyse(x), 0, quantiser)
    clock.stop("network")
    payload = rans.encode([(step.rows, step.symbols) for step in steps], model.tables)
    clock.stop("coder")
    records = [record(step, DEFAULT_TOLERANCE) for step in steps]
    clock.stop("rest")
    return clock.parts, payload, records


def decode(model: HPCMModel, size: tuple[int, int], payload: bytes, records: list[Any]) -> Parts:
    """One decoding."""
    height, width = (-(-side // Y_STRIDE) * Y_STRIDE for side in size)
    clock = Clock(model.device)
    steps = model.decode(height, width, 0)
    coder = rans.Decoder(payload, model.tables)
    agreement = Agreement(records, model.identity.numerics, model.identity.numerics)
    clock.stop("coder")

    def read(found: StepRows) -> Symbols:
        clock.stop("network")
        rows = agreement.confirm(found)
        clock.stop("rest")
        symbols = coder.decode(rows)
        clock.stop("coder")
        return symbols

    latents = walk(steps, read)
    model.synthesise(latents, 0)
    clock.stop("network")
    return clock.parts


class Clock:
    """Adds up seconds by part."""

    now: Callable[[], float] = staticmethod(time.perf_counter)

    def __init__(self, device: torch.device) -> None:
        self.device, self.parts = device, {"network": 0.0, "coder": 0.0, "rest": 0.0}
        self.begin = self.now()

    def stop(self, part: str) -> None:
        """What has passed since the last stop belongs to this part."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        now = self.now()
        self.parts[part] += now - self.begin
        self.begin = now


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


# The floor


@torch.no_grad()
def floor(model: HPCMModel, pixels: np.ndarray, repeat: int) -> tuple[float, float]:
    """Seconds of all convolutions and products of an encoding and of a decoding, each alone."""
    network = model.model
    calls: Counter[tuple[Any, tuple[int, ...]]] = Counter()

    def hook(module: nn.Module, inputs: Any) -> None:
        calls[module, tuple(inputs[0].shape)] += 1

    hooks = [module.register_forward_pre_hook(hook) for module in network.modules() if isinstance(module, CONVOLUTIONS)]
    original = F.scaled_dot_product_attention

    def attention(query: Any, key: Any, value: Any) -> Any:
        calls["attention", tuple(query.shape)] += 1
        return original(query, key, value)

    F.scaled_dot_product_attention = attention
    try:
        *_, payload, records = encode(model, pixels)
        encoder = Counter(calls)
        calls.clear()
        decode(model, pixels.shape[:2], payload, records)
        decoder = Counter(calls)
    finally:
        F.scaled_dot_product_attention = original
        for hook in hooks:
            hook.remove()
    cache: dict[Any, float] = {}
    return tuple(sum(count * _alone(model, *call, repeat, cache) for call, count in both.items())
                 for both in (encoder, decoder))  # fmt: skip


def _alone(model: HPCMModel, what: Any, shape: tuple[int, ...], repeat: int, cache: dict[Any, float]) -> float:
    """Fastest seconds of one operation."""
    key = (str(what), shape)
    if key not in cache:
        x = torch.rand(shape, device=model.device)
        if what == "attention":
            scores = torch.rand(*shape[:3], shape[2], device=model.device)
            cache[key] = _fastest(model, lambda: x @ x.transpose(2, 3), repeat)
            cache[key] += _fastest(model, lambda: scores @ x, repeat)
        else:
            cache[key] = float("inf")
            for layout in (torch.contiguous_format, torch.channels_last):
                layer = type(what)(
                    what.in_channels,
                    what.out_channels,
                    what.kernel_size,
                    what.stride,
                    what.padding,
                    groups=what.groups,
                ).to(model.device, memory_format=layout)
                y = x.contiguous(memory_format=layout)
                cache[key] = min(cache[key], _fastest(model, lambda layer=layer, y=y: layer(y), repeat))
    return cache[key]


def _fastest(model: HPCMModel, work: Callable[[], Any], repeat: int) -> float:
    times = []
    for _ in range(repeat + 1):
        clock = Clock(model.device)
        with model._conditions():
            work()
        clock.stop("network")
        times.append(clock.parts["network"])
    return min(times[1:])


if __name__ == "__main__":
    main()
