"""The loop of one target, in a process of its own, and the process that watches it."""

import multiprocessing
import re
import resource
import tempfile
import time
import traceback
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from fuzz import target as targets

HANG_SECONDS = 20.0  # for one input of kilobytes
START_SECONDS = 180.0  # to import libraries and to make the first inputs
TALLY_SECONDS = 1.0
ADDRESS_BYTES = 16 << 30  # of address space, most of which PyTorch and ONNX Runtime only reserve
MAX_RESTARTS = 20
MEMORY_DISK = Path("/dev/shm")  # of Linux; a target may write a file for each input
KEPT_BYTES = 2048  # of the longest input that the corpus keeps


@dataclass(slots=True)
class Finding:
    """Something that no input may cause."""

    number: int  # of the first input that caused it
    message: str  # of that input
    count: int = 0


@dataclass(slots=True)
class Tally:
    """What became of the inputs so far."""

    executions: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)  # "accepted", or the documented exception
    findings: dict[str, Finding] = field(default_factory=dict)  # by kind and place
    slowest: tuple[float, int] = (0.0, 0)  # seconds, number
    memory: list[int] = field(default_factory=list)  # bytes, each second
    new: dict[str, bytes] = field(default_factory=dict)  # short inputs that ended where none did before, by the end

    def note(self, what: str, number: int, message: str = "") -> None:
        self.findings.setdefault(what, Finding(number, message)).count += 1

    def add(self, other: "Tally") -> None:
        self.executions += other.executions
        self.seconds += other.seconds
        self.outcomes += other.outcomes
        for what, finding in other.findings.items():
            self.findings.setdefault(what, Finding(finding.number, finding.message)).count += finding.count
        self.slowest = max(self.slowest, other.slowest)
        self.memory += other.memory
        self.new = other.new | self.new


def fuzz(
    name: str, seconds: float, seed: int, executions: int | None = None, hang_seconds: float = HANG_SECONDS
) -> Tally:
    """Run one target in a process of its own. A crash or hang is a finding, and another process goes on behind it.

    Parameters
    ----------
    executions : at most; None: as many as the seconds allow
    """
    total, first = Tally(), 0
    context = multiprocessing.get_context("spawn")
    for _ in range(MAX_RESTARTS):
        left = seconds - total.seconds
        count = None if executions is None else executions - total.executions
        if left <= 0 or count == 0:
            break
        current = context.Value("q", first)
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(name, seed, first, left, count, current, theirs), daemon=True)
        process.start()
        theirs.close()
        tally, end = _watch(ours, hang_seconds)
        process.kill()
        process.join()
        if tally is None:
            raise RuntimeError(f"{name}: the target could not be made")
        if end is not None:
            tally.executions = current.value - first + 1  # the last second was not told
        total.add(tally)
        if end is None:
            break
        what = end if end == "hang" else f"crash with status {process.exitcode}"
        total.note(what, current.value)
        first = current.value + 1
    return total


def _watch(connection: Connection, hang_seconds: float) -> tuple[Tally | None, str | None]:
    """The last tally of a process, None if it never began, and how it failed."""
    tally, patience = None, START_SECONDS
    while connection.poll(patience):
        try:
            received, done = connection.recv()
        except EOFError:
            return tally, "crash"
        tally, patience = received, hang_seconds
        if done:
            return tally, None
    return tally, "hang"


def _work(name: str, seed: int, first: int, seconds: float, count: int | None, current, results: Connection) -> None:
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None) as folder:
        target = targets.load(name, Path(folder))
        starts = targets.with_corpus(name, target)
        with suppress(ValueError):  # the system's own limit is lower
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
        tally = Tally()
        results.send((tally, False))
        begin = told = time.perf_counter()
        number, known = first, 0
        while tally.seconds < seconds and (count is None or tally.executions < count):
            current.value = number
            data = targets.input_of(target, starts, seed, number)
            before = time.perf_counter()
            _run(target, data, number, tally)
            now = time.perf_counter()
            tally.executions += 1
            tally.seconds = now - begin
            tally.slowest = max(tally.slowest, (now - before, number))
            number += 1
            if now - told >= TALLY_SECONDS or len(tally.findings) > known:
                told, known = now, len(tally.findings)
                tally.memory.append(memory_bytes())
                results.send((tally, False))
        tally.memory.append(memory_bytes())
        results.send((tally, True))


def _run(target: targets.Target, data: bytes, number: int, tally: Tally) -> None:
    """One execution; every exception is counted, and one that no page names is a finding."""
    try:
        target.run(data)
    except KeyboardInterrupt:
        raise
    except target.documented as error:
        kind = type(error).__name__
        end = f"{kind} at {_place(error)}"
    except BaseException as error:  # Rust's panics are no `Exception`
        kind = end = f"{type(error).__name__} at {_place(error)}"
        tally.note(kind, number, str(error)[:200])
    else:
        kind = end = "accepted"
    tally.outcomes[kind] += 1
    if end not in tally.new and len(data) <= KEPT_BYTES:
        tally.new[end] = data


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


def keep(name: str, tally: Tally) -> int:
    """Add inputs that ended where none did before to the corpus, named by where; returns how many."""
    folder = targets.CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    for end, data in tally.new.items():
        (folder / re.sub("[^A-Za-z0-9_]+", "-", end)).write_bytes(data)
    return len(tally.new)


def memory_bytes() -> int:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
