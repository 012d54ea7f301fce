"""Training throughput of models at 256x256: `python studies/throughput.py [--compile] [--models A,B] [--steps 3]`.

One thread. On a CPU, pictures per second of CPU time of the process, so other work on the machine disturbs little; on a
GPU, of wall time. The first step is reported separately: with `--compile` it compiles. Pictures are noise:
only their size matters. The share is that of a product of matrices on the same device and in the same precision, or of
the data sheet (training/report/pace.py).
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from tintype.training.loop import Trainer
from tintype.training.machine import Plain
from tintype.training.recipes import configure
from tintype.training.report import pace

RECIPES = {"pico-s": "pico_s", "pico-m": "pico_s", "hpcm-nano": "hpcm_nano", "hpcm-base": "hpcm_nano"}


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(RECIPES))
    parser.add_argument("--precisions", default="float32,bf16")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3, help="timed, after one that is not")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")  # compilers as children whose time is counted
    device = torch.device(options.device)
    pictures = np.random.default_rng(0).integers(0, 256, (8, 512, 512, 3), np.uint8)
    compiled = "compiled" if options.compile else "not compiled"
    print(f"| {compiled}, batch {options.batch} | precision | pictures/s | TFLOP/s | share of peak | first step, s |")
    print("|---|---|---|---|---|---|")
    precisions = options.precisions.split(",")
    peaks = {name: pace.peak(device, name == "bf16")[0] for name in precisions}
    for model in options.models.split(","):
        for name in precisions:
            bf16 = name == "bf16"
            settings = [f"model={model}", f"batch={options.batch}", "crop=256", f"bf16={bf16}", "start=random"]
            config = configure(RECIPES[model], [*settings, f"compile={options.compile}"])
            with tempfile.TemporaryDirectory() as folder:
                run = Trainer(config, pictures, pictures[:1], Path(folder), None, Plain(options.device, bf16))
                start = clock(device)
                run.train_step()
                first = clock(device) - start
                start = clock(device)
                for _ in range(options.steps):
                    run.train_step()
                seconds = clock(device) - start
            rate = options.batch * options.steps / seconds
            flops = rate * pace.flops_per_picture(config)
            share = flops / peaks[name]
            print(f"| {model} | {name} | {rate:.3g} | {flops / 1e12:.3f} | {share:.0%} | {first:.1f} |", flush=True)


def clock(device: torch.device) -> float:
    """Seconds that count: CPU time of this process and of its compilers, or of the wall for a GPU that is done."""
    if device.type == "cpu":
        return sum(os.times()[:4])
    torch.cuda.synchronize(device)
    return time.perf_counter()


if __name__ == "__main__":
    main()
