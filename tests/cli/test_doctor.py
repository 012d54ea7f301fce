"""`tintype doctor`."""

import json
from pathlib import Path

import pytest

import tintype as library
from tests.cli.command import tintype
from tintype import selftest
from tintype.cli import doctor
from tintype.cli import main as cli
from tintype.models.pico import engine


def test_a_sound_installation_has_status_0(tmp_path: Path) -> None:
    result = tintype(tmp_path, "doctor")
    assert (result.status, result.err) == (0, "")
    first, *rows = result.out.splitlines()
    assert first == f"tintype {library.__version__}"
    found = {row[2:].partition("  ")[0]: row.rpartition("  ")[2] for row in rows}
    assert (found["test: decode"], found["test: encode"], found["test: lossless"]) == ("OK", "OK", "OK")
    assert found["engine"] == engine.versions()


def test_json_has_these_keys(tmp_path: Path) -> None:
    (line,) = tintype(tmp_path, "doctor", "--json").out.splitlines()
    found = json.loads(line)
    assert list(found) == [
        *("version", "python", "platform", "engine", "coder", "cpu", "threads", "free_memory", "models", "extras"),
        *("self_test", "ok"),
    ]
    assert found["ok"] is True
    assert list(found["extras"]) == ["readers", "eval", "train", "shell"]


def test_a_fault_is_told_and_gives_status_4(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(selftest, "run", lambda: {"decode": "CorruptError: broken", "encode": ""})
    assert cli.main(["doctor"]) == 4
    out, err = capsys.readouterr()
    assert "  CorruptError: broken\n" in out and "test: encode" in out
    assert err == ""


def test_missing_packages_are_named_with_what_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "importlib.metadata.requires",
        lambda name: ["numpy>=1", 'a-b>=2; extra == "readers"', "c; extra == 'readers'", 'd[x]>=1; extra == "test"'],
    )
    assert doctor._packages("readers") == ["a-b", "c"]
    assert doctor._packages_text("readers", {"a-b": "2.1", "c": None}) == (
        'a-b 2.1, c (missing); pip install "tintype[readers]"'
    )
    assert doctor._packages_text("readers", {"a-b": "2.1"}) == "a-b 2.1"
