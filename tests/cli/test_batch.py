"""`--jobs` and `--resume` of `encode`, `decode` and `verify`."""

import json
import os
import re
from pathlib import Path

import pytest
from PIL import Image

import tintype as library
from tests.cli.command import Result, names, photo, tintype
from tests.pictures import picture

MANIFEST = "tintype-manifest.jsonl"


def counts(result: Result) -> dict[str, int]:
    """Files by what became of them, from the table."""
    rows = re.findall(r"^(done|skipped|failed|ignored) +(\d+)", result.err, re.MULTILINE)
    return {state: int(count) for state, count in rows}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one that is none, and a file of another kind."""
    for seed, place in enumerate(("a.png", "sub/b.png", "sub/c.jpg")):
        photo(tmp_path / "in" / place, seed=seed)
    (tmp_path / "in/bad.png").write_bytes(b"no picture")
    (tmp_path / "in/notes.txt").write_text("not a picture")
    return tmp_path


def test_a_folder_is_done_once_in_any_number_of_processes(folder: Path) -> None:
    assert tintype(folder, "encode", "in", "-o", "one").status == 3
    first = tintype(folder, "encode", "in", "-o", "out", "--resume", "--jobs", "2")
    assert (first.status, first.out) == (3, "")
    assert first.err.splitlines()[0] == "in/bad.png: not a picture in a known format, or damaged"
    assert counts(first) == {"done": 3, "skipped": 0, "failed": 1, "ignored": 1}
    assert names(folder / "out") == ["a.tint", "sub/b.tint", "sub/c.tint", MANIFEST]
    for name in names(folder / "one"):
        assert (folder / "out" / name).read_bytes() == (folder / "one" / name).read_bytes()
    lines = [json.loads(line) for line in (folder / "out" / MANIFEST).read_text().splitlines()]
    (failure,) = [line for line in lines if line["status"] == "failed"]
    assert (failure["source"], failure["error"]) == ("bad.png", "not a picture in a known format, or damaged")

    (folder / "in/bad.png").unlink()
    again = tintype(folder, "encode", "in", "-o", "out", "--resume")
    assert (again.status, counts(again)) == (0, {"done": 0, "skipped": 3, "failed": 0, "ignored": 1})
    assert again.err.startswith("nothing to do: every result is there already\n")


def test_what_changed_is_done_again_and_nothing_else(folder: Path) -> None:
    (folder / "in/bad.png").unlink()
    assert tintype(folder, "encode", "in", "-o", "out", "--jobs", "2").status == 0  # leaves a manifest too
    photo(folder / "in/a.png", seed=9)
    (folder / "out/sub/b.tint").unlink()
    before = (folder / "out/sub/c.tint").stat().st_mtime_ns
    result = tintype(folder, "encode", "in", "-o", "out", "--resume", "-v")
    assert (result.status, counts(result)["done"], counts(result)["skipped"]) == (0, 2, 1)
    assert result.err.splitlines()[2].startswith("in/sub/c.jpg: skipped")
    assert (folder / "out/a.tint").read_bytes() == library.encode(folder / "in/a.png")
    assert (folder / "out/sub/c.tint").stat().st_mtime_ns == before
    assert counts(tintype(folder, "encode", "in", "-o", "out", "--resume", "-q", "20"))["done"] == 3


def test_files_that_no_manifest_knows_are_kept_and_lost_sources_are_told(folder: Path) -> None:
    (folder / "in/bad.png").unlink()
    (folder / "out").mkdir()
    (folder / "out/a.tint").write_bytes(b"precious")
    result = tintype(folder, "encode", "in", "-o", "out", "--resume")
    assert (result.status, counts(result)["failed"]) == (2, 1)
    assert "in/a.png: out/a.tint exists; --force overwrites it, -o names another file\n" in result.err
    assert (folder / "out/a.tint").read_bytes() == b"precious"
    (folder / "in/sub/b.png").unlink()
    forced = tintype(folder, "encode", "in", "-o", "out", "--resume", "--force")
    assert (forced.status, counts(forced)["done"], counts(forced)["skipped"]) == (0, 1, 1)
    assert "out: 1 results of earlier runs have other sources, and stay as they are\n" in forced.err
    assert (folder / "out/sub/b.tint").exists()


def test_without_resume_existing_files_are_refused(folder: Path) -> None:
    (folder / "in/bad.png").unlink()
    assert tintype(folder, "encode", "in", "-o", "out", "--jobs", "2").status == 0
    refused = tintype(folder, "encode", "in", "-o", "out", "--jobs", "2")
    assert (refused.status, counts(refused)["failed"]) == (2, 3)
    assert counts(tintype(folder, "encode", "in", "-o", "out", "--jobs", "2", "--force"))["done"] == 3


def test_two_inputs_never_share_a_result(tmp_path: Path) -> None:
    for place in ("x/a.png", "y/a.png"):
        photo(tmp_path / place)
    result = tintype(tmp_path, "encode", "x/a.png", "y/a.png", "-o", "out/", "--resume", "--force")
    assert result.status == 2
    assert "y/a.png: out/a.tint was just written from x/a.png; give one of them another -o\n" in result.err


def test_decode_resumes_and_a_changed_format_or_file_is_done(folder: Path) -> None:
    (folder / "in/bad.png").unlink()
    assert tintype(folder, "encode", "in", "-o", "coded").status == 0
    first = tintype(folder, "decode", "coded", "-o", "back", "--format", "ppm", "--jobs", "2", "--resume")
    assert (first.status, counts(first)["done"]) == (0, 3)
    assert tintype(folder, "decode", "coded", "-o", "plain", "--format", "ppm").status == 0
    for name in names(folder / "plain"):
        assert (folder / "back" / name).read_bytes() == (folder / "plain" / name).read_bytes()
    assert counts(tintype(folder, "decode", "coded", "-o", "back", "--format", "ppm", "--resume"))["skipped"] == 3
    (folder / "coded/a.tint").write_bytes(library.encode(picture(16, 16)))
    changed = tintype(folder, "decode", "coded", "-o", "back", "--format", "ppm", "--resume")
    assert (counts(changed)["done"], counts(changed)["skipped"]) == (1, 2)
    with Image.open(folder / "back/a.ppm") as image:
        assert image.size == (16, 16)
    assert counts(tintype(folder, "decode", "coded", "-o", "back", "--resume"))["done"] == 3  # PNG, beside


def test_options_of_decode_hold_in_processes_too(folder: Path) -> None:
    (folder / "in/bad.png").unlink()
    assert tintype(folder, "encode", "in", "-o", "coded").status == 0
    options = ("--region", "3,5,20,10", "--png-level", "9")
    assert tintype(folder, "decode", "coded", "-o", "one", *options).status == 0
    assert tintype(folder, "decode", "coded", "-o", "two", *options, "--jobs", "2").status == 0
    for name in names(folder / "one"):
        assert (folder / "two" / name).read_bytes() == (folder / "one" / name).read_bytes()


def test_a_picture_that_would_not_shrink_is_tried_once(folder: Path) -> None:
    (folder / "in/bad.png").unlink()
    command = ("encode", "in", "-o", "out", "--resume", "--only-if-smaller", "--lossless")
    first = tintype(folder, *command)
    assert first.status == 0
    assert re.search(r"^in/sub/c\.jpg: not written; \d+ bytes would be no less than its \d+$", first.err, re.MULTILINE)
    assert re.search(r"^kept +1$", first.err, re.MULTILINE)
    assert not (folder / "out/sub/c.tint").exists()
    again = tintype(folder, *command)
    assert again.err.startswith("nothing to do: ")
    (folder / "out/sub/c.tint").write_bytes(b"precious")  # no line says that it was written
    refused = tintype(folder, *command)
    assert refused.status == 2 and "out/sub/c.tint exists" in refused.err
    assert (folder / "out/sub/c.tint").read_bytes() == b"precious"


def test_json_has_the_keys_of_one_job(folder: Path) -> None:
    (folder / "in/bad.png").unlink()
    for command in (("encode", "in", "-o", "{}"), ("decode", "one", "-o", "back{}"), ("verify", "one")):
        found = []
        for place, jobs in (("one", ()), ("two", ("--jobs", "2"))):
            line = [each.format(place) for each in command]
            result = tintype(folder, *line, *jobs, "--json", "--quiet")
            assert (result.status, result.err) == (0, "")
            objects = [json.loads(each) for each in result.out.splitlines()]
            for each in objects:
                each.pop("seconds", None)
                each.pop("output", None)
            found.append(objects)
        assert found[0] == found[1] and len(found[0]) == 3
    skipped = tintype(folder, "encode", "in/a.png", "-o", "two/", "--resume", "--json", "--quiet")
    assert json.loads(skipped.out)["skipped"] is True


def test_a_manifest_is_no_input_and_not_counted(folder: Path) -> None:
    (folder / "in/bad.png").unlink()
    assert tintype(folder, "encode", "in", "-o", "out", "--resume").status == 0
    assert tintype(folder, "decode", "out", "-o", "back").err == "3 of 3 files decoded\n"
    assert (folder / "out" / MANIFEST).exists()


def test_verify_reads_alone_and_prints_in_the_order_of_names(folder: Path) -> None:
    (folder / "in/bad.png").unlink()
    assert tintype(folder, "encode", "in", "-o", "coded").status == 0
    (folder / "coded/sub/b.tint").write_bytes(b"bad")
    before = names(folder)
    result = tintype(folder, "verify", "coded", "--jobs", "2")
    assert (result.status, result.out) == (3, "coded/a.tint: OK\ncoded/sub/c.tint: OK\n")
    assert result.err.startswith("coded/sub/b.tint: ")
    assert counts(result) == {"done": 2, "skipped": 0, "failed": 1}
    assert names(folder) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("encode", "in/a.png", "--resume"), "--resume and --ray need a folder for results and its manifest"),
        (("encode", "in/a.png", "-o", "b.tint", "--resume"), "give -o FOLDER/"),
        (("encode", "-", "-o", "b.tint", "--jobs", "2"), "--jobs and --resume work on files, not on standard input"),
        (("encode", "in/a.png", "-o", "-", "--jobs", "2"), "--jobs and --resume work on files, not on standard input"),
        (("verify", "-", "--jobs", "2"), "--jobs works on files, not on standard input"),
    ],
)
def test_options_that_do_not_fit_are_wrong_usage(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = tintype(folder, *arguments)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert not (folder / "b.tint").exists()


def test_a_folder_that_cannot_be_written_is_named(folder: Path) -> None:
    (folder / "file").write_text("not a folder")
    result = tintype(folder, "encode", "in", "-o", "file/out", "--resume")
    assert (result.status, result.out) == (4, "")
    assert result.err == "tintype encode: file/out: Not a directory\n"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes into read-only folders")
def test_a_read_only_folder_is_named(folder: Path) -> None:
    (folder / "out").mkdir(mode=0o500)
    result = tintype(folder, "encode", "in", "-o", "out", "--resume")
    assert result.status == 4
    assert f"in/a.png: out/{MANIFEST}: Permission denied\n" in result.err
    assert names(folder / "out") == []


def test_parts_of_killed_runs_go_also_where_nothing_is_to_do(folder: Path) -> None:
    (folder / "in/bad.png").unlink()
    assert tintype(folder, "encode", "in", "-o", "out", "--resume").status == 0
    (folder / "out/sub/.tintype-0123abcd.part").write_bytes(b"half")
    assert tintype(folder, "encode", "in", "-o", "out", "--resume").status == 0
    assert names(folder / "out") == ["a.tint", "sub/b.tint", "sub/c.tint", MANIFEST]


def test_limits_hold_for_each_file(folder: Path) -> None:
    (folder / "in/bad.png").unlink()
    photo(folder / "in/large.png", 100, 100)
    result = tintype(folder, "encode", "in", "-o", "out", "--jobs", "2", "--max-pixels", "5000")
    assert (result.status, counts(result)["done"], counts(result)["failed"]) == (3, 3, 1)
    slow = tintype(folder, "encode", "in", "-o", "late", "--jobs", "2", "--deadline", "0")
    assert (slow.status, counts(slow)["failed"]) == (3, 4)
    assert "not done after 0 seconds" in slow.err


def test_what_was_salvaged_is_done_again_so_that_no_run_hides_the_damage(tmp_path: Path) -> None:
    whole = bytearray(library.Codec(threads=1, tile=64).encode(picture(64, 200), content="photo"))
    (tmp_path / "in").mkdir()
    (tmp_path / "in/sound.tint").write_bytes(whole)
    whole[-10] ^= 255  # in the last tile
    (tmp_path / "in/damaged.tint").write_bytes(whole)
    for done, skipped in ((2, 0), (1, 1)):
        result = tintype(tmp_path, "decode", "in", "-o", "out", "--salvage", "--resume")
        assert (result.status, counts(result)) == (3, {"done": done, "skipped": skipped, "failed": 0})
        assert re.search(r"^in/damaged\.tint: Tile \d is grey", result.err, re.MULTILINE)
