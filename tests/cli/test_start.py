"""What a process loads and how it introduces itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tintype as library
from tests.cli.command import DONE, photo, tintype
from tintype.qualities import DEFAULT_QUALITY

LOADED = """
import sys
from tintype.cli.main import main
try:
    status = main(sys.argv[1:])
except SystemExit as end:
    status = end.code
print(status, *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    """Top-level modules that a successful command has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    status, *modules = done.stderr.split()
    assert status == "0"
    return set(modules)


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), *((name, "--help") for name in ("encode", "decode", "models"))]
)
def test_help_and_version_load_nothing_that_starts_slowly(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert loaded(tmp_path, *arguments).isdisjoint({"numpy", "onnxruntime", "PIL", "torch", "rich"})


def test_encode_and_decode_never_load_torch_and_draw_nothing_without_a_terminal(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    unwanted = {"torch", "rich", "onnx", "ssl", "email", "rawpy", "pillow_heif", "pillow_jxl"}
    for arguments in (("encode", "a.png"), ("decode", "a.tint", "-o", "b.png"), ("verify", "a.tint"), ("models",)):
        assert loaded(tmp_path, *arguments).isdisjoint(unwanted), arguments


def test_help_states_the_default_quality(tmp_path: Path) -> None:
    result = tintype(tmp_path, "encode", "--help")
    assert (result.status, result.err) == (0, "")
    assert (
        f"0 (smallest) to 100 (exact); {DEFAULT_QUALITY}, the default, looks about as good as JPEG at 75" in result.out
    )


def test_version_names_itself(tmp_path: Path) -> None:
    assert tintype(tmp_path, "--version").all == (0, f"tintype {library.__version__}\n", "")


def test_python_without_a_home_or_a_terminal_encodes(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    command = [sys.executable, "-m", "tintype", "encode", "a.png"]
    done = subprocess.run(command, cwd=tmp_path, env=kept, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == DONE


def test_warnings_are_one_line_without_the_place_in_the_code(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    script = (
        "import sys, warnings; from tintype import images; images.load = lambda *_: warnings.warn('of a\\nlibrary'); "
        "from tintype.cli.main import main; sys.exit(main(['encode', 'a.png']))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.stderr.startswith("warning: of a\\nlibrary\n")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_commands_use_no_network_and_write_only_what_was_asked(tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    photo(work / "a.png")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    for arguments in (("encode", "a.png"), ("decode", "a.tint", "-o", "b.png"), ("verify", "a.tint")):
        trace = tmp_path / "trace"
        command = ["strace", "-f", "-e", "trace=network", "-o", str(trace), sys.executable, "-m", "tintype", *arguments]
        subprocess.run(command, cwd=work, env={**environment, "HOME": str(home)}, check=True, capture_output=True)
        calls = [line for line in trace.read_text().splitlines() if "(" in line and "socket" in line]
        assert not calls, calls
    assert list(home.rglob("*")) == []
    assert {path.name for path in work.iterdir()} == {"a.png", "a.tint", "b.png"}


def test_a_missing_package_names_the_extra_that_installs_it() -> None:
    script = (
        "import sys; sys.modules['torch'] = None; from tintype.cli.main import main; "
        "sys.exit(main(['convert', 'weights.pth.tar', 'out.safetensors']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    expected = 'weights.pth.tar: torch is not installed; pip install "tintype[train]"\n'
    assert (done.returncode, done.stdout, done.stderr) == (4, "", expected)
