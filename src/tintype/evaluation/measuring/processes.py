"""Time and memory of one codec in a process of its own: what a user's first call costs, and what later ones do.

`python -m tintype.evaluation.measuring.processes encode|decode CODEC QUALITY INPUT OUTPUT [--threads N] [--repeat N]`
does the work and prints a line of JSON; `run` starts it and adds the time of the whole process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from tintype.errors import TintypeError, UnsupportedError

if TYPE_CHECKING:
    from tintype.evaluation.measuring.measure import Subject

Task = Literal["encode", "decode"]


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one task in one process. Wall and CPU seconds; CPU is summed over threads."""

    process_s: float  # from start to end: interpreter, imports, loading of model and input, task, output
    process_cpu_s: float
    warm_s: float  # the fastest of the repeats, in memory
    warm_cpu_s: float
    peak_bytes: int  # resident memory at its highest, interpreter and input included
    base_bytes: int  # the same just before the task: interpreter, imports, input


def run(task: Task, codec: str, quality: float, source: Path, target: Path, threads: int = 1, repeat: int = 3) -> Cost:
    """Do the task in a fresh process.

    Parameters
    ----------
    source : pixels as a .npy file to encode, a coded file to decode
    target : what comes out, the other way round
    repeat : times that the task is done, after the first; 0: `warm_s` is infinite

    Raises
    ------
    UnsupportedError
        The process failed; the message is its own.
    """
    command = [sys.executable, "-m", __name__, task, codec, f"{quality:g}", str(source), str(target)]
    threaded = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

    def once(repeat: int) -> tuple[dict[str, float], float]:
        start = time.perf_counter()
        done = subprocess.run(
            [*command, "--threads", str(threads), "--repeat", str(repeat)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **threaded},
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            raise UnsupportedError(f"{codec} {task}: {done.stderr.strip().splitlines()[-1:] or done.returncode}")
        found: dict[str, float] = json.loads(done.stdout)
        return found, seconds

    cold, seconds = once(0)
    warm, _ = once(repeat) if repeat else (cold, seconds)
    return Cost(
        seconds, cold["cpu_s"], warm["warm_s"], warm["warm_cpu_s"], int(cold["peak_bytes"]), int(cold["base_bytes"])
    )


@dataclass(frozen=True, slots=True)
class Peak:
    """Highest resident memory of processes that encode and decode one picture."""

    image: str
    quality: float
    encode_bytes: int
    decode_bytes: int


def peaks(names: Sequence[str], subject: "Subject") -> dict[str, Peak]:
    """One sample of each codec, at the middle of its qualities; by the codec's name in tables.

    Codecs that cannot be used are skipped.
    """
    from tintype.evaluation.codecs.names import codec_named

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        pixels, file, back = (Path(folder) / name for name in ("pixels.npy", "coded", "back.npy"))
        np.save(pixels, subject.pixels())
        for name in names:
            try:
                coder = codec_named(name)
                quality = coder.qualities[len(coder.qualities) // 2]
                encode = run("encode", name, quality, pixels, file, repeat=0)
                decode = run("decode", name, quality, file, back, repeat=0)
            except TintypeError:
                continue
            found[coder.name] = Peak(subject.name, quality, encode.peak_bytes, decode.peak_bytes)
    return found


def peak_memory() -> int:
    """Highest resident memory of this process so far, bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # not ru_maxrss: Linux lets it inherit what the parent had at the fork
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """The process that is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("encode", "decode"))
    parser.add_argument("codec")
    parser.add_argument("quality", type=float)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()

    from tintype.evaluation.codecs.names import codec_named

    coder = codec_named(options.codec, options.threads)
    if options.task == "encode":
        pixels = np.load(options.source)
        base = peak_memory()
        options.target.write_bytes(coder.encode(pixels, options.quality))
    else:
        data = options.source.read_bytes()
        base = peak_memory()
        np.save(options.target, coder.decode(data))
    peak, warm, warm_cpu = peak_memory(), float("inf"), float("inf")
    for _ in range(options.repeat):
        start, start_cpu = time.perf_counter(), time.process_time()
        if options.task == "encode":
            coder.encode(pixels, options.quality)
        else:
            coder.decode(data)
        warm = min(warm, time.perf_counter() - start)
        warm_cpu = min(warm_cpu, time.process_time() - start_cpu)
    found = {
        "cpu_s": time.process_time(),
        "warm_s": warm,
        "warm_cpu_s": warm_cpu,
        "peak_bytes": peak,
        "base_bytes": base,
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
