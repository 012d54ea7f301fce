"""Time of decoders' synthesis on the real engines, as shares of today's decoder's."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.speed import processor
from studies.search import rows
from studies.search.space import BASE, TODAY, Shape, Shapes
from tintype.models.onnx_runtime import Session, runtime
from tintype.models.pico import native_graph
from tintype.models.pico.network import Synthesis
from tintype.models.pico.onnx_graph import trace
from tintype.native._engine import Network, instruction_sets

Run = Callable[[], object]


def runs(shape: Shape, side: int) -> dict[str, Run]:
    """One synthesis of a square tile with random weights, by engine."""
    torch.manual_seed(0)
    graph = trace(Synthesis(shape.config).eval(), {"y": BASE.latents}, ("pixels",))
    y = np.random.default_rng(251).normal(0, 12, (BASE.latents, side // 16, side // 16)).astype(np.float32)
    network, session = native(graph, shape), Session(graph)
    return {"native": lambda: network.run([y]), "onnx": lambda: session.run(None, {"y": y[None]})}


def native(graph: bytes, shape: Shape) -> Network:
    """A synthesis on the native engine. Blocks at 1/16 compute with 8 bits, as today's do (docs/decisions/0026)."""
    return native_graph.network("synthesis", graph, narrow=frozenset(shape.channels[:1]))


def ratios(run: Run, anchor: Run, repeats: int) -> tuple[float, float]:
    """CPU time of a call as a share of the anchor's, and milliseconds of the anchor; both medians of pairs."""
    pairs = []
    for turn in range(repeats + 1):
        # each goes first in every other pair, since the second finds other caches than the first
        order = (anchor, run) if turn % 2 else (run, anchor)
        begin = time.process_time()
        order[0]()
        middle = time.process_time()
        order[1]()
        pair = middle - begin, time.process_time() - middle
        pairs.append(pair if turn % 2 else pair[::-1])
    del pairs[0]  # made what is made once
    return median(b / a for a, b in pairs), 1000 * median(a for a, _ in pairs)


def measure(shapes: Iterable[Shape], path: Path, side: int, repeats: int) -> None:
    """Append a row for each shape that the file lacks at this side."""
    known = {(row["shape"], row["side"]) for row in rows.read(path)}
    anchors = runs(TODAY, side)
    versions = {"native": f"native {instruction_sets()[0]}", "onnx": f"onnxruntime {runtime().__version__}"}
    for shape in shapes:
        if (shape.name, side) in known:
            continue
        found = {engine: ratios(run, anchors[engine], repeats) for engine, run in runs(shape, side).items()}
        rows.append(
            path,
            {
                "shape": shape.name,
                "side": side,
                "repeats": repeats,
                **{f"{engine}_ratio": round(ratio, 4) for engine, (ratio, _) in found.items()},
                **{f"{engine}_anchor_ms": round(ms, 2) for engine, (_, ms) in found.items()},
                "engines": [versions[engine] for engine in found],
                "machine": processor(),
            },
        )


def draw(shapes: Shapes, count: int, seed: int) -> list[Shape]:
    """Some shapes at random, in a random order: a longer list begins with a shorter one."""
    order: NDArray[np.int64] = np.random.default_rng(seed).permutation(len(shapes))
    return [Shape.of(shapes[place]) for place in order[:count]]
