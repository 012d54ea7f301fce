"""The C++ under the address and undefined sanitizers: compiles and runs the programs of tests/native."""

import platform
import shutil
import subprocess
from pathlib import Path

from fuzz.work import Tally

ROOT = Path(__file__).parents[1]
SOURCE, TESTS = ROOT / "src" / "tintype" / "native", ROOT / "tests" / "native"
FLAGS = ("-std=c++17", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{SOURCE}")
X86 = platform.machine() in ("x86_64", "AMD64")
KERNELS = {
    "portable": (),
    "sse2": (),
    "avx2": ("-mavx2", "-mfma"),
    "avx512": ("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mfma"),
}
"""Instruction sets of the engine, and what CMakeLists.txt compiles each with."""

EXECUTIONS = {"fuzz_rans": 11, "fuzz_engine": 1}
"""What a round of a program counts for: payloads that it decodes at least (one whole, eight damaged, one of noise, one
with other rows), or networks."""


def fuzz(folder: Path, seconds: float, seed: int) -> Tally | None:
    """Run them for half of the time each; None where there is no compiler."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        return None
    tally = Tally(seconds=seconds)
    for name, executions in EXECUTIONS.items():
        program = build(folder, name, compiler)
        run = subprocess.run([program, str(seconds / len(EXECUTIONS)), str(seed)], capture_output=True, text=True)
        if run.returncode:
            tally.note("sanitizer", seed, run.stderr[:500])
            continue
        rounds = executions * int(run.stdout.split()[0])
        tally.executions += rounds
        tally.outcomes["as expected"] += rounds
    return tally


def build(folder: Path, name: str, compiler: str) -> Path:
    """A program of tests/native; the engine's with the kernels of all instruction sets."""
    flags = [*FLAGS, "-ffp-contract=off", *(["-DTINTYPE_X86"] if X86 else [])]
    parts = []
    for kernels, own in KERNELS.items() if name == "fuzz_engine" else ():
        if X86 or kernels == "portable":
            parts.append(folder / f"{kernels}.o")
            source = SOURCE / f"kernels_{kernels}.cpp"
            subprocess.run([compiler, *flags, *own, "-c", source, "-o", parts[-1]], check=True)
    program = folder / name
    subprocess.run([compiler, *flags, TESTS / f"{name}.cpp", *parts, "-o", program], check=True)
    return program
