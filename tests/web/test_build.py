"""`python -m web.build`: all of a folder, or a line that says what is wrong and a folder that stays as it was."""

import re
from pathlib import Path

import pytest

from tintype.weights import store


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines are not compiled here; other tests do that."""
    pytest.importorskip("ziglang")
    from web import build

    monkeypatch.setattr(build, "build_engine", lambda out, flags: out.write_bytes(b"engine"))


@pytest.mark.usefixtures("compiled")
def test_the_models_that_were_built_are_the_default(tmp_path: Path) -> None:
    from web.build import build

    for names in (["pico-s", "pico-s-psnr", "pico-s"], ["pico-s-psnr"]):
        files = build(tmp_path / "web", names)
        assert all(file.stat().st_size for file in files)
        text = (tmp_path / "web" / "models.js").read_text()
        found = dict(re.findall(r'"([0-9a-f]{16})": "([^"]+)"', text))
        assert found == {store.load(name).weights_hash().hex(): f"{name}.tintweb" for name in names}


@pytest.mark.usefixtures("compiled")
def test_a_fault_is_a_line_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from web.build import main

    file, out, model = tmp_path / "README.md", tmp_path / "web", tmp_path / "damaged.tintmodel"
    file.write_text("text")
    model.write_bytes(b"no model")
    for arguments, status, words in [
        (["--out", str(out), "nope"], 4, "no model named 'nope'"),
        (["--out", str(out), str(tmp_path / "none.tintmodel")], 4, "none.tintmodel"),
        (["--out", str(out), "pico-s", str(model)], 4, "damaged.tintmodel"),
        (["--out", str(file), "pico-s"], 4, "README.md: is no folder"),
        (["--out", str(file / "web"), "pico-s"], 4, "README.md"),
    ]:
        assert main(arguments) == status
        out_text, error = capsys.readouterr()
        assert out_text == "" and error.count("\n") == 1 and words in error, error
        assert sorted(tmp_path.iterdir()) == [file, model] and file.read_text() == "text"


def test_an_engine_that_cannot_be_built_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ziglang")
    from web import build

    monkeypatch.setattr(build, "SOURCES", (tmp_path / "none.cpp",))
    monkeypatch.setattr(build.build_engine, "__defaults__", ((), build.SOURCES))
    assert build.main(["--out", str(tmp_path / "web"), "pico-s"]) == 4
    assert capfd.readouterr().err.splitlines()[-1].startswith("web.build: the engine cannot be built")
    assert not (tmp_path / "web").exists()


@pytest.mark.usefixtures("compiled")
def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    from tintype.errors import UsageError
    from web.build import build

    other = tmp_path / "pico-s.tintmodel"
    store.load("pico-s").write(other)
    with pytest.raises(UsageError, match=r"two models would be pico-s\.tintweb"):
        build(tmp_path / "web", ["pico-s", str(other)])
