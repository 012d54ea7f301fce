"""Files by path and by URL."""

import hashlib
import os
from pathlib import Path

import pytest

from tintype.batch import places
from tintype.errors import UnsupportedError


def test_only_urls_of_files_are_paths() -> None:
    assert places.local("file:///a%20b/c") == "/a b/c"
    assert places.local("a/b") == "a/b"
    assert places.local("s3://bucket/a") == "s3://bucket/a"
    assert [places.is_url(each) for each in ("a:b", "/a", "s3://bucket")] == [False, False, True]


def test_a_file_is_known_by_hash_size_and_times(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"content")
    os.utime(path, ns=(1, 2))
    found = places.opened(str(path))
    assert (found.sha256, found.size_bytes) == (hashlib.sha256(b"content").hexdigest(), 7)
    assert (found.source, found.times) == (str(path), (1, 2))
    assert not found.has_changed()
    path.write_bytes(b"CONTENT")
    assert found.has_changed()
    path.unlink()
    assert found.has_changed()
    assert places.opened_if_any(str(path)) is None
    with pytest.raises(FileNotFoundError):
        places.opened(str(path))


def test_a_file_is_written_with_folders_and_times_and_without_a_part(tmp_path: Path) -> None:
    target = tmp_path / "x" / "y" / "a"
    places.write(str(target), b"1")
    places.write(str(target), b"22", times=(10**9, 2 * 10**9))
    assert target.read_bytes() == b"22"
    assert target.stat().st_mtime_ns == 2 * 10**9
    assert os.listdir(target.parent) == ["a"]


def test_objects_of_a_store_are_listed_read_and_written() -> None:
    fsspec = pytest.importorskip("fsspec", reason="tintype[ray] is not installed")
    store = fsspec.filesystem("memory")
    try:
        places.write("memory://bucket/sub/b.png", b"2")
        places.write("memory://bucket/a.png", b"1")
        found = places.found_below("memory://bucket")
        assert found == [("memory:///bucket/a.png", "a.png"), ("memory:///bucket/sub/b.png", "sub/b.png")]
        opened = places.opened(found[1][0])
        assert (opened.sha256, opened.size_bytes, opened.times) == (places.sha256(b"2"), 1, None)
        assert not isinstance(opened.source, str)
        assert opened.source.read() == b"2"
        assert opened.source.name == "memory:///bucket/sub/b.png"  # for formats that are told by the suffix
        assert places.exists("memory://bucket/a.png") and not places.exists("memory://bucket/b.png")
        assert places.opened_if_any("memory://bucket/none") is None
    finally:
        store.rm("/bucket", recursive=True)


def test_an_unknown_kind_of_url_says_what_to_install() -> None:
    with pytest.raises(UnsupportedError, match=r"nosuch://a: .*tintype\[ray\]"):
        places.opened("nosuch://a")
