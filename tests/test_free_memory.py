"""How much memory is free, as Linux and control groups tell it."""

from pathlib import Path

import pytest

from tintype import free_memory


def group(folder: Path, limit: str, used: str, **statistics: int) -> Path:
    """A control group of version 2 in a folder."""
    folder.mkdir()
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text("".join(f"{name} {value}\n" for name, value in statistics.items()))
    return folder


def test_the_least_that_system_and_groups_leave_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [group(tmp_path / "a", "max", "5"), group(tmp_path / "b", "1000", "600", anon=500, inactive_file=50)]
    monkeypatch.setattr(free_memory, "_groups", lambda: [*groups, tmp_path / "missing"])
    monkeypatch.setattr(free_memory, "_free_in_system", lambda: 2000)
    assert free_memory.free_memory() == 1000 - 600 + 50
    monkeypatch.setattr(free_memory, "_free_in_system", lambda: 300)
    assert free_memory.free_memory() == 300
    monkeypatch.setattr(free_memory, "_groups", list)
    monkeypatch.setattr(free_memory, "_free_in_system", lambda: None)
    assert free_memory.free_memory() is None


def test_limits_of_the_groups_around_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cgroup").write_text("0::/slice/service/unit\n")
    root = tmp_path / "sys"
    root.mkdir()
    group(root / "slice", "max", "5")
    group(root / "slice" / "service", "1000", "600")
    group(root / "slice" / "service" / "unit", "max", "5")
    monkeypatch.setattr(free_memory, "_MINE", tmp_path / "cgroup")
    monkeypatch.setattr(free_memory, "_ROOT", root)
    monkeypatch.setattr(free_memory, "_free_in_system", lambda: 2000)
    free_memory._groups.cache_clear()
    try:
        assert free_memory.free_memory() == 400
    finally:
        free_memory._groups.cache_clear()


def test_groups_of_version_1_are_understood(tmp_path: Path) -> None:
    for name, text in (
        ("memory.limit_in_bytes", "1000"),
        ("memory.usage_in_bytes", "900"),
        ("memory.stat", "inactive_file 1\ntotal_inactive_file 30\n"),
    ):
        (tmp_path / name).write_text(text)
    assert free_memory._free_in_group(tmp_path) == 130


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="needs Linux")
def test_this_machine_has_free_memory() -> None:
    free = free_memory.free_memory()
    assert free is not None and 2**20 < free < 2**50
