"""One task: skipped, done, or failed, and what it leaves in the folder."""

import json
import os
from pathlib import Path

import pytest
from PIL import Image

import tintype
from tests.pictures import picture
from tintype.api import Codec
from tintype.batch import work as module
from tintype.batch.actions import Encode
from tintype.batch.manifest import Manifest
from tintype.batch.work import Outcome, Task, Work
from tintype.errors import InputError, UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    Image.fromarray(picture(40, 56)).save(tmp_path / "in/a.png")
    return tmp_path


def work_in(folder: Path, quality: float = 20, keep_times: bool = False) -> Work:
    action = Encode(Codec(threads=1), quality)
    return Work(action, action.settings(), Manifest(str(folder / "out")), keep_times)


def task_in(folder: Path, name: str = "a", replaces: bool = False) -> Task:
    done = Manifest(str(folder / "out")).read()[0].get(f"{name}.tint", ())
    source, target = folder / "in" / f"{name}.png", folder / "out" / f"{name}.tint"
    return Task(f"{name}.png", str(source), str(target), f"{name}.png", f"{name}.tint", replaces or bool(done), done)


def once(folder: Path, **choices: object) -> Outcome:
    (outcome,) = work_in(folder, **choices)([task_in(folder)])
    return outcome


def test_a_result_is_done_once_and_its_line_says_all(folder: Path) -> None:
    outcome = once(folder)
    data = tintype.encode(folder / "in/a.png", quality=20)
    before = (folder / "in/a.png").stat().st_size
    assert (outcome.state, outcome.bytes_before, outcome.bytes_after) == ("done", before, len(data))
    assert (folder / "out/a.tint").read_bytes() == data
    (line,) = map(json.loads, (folder / "out/tintype-manifest.jsonl").read_text().splitlines())
    assert (line["status"], line["source"], line["target"]) == ("done", "a.png", "a.tint")
    assert (line["source_bytes"], line["result_bytes"], line["notes"]) == (before, len(data), [])
    assert line["settings"] == work_in(folder).settings

    again = once(folder)
    assert (again.state, again.bytes_before, again.bytes_after) == ("skipped", before, len(data))
    assert len((folder / "out/tintype-manifest.jsonl").read_text().splitlines()) == 1


def test_a_changed_source_or_setting_and_a_changed_or_missing_result_are_done_again(folder: Path) -> None:
    assert once(folder).state == "done"
    target, source = folder / "out/a.tint", folder / "in/a.png"
    target.write_bytes(b"damaged")
    assert once(folder).state == "done"
    target.unlink()
    assert once(folder).state == "done"
    times = source.stat()
    Image.fromarray(picture(40, 56, seed=1)).save(source)
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))  # by content, not by time
    assert once(folder).state == "done"
    assert target.read_bytes() == tintype.encode(source, quality=20)
    assert once(folder, quality=30).state == "done"
    assert target.read_bytes() == tintype.encode(source, quality=30)
    assert once(folder, quality=30).state == "skipped"


def test_a_line_without_its_file_is_work_to_do(folder: Path) -> None:
    """A process that is killed after it wrote the line leaves this."""
    (outcome,) = work_in(folder)([task_in(folder)])
    assert outcome.state == "done"
    whole = (folder / "out/a.tint").read_bytes()
    (folder / "out/a.tint").unlink()
    assert once(folder).state == "done"
    assert (folder / "out/a.tint").read_bytes() == whole


def test_a_file_that_no_line_knows_is_kept(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out/a.tint").write_bytes(b"precious")
    outcome = once(folder)
    assert isinstance(outcome.error, UsageError) and "--force" in str(outcome.error)
    assert (folder / "out/a.tint").read_bytes() == b"precious"
    (forced,) = work_in(folder)([task_in(folder, replaces=True)])
    assert forced.state == "done"


def test_errors_end_their_own_task_alone(folder: Path) -> None:
    (folder / "in/bad.png").write_bytes(b"no picture")
    outcomes = work_in(folder)([task_in(folder, "bad"), task_in(folder, "none"), task_in(folder)])
    assert [each.state for each in outcomes] == ["failed", "failed", "done"]
    assert isinstance(outcomes[0].error, InputError) and isinstance(outcomes[1].error, FileNotFoundError)
    assert sorted(os.listdir(folder / "out")) == ["a.tint", "tintype-manifest.jsonl"]


def test_a_source_that_changes_meanwhile_is_not_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Codec.encode

    def encode(self: Codec, *arguments: object, **options: object) -> bytes:
        data = real(self, *arguments, **options)
        (folder / "in/a.png").write_bytes(b"another")
        return data

    monkeypatch.setattr(Codec, "encode", encode)
    outcome = once(folder)
    assert isinstance(outcome.error, InputError) and "changed while it was read" in str(outcome.error)
    assert not (folder / "out").exists()


def test_times_are_kept_where_asked_also_of_what_was_done_before(folder: Path) -> None:
    os.utime(folder / "in/a.png", ns=(10**9, 2 * 10**9))
    assert once(folder).state == "done"
    assert (folder / "out/a.tint").stat().st_mtime_ns != 2 * 10**9
    assert once(folder, keep_times=True).state == "skipped"
    assert (folder / "out/a.tint").stat().st_mtime_ns == 2 * 10**9
    (folder / "out/a.tint").unlink()
    assert once(folder, keep_times=True).state == "done"
    assert (folder / "out/a.tint").stat().st_mtime_ns == 2 * 10**9


def test_a_manifest_that_cannot_be_written_leaves_no_result(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out/tintype-manifest.jsonl").mkdir()
    action = Encode(Codec(threads=1), 20)
    work = Work(action, action.settings(), Manifest(str(folder / "out")))
    (outcome,) = work([Task("a.png", str(folder / "in/a.png"), str(folder / "out/a.tint"))])
    assert isinstance(outcome.error, IsADirectoryError)
    assert os.listdir(folder / "out") == ["tintype-manifest.jsonl"]


def test_what_the_library_logs_becomes_notes(folder: Path) -> None:
    Image.fromarray(picture(40, 56)).convert("CMYK").save(folder / "in/b.tif")
    from tintype.images import ReadOptions

    action = Encode(Codec(threads=1), 20, read=ReadOptions(convert=True))
    (outcome,) = Work(action)([Task("b", str(folder / "in/b.tif"), str(folder / "b.tint"))])
    assert outcome.state == "done"
    assert outcome.result is not None
    (note,) = outcome.result.notes
    assert "CMYK" in note and not note.startswith(str(folder))  # the caller says of which file
    assert not module.LOG.handlers[1:]
