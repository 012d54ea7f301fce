"""How much memory this process can still have."""

from pathlib import Path


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


def _groups() -> list[Path]:
    """Folders that may describe the memory of this process's control group; in a container it is the root."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            root = Path("/sys/fs/cgroup", controllers)
            found += [root, root / path.lstrip("/")]
    return found


def _free_in_group(folder: Path) -> int | None:
    """What is left of a group's limit; caches of files count as free, for the system drops them first."""
    for limit, usage in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        try:
            most, used = (folder / limit).read_text().strip(), int((folder / usage).read_text())
            statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        except (OSError, ValueError):
            continue
        if most.isdecimal():
            cached = int(statistics.get("total_inactive_file", statistics.get("inactive_file", 0)))
            return int(most) - used + cached
    return None
