"""Fuzz everything that reads what strangers send.

    python -m fuzz [--minutes 8] [--seed N] [--keep] [TARGET...]
    python -m fuzz --seed N --input NUMBER TARGET

The minutes are shared by the targets. The first form prints a line for each target and exits with status 1 if there is
a finding: an exception that no page names, a crash, a hang. `--keep` adds short inputs to fuzz/corpus, one for each
place where a reader refused them. The second form runs one input again in this process and lets its exception through.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from fuzz import native, target, work
from fuzz.work import Tally


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join((*target.NAMES, 'native'))}")
    parser.add_argument("--minutes", type=float, default=len(target.NAMES) + 1.0)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="another one each time by default")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--input", type=int, help="number of the input to run again")
    options = parser.parse_args()
    names = options.targets or [*target.NAMES, "native"]
    unknown = set(names) - {*target.NAMES, "native"}
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if options.input is not None:
        return _again(names[0], options.seed, options.input)

    seconds = 60 * options.minutes / len(names)
    print(f"seed {options.seed}, {seconds:.0f} s for each target", flush=True)
    findings = 0
    for name in names:
        tally = _fuzzed(name, seconds, options.seed)
        if tally is None:
            print(f"{name}: skipped, there is no C++ compiler")
            continue
        print(report(name, tally), flush=True)
        findings += len(tally.findings)
        if options.keep:
            work.keep(name, tally)
    return int(findings > 0)


def _fuzzed(name: str, seconds: float, seed: int) -> Tally | None:
    if name != "native":
        return work.fuzz(name, seconds, seed)
    with tempfile.TemporaryDirectory() as folder:
        return native.fuzz(Path(folder), seconds, seed)


def _again(name: str, seed: int, number: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        made = target.load(name, Path(folder))
        data = target.input_of(made, target.with_corpus(name, made), seed, number)
        print(f"{len(data)} bytes: {data[:64].hex(' ')}", file=sys.stderr, flush=True)
        made.run(data)
    return 0


def report(name: str, tally: Tally) -> str:
    """A line for a target, and one for each finding."""
    outcomes = ", ".join(f"{count} {what}" for what, count in tally.outcomes.most_common())
    lines = [f"{name}: {tally.executions} executions in {tally.seconds:.0f} s: {outcomes}"]
    if tally.memory:
        early = tally.memory[len(tally.memory) // 5]
        lines[0] += f"; slowest {1000 * tally.slowest[0]:.0f} ms (input {tally.slowest[1]})"
        lines[0] += f"; memory {early >> 20} MiB after a fifth, {tally.memory[-1] >> 20} MiB at the end"
    for what, finding in tally.findings.items():
        lines.append(f"  FINDING, {finding.count} times, first input {finding.number}: {what}: {finding.message}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
