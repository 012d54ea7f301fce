"""How much memory this process can still have."""

from functools import lru_cache
from pathlib import Path, PurePosixPath

_MINE, _ROOT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
_FILES = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))
"""Limit and use of a control group: version 2, version 1."""

_UNLIMITED = 2**60  # bytes; groups of version 1 without a limit say a number above


def free_memory() -> int | None:
    """Bytes, by the system and by the control group of the process; None where nobody tells, as outside of Linux."""
    found = [free for free in (_free_in_system(), *map(_free_in_group, _groups())) if free is not None]
    return min(found, default=None)


def _free_in_system() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return 1024 * kilobytes[0] if kilobytes else None


@lru_cache(maxsize=1)  # a process stays where it is, and most of these folders do not exist
def _groups() -> list[Path]:
    """Folders with the memory of this process's control group and of those around it, whose limits hold for it too."""
    try:
        lines = _MINE.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):  # version 2, version 1
            own = PurePosixPath(path.lstrip("/"))
            found += [
                _ROOT / controllers / group for group in (own, *own.parents)
            ]  # in a container the last may be all
    return [folder for folder in found if any((folder / limit).exists() for limit, _ in _FILES)]


def _free_in_group(folder: Path) -> int | None:
    """What is left of a group's limit; caches of files count as free, for the system drops them first."""
    for limit, usage in _FILES:
        try:
            most = (folder / limit).read_text().strip()
            if not most.isdecimal() or int(most) >= _UNLIMITED:
                return None
            used = int((folder / usage).read_text())
            statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        except OSError:
            continue
        return int(most) - used + int(statistics.get("total_inactive_file", statistics.get("inactive_file", 0)))
    return None
