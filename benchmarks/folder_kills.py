"""Kill `tintype encode DIR --resume` at random moments: resumed, it must give what a run without kills gives.

    python -m benchmarks.folder_kills --pictures 500 --kills 20

Mixed small pictures are generated: PNG, JPEG, WebP, grey, deep, transparent, in folders. One run goes through. Another
is killed (SIGKILL, SIGTERM, SIGINT to its whole group, as a terminal sends it) and resumed until it ends. Then both
trees must be equal, but for their manifests, and a last run must find nothing to do. After that results are damaged,
and the folder is resumed once more. At the end a run meets a limit of file size in place of a full disk.
"""

import argparse
import hashlib
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from tintype.batch.manifest import NAME, SUFFIX, is_manifest

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
STATUSES = {signal.SIGKILL: {-9}, signal.SIGTERM: {143, -15}, signal.SIGINT: {130, -2}}
FULL_BYTES = 4000  # of the largest file where a limit takes the place of a full disk
DAMAGED = 5  # results that are changed, and as many that are deleted


@dataclass
class Findings:
    """What happened, and what was wrong."""

    ends: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0  # of the run without kills
    redone: int = 0  # files that were encoded more often than once

    def expect(self, is_so: bool, fault: str) -> None:
        """Note a fault."""
        if not is_so:
            self.faults.append(fault)


def kill_folder(pictures: int, kills: int, jobs: int = 2, seed: int = 0) -> Findings:
    """Do all that the module's text says."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # children inherit it where a shell has it ignored
    rng, found = random.Random(seed), Findings()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(folder / "in", pictures, rng)
        sources = hashes(folder / "in")
        begin = time.monotonic()
        whole = run(folder, "whole", jobs)
        found.seconds = time.monotonic() - begin
        found.expect(whole.returncode == 0, f"the run without kills: {whole.stderr}")
        expected = hashes(folder / "whole")
        found.expect(len(expected) == pictures, f"{len(expected)} results of {pictures} pictures")

        for number in range(kills):
            kill(folder, jobs, SIGNALS[number % 3], rng.uniform(0.2, 2 * found.seconds / max(1, kills)), found)
        last = run(folder, "killed", jobs)
        found.expect(last.returncode == 0, f"the last run: {last.stderr}")
        found.expect(hashes(folder / "killed") == expected, "results differ after kills, or a stray file is there")
        lines = (folder / "killed" / (NAME + SUFFIX)).read_text(errors="replace").count('"status": "done"')
        found.redone = lines - pictures
        _expect_nothing_to_do(folder, jobs, found)

        _damage(folder / "killed", rng)
        again = run(folder, "killed", jobs)
        done = re.search(r"^done +(\d+)", again.stderr, re.MULTILINE)
        found.expect(done is not None and int(done[1]) == 2 * DAMAGED, f"after damage: {again.stderr}")
        found.expect(hashes(folder / "killed") == expected, "damaged results were not made again")

        _expect_full_disk_is_named(folder, jobs, expected, found)
        found.expect(hashes(folder / "in") == sources, "a source was changed")
    return found


def draw(folder: Path, count: int, rng: random.Random) -> None:
    """Small pictures of several kinds, in three folders; some are text, some noise, some smooth."""
    for i in range(count):
        height, width = rng.randrange(24, 120), rng.randrange(24, 160)
        noise = np.random.default_rng(i).integers(0, 256, (height, width, 4), np.uint8)
        smooth = (np.add.outer(np.arange(height), np.arange(width))[..., None] * (i % 5 + 1) + noise // 16) % 251
        pixels = (noise if i % 11 == 0 else smooth).astype(np.uint8)
        path = folder / ("", "2024", "2024/june")[i % 3] / f"{i:04}"
        path.parent.mkdir(parents=True, exist_ok=True)
        match i % 6:
            case 0 | 1:
                Image.fromarray(pixels[..., :3]).save(path.with_suffix(".jpg"))
            case 2:
                Image.fromarray(pixels[..., 0]).save(path.with_suffix(".png"))
            case 3:
                Image.fromarray(pixels).save(path.with_suffix(".png"))
            case 4:
                Image.fromarray(pixels[..., 0].astype(np.uint16) * 200).save(path.with_suffix(".png"))
            case _:
                Image.fromarray(pixels[..., :3]).save(path.with_suffix(".webp"))


def hashes(folder: Path) -> dict[str, str]:
    """Every file below a folder, hidden ones too, but for manifests."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not is_manifest(path.name)
    }


def command(target: str, jobs: int, source: str = "in") -> list[str]:
    """The command that is killed."""
    return [sys.executable, "-m", "tintype", "encode", source, "-o", target, "--resume", "--jobs", str(jobs)]


def run(folder: Path, target: str, jobs: int) -> "subprocess.CompletedProcess[str]":
    """One run to its end."""
    return subprocess.run(command(target, jobs), cwd=folder, capture_output=True, text=True, check=False)


def kill(folder: Path, jobs: int, sent: signal.Signals, after_s: float, found: Findings) -> None:
    """Start a run and end it by a signal."""
    process = subprocess.Popen(
        command("killed", jobs), cwd=folder, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    time.sleep(after_s)
    if sent is signal.SIGINT:
        os.killpg(process.pid, sent)
    else:
        process.send_signal(sent)
    _, err = process.communicate()  # ends when its workers have ended too: they have the same stream
    found.ends[f"{sent.name}: status {process.returncode}"] += 1
    found.expect(process.returncode in STATUSES[sent] | {0}, f"{sent.name}: status {process.returncode}, {err}")
    found.expect("tintype/batch" not in err, f"{sent.name}: {err}")
    parts = list((folder / "killed").rglob("*.part"))
    found.expect(sent is signal.SIGKILL or not parts, f"{sent.name} left {parts}")


def _expect_nothing_to_do(folder: Path, jobs: int, found: Findings) -> None:
    idle = run(folder, "killed", jobs)
    found.expect(idle.returncode == 0 and "nothing to do" in idle.stderr, f"a run without work: {idle.stderr}")


def _damage(folder: Path, rng: random.Random) -> None:
    for number, path in enumerate(rng.sample(sorted(folder.rglob("*.tint")), 2 * DAMAGED)):
        if number % 2:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-1])


def _expect_full_disk_is_named(folder: Path, jobs: int, expected: dict[str, str], found: Findings) -> None:
    """One folder of the three. The manifest meets the limit first: what has no line there is not written."""
    place = "2024/june"
    wanted = {name.removeprefix(f"{place}/"): sha for name, sha in expected.items() if name.startswith(f"{place}/")}
    line = command("full", jobs, f"in/{place}")
    full = subprocess.run(
        line,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_BYTES, FULL_BYTES)),
    )
    errors = [each for each in full.stderr.splitlines() if "File too large" in each]
    results = hashes(folder / "full")
    found.expect(full.returncode == 4 and bool(errors), f"a full disk: status {full.returncode}, {full.stderr}")
    found.expect(len(errors) + len(results) == len(wanted), "on a full disk a picture was neither done nor named")
    found.expect(results.items() <= wanted.items(), "a full disk left a wrong or stray file")
    after = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    found.expect(after.returncode == 0 and hashes(folder / "full") == wanted, f"after a full disk: {after.stderr}")


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=500, help="pictures (%(default)s)")
    parser.add_argument("--kills", type=int, default=20, help="runs to kill (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="of each run (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of pictures and moments (%(default)s)")
    options = parser.parse_args()
    found = kill_folder(options.pictures, options.kills, options.jobs, options.seed)
    for end, times in sorted(found.ends.items()):
        print(f"{times:4}  {end}")
    print(*found.faults, sep="\n", end="\n" if found.faults else "")
    print(f"{options.pictures} pictures in {found.seconds:.1f} s without kills; {found.redone} were encoded twice")
    print(f"{options.kills} kills, {len(found.faults)} faults")
    return int(bool(found.faults))


if __name__ == "__main__":
    sys.exit(main())
