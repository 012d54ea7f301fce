"""The manifest: what proves that a result is done, and what survives kills, full disks and strangers."""

import json
import os
from pathlib import Path

import pytest

from tintype.batch import manifest as module
from tintype.batch.manifest import Done, Manifest, canonical
from tintype.errors import UsageError

SETTINGS = {"action": "encode", "quality": 42}


def line(
    target: str = "a.tint", source: str = "1" * 64, result: str = "2" * 64, status: str = "done"
) -> dict[str, object]:
    hashes = {"source_sha256": source, "result_sha256": result}
    return {"status": status, "source": "a.png", "target": target, "settings": SETTINGS, **hashes}


def test_a_folder_without_a_manifest_has_nothing_done(tmp_path: Path) -> None:
    assert Manifest(str(tmp_path / "none")).read() == ({}, 0)


def test_lines_are_added_and_the_same_line_proves_once(tmp_path: Path) -> None:
    manifest = Manifest(str(tmp_path / "new" / "folder"))
    manifest.append([line(), line("sub/b.tint")])
    manifest.append([line(), line(result="3" * 64), line("c.tint", status="failed")])
    settings = canonical(SETTINGS)
    first, second = Done("1" * 64, "2" * 64, settings), Done("1" * 64, "3" * 64, settings)
    assert manifest.read() == ({"a.tint": (first, second), "sub/b.tint": (first,)}, 0)
    lines = (tmp_path / "new/folder/tintype-manifest.jsonl").read_text().splitlines()
    assert [json.loads(each)["target"] for each in lines] == ["a.tint", "sub/b.tint", "a.tint", "a.tint", "c.tint"]


def test_settings_are_compared_by_value_not_by_their_order() -> None:
    assert canonical({"a": 1, "b": [None, 0.5]}) == canonical({"b": [None, 0.5], "a": 1})
    assert canonical({"a": 1}) != canonical({"a": True})


def test_a_torn_last_line_is_counted_and_the_next_line_is_not_lost(tmp_path: Path) -> None:
    manifest = Manifest(str(tmp_path))
    manifest.append([line(), line("b.tint")])
    path = tmp_path / "tintype-manifest.jsonl"
    whole = path.read_bytes()
    for cut in (1, 2, 100):  # without the end of the line it still reads; then it does not
        path.write_bytes(whole[:-cut])
        manifest.append([line("c.tint")])
        done, unreadable = manifest.read()
        assert (set(done), unreadable) == ({"a.tint", "c.tint"} | ({"b.tint"} if cut == 1 else set()), int(cut > 1))


@pytest.mark.parametrize(
    "content",
    [
        b"\0\xff\n",
        b"[]\n",
        b"7\n",
        b'{"status": "done"}\n',
        b'{"status": "done", "target": 1, "source_sha256": "", "result_sha256": "", "settings": {}}\n',
        b'{"status": "done", "target": "a", "source_sha256": [], "result_sha256": {}, "settings": {}}\n',
        b"[" * 100_000 + b"\n",
        b"9" * 10_000 + b"\n",
        b'{"status": "done", "target": "' + b"a" * module.MAX_LINE_BYTES * 3 + b'"}\n',
    ],
)
def test_a_line_of_a_stranger_is_counted_and_the_others_count(tmp_path: Path, content: bytes) -> None:
    manifest = Manifest(str(tmp_path))
    manifest.append([line()])
    with (tmp_path / "tintype-manifest.jsonl").open("ab") as file:
        file.write(content)
    manifest.append([line("b.tint")])
    done, unreadable = manifest.read()
    assert (set(done), unreadable) == ({"a.tint", "b.tint"}, 1)


def test_manifests_of_several_machines_are_read_together(tmp_path: Path) -> None:
    Manifest(str(tmp_path), f"{module.NAME}-one").append([line()])
    Manifest(str(tmp_path), f"{module.NAME}-two").append([line("b.tint")])
    assert set(Manifest(str(tmp_path)).read()[0]) == {"a.tint", "b.tint"}


def test_names_that_are_no_text_come_back(tmp_path: Path) -> None:
    Manifest(str(tmp_path)).append([line("\udcff.tint")])
    assert set(Manifest(str(tmp_path)).read()[0]) == {"\udcff.tint"}


@pytest.mark.skipif(os.name != "posix", reason="locks of POSIX")
def test_a_second_run_into_a_folder_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    manifest = Manifest(str(tmp_path))
    with (
        manifest.alone(),
        pytest.raises(UsageError, match="another run writes there"),
        Manifest(str(tmp_path)).alone(),
    ):
        pytest.fail("two runs in one folder")
    with manifest.alone():
        assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's device that is always full")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    (tmp_path / "tintype-manifest.jsonl").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        Manifest(str(tmp_path)).append([line()])
    assert caught.value.filename == str(tmp_path / "tintype-manifest.jsonl")
