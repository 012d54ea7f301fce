"""Kill the command at random moments and while it writes: no wrong file, no part left, the documented status.

    python -m benchmarks.kills --count 60

A third of the kills come in the first 0.3 s of a process, a third later in its run, and a third as soon as the file
that it writes has appeared beside its place. After each kill the command runs again and must remove what was left.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

STATUSES = {
    signal.SIGKILL: {-9},
    signal.SIGTERM: {143, -15},  # a process that a signal has ended is 128 + its number for a shell
    signal.SIGINT: {130, -2},
}
MOMENTS = ("start", "later", "writing")
START_S = 0.3
OLD = b"an earlier result"
OURS = b"tintype/cli"  # in a traceback; before it is imported, Python itself answers to Ctrl-C, with a traceback
SIDES = (700, 900)  # pixels; several tiles, so that the work takes a while


@dataclass(frozen=True, slots=True)
class Case:
    """One command to kill."""

    arguments: tuple[str, ...]
    target: str
    result: bytes  # of a whole run
    seconds: float  # that it takes


def kill_all(count: int, seed: int = 0) -> tuple[Counter[str], list[str]]:
    """Kill `count` processes; how often each end was met, and what went wrong, a sentence each."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # children inherit it where a shell has it ignored
    rng, ends, faults = random.Random(seed), Counter[str](), list[str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = _cases(folder)
        for number in range(count):
            moment, sent = MOMENTS[number % 3], tuple(STATUSES)[number // 3 % 3]
            case = cases[number // 9 % len(cases)]
            target = folder / case.target
            target.write_bytes(OLD)
            end, wrong = _kill(folder, case, sent, moment, rng)
            ends[f"{sent.name} {moment}: {end}"] += 1
            faults += [f"{sent.name} {moment} {' '.join(case.arguments)}: {each}" for each in wrong]
    return ends, faults


def _cases(folder: Path) -> list[Case]:
    waves = np.sin(np.arange(SIDES[0])[:, None, None] / 7 + np.arange(SIDES[1])[None, :, None] / 5 + np.arange(3))
    Image.fromarray((127 * (1 + waves)).astype(np.uint8)).save(folder / "a.png")
    found = []
    for arguments, target in (
        (("encode", "a.png", "--force"), "a.tint"),
        (("decode", "a.tint", "--force", "-o", "b.png"), "b.png"),
    ):
        began = time.monotonic()
        subprocess.run(_command(arguments), cwd=folder, check=True)
        seconds = time.monotonic() - began
        found.append(Case(arguments, target, (folder / target).read_bytes(), seconds))
    # the second reads what the first writes, which kills must not change
    (folder / "c.tint").write_bytes(found[0].result)
    found[1] = Case(("decode", "c.tint", "--force", "-o", "b.png"), "b.png", found[1].result, found[1].seconds)
    return found


def _kill(folder: Path, case: Case, sent: signal.Signals, moment: str, rng: random.Random) -> tuple[str, list[str]]:
    """How a process ended that was killed once, and what was wrong."""
    process = subprocess.Popen(_command(case.arguments), cwd=folder, stderr=subprocess.PIPE)
    if moment == "writing":
        while process.poll() is None and not _parts(folder):
            pass
    else:
        time.sleep(rng.uniform(*((0, START_S) if moment == "start" else (START_S, case.seconds))))
    process.send_signal(sent)
    _, err = process.communicate()
    faults = []
    if process.returncode not in STATUSES[sent] | {0}:
        faults.append(f"status {process.returncode}")
    if b"Traceback" in err and OURS in err:
        faults.append(err.decode(errors="replace"))
    if _parts(folder) and sent != signal.SIGKILL:
        faults.append(f"left {_parts(folder)}")
    content = (folder / case.target).read_bytes()
    if content not in (OLD, case.result):
        faults.append(f"{case.target} is neither the old file nor the new one")
    left = len(_parts(folder))
    again = subprocess.run(_command(case.arguments), cwd=folder, stderr=subprocess.PIPE, check=False)
    if again.returncode or _parts(folder) or (folder / case.target).read_bytes() != case.result:
        faults.append(f"the next run: status {again.returncode}, left {_parts(folder)}")
    return f"status {process.returncode}{f', {left} part' if left else ''}", faults


def _command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "tintype", *arguments]


def _parts(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".tintype-*.part")]


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60, help="processes to kill (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments (%(default)s)")
    options = parser.parse_args()
    ends, faults = kill_all(options.count, options.seed)
    for end, times in sorted(ends.items()):
        print(f"{times:4}  {end}")
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{options.count} kills, {len(faults)} faults")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
