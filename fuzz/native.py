"""The native coder under the address and undefined sanitizers: compiles and runs tests/native/fuzz_rans.cpp."""

import shutil
import subprocess
from pathlib import Path

from fuzz.work import Tally

ROOT = Path(__file__).parents[1]
FLAGS = ("-std=c++17", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
PAYLOADS = 11  # that a round decodes, at least: one whole, eight damaged, one of noise, one with other rows


def fuzz(folder: Path, seconds: float, seed: int) -> Tally | None:
    """Run it; None where there is no compiler. An execution is one payload."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        return None
    program = folder / "fuzz_rans"
    source = ROOT / "tests" / "native" / "fuzz_rans.cpp"
    subprocess.run([compiler, *FLAGS, f"-I{ROOT / 'src' / 'tintype' / 'native'}", source, "-o", program], check=True)
    run = subprocess.run([program, str(seconds), str(seed)], capture_output=True, text=True)
    tally = Tally(seconds=seconds)
    if run.returncode:
        tally.note("sanitizer", seed, run.stderr[:500])
        return tally
    tally.executions = PAYLOADS * int(run.stdout.split()[0])
    tally.outcomes["as expected"] = tally.executions
    return tally
