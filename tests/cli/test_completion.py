"""`tintype completion` and the manual page, with the packages that make them."""

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.command import tintype
from tintype.cli.completion import SHELLS, script
from tintype.cli.main import parser

needs_shtab = pytest.mark.skipif(find_spec("shtab") is None, reason="the package shtab is not installed")
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
ASK = """
source ./script
COMP_WORDS=({words})
COMP_CWORD={last}
{function}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@needs_shtab
@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_a_script_of_all_commands(shell: str) -> None:
    text = script(shell)
    assert "AUTOMATICALLY GENERATED" in text
    for command in ("encode", "doctor", "completion"):
        assert command in text


@needs_shtab
@needs_bash
@pytest.mark.parametrize(
    "words, expected",
    [
        ("enc", {"encode"}),
        ("encode --ps", {"--psnr"}),
        ("encode --tune ", {"psnr", "eyes"}),
        ("encode pho", {"photo.jpg"}),
        ("decode -o pho", {"photo.jpg"}),
        ("train pa", {"pack"}),
    ],
)
def test_bash_completes_commands_options_values_and_files(tmp_path: Path, words: str, expected: set[str]) -> None:
    (tmp_path / "photo.jpg").touch()
    text = script("bash")
    (tmp_path / "script").write_text(text)
    (function,) = re.findall(r"^complete .*-F (\w+) tintype$", text, re.MULTILINE)
    listed = ["tintype", *words.split(" ")]
    quoted = " ".join(f"'{word}'" for word in listed)
    ask = ASK.format(words=quoted, last=len(listed) - 1, function=function)
    done = subprocess.run(["bash", "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == expected, done.stderr


@pytest.mark.skipif(find_spec("shtab") is not None, reason="the package shtab is installed")
def test_without_the_package_the_extra_is_named(tmp_path: Path) -> None:
    expected = 'tintype completion: shtab is not installed; pip install "tintype[shell]"\n'
    assert tintype(tmp_path, "completion", "bash").all == (4, "", expected)


def test_no_text_of_the_help_begins_with_a_dot() -> None:
    """It would be taken for a macro in the manual page, and vanish."""

    def texts(of: object) -> list[str]:
        found = []
        for action in of._actions:  # type: ignore[attr-defined]
            found.append(action.help or "")
            if isinstance(action.choices, dict):
                found += [text for each in action.choices.values() for text in texts(each)]
        return found

    assert len(texts(parser())) > 50
    assert [text for text in texts(parser()) if text.startswith((".", "'"))] == []


@pytest.mark.skipif(
    find_spec("argparse_manpage") is None or shutil.which("groff") is None,
    reason="argparse-manpage or groff is absent",
)
def test_the_manual_page_is_sound_for_groff(tmp_path: Path) -> None:
    from argparse_manpage.manpage import Manpage

    (tmp_path / "tintype.1").write_text(str(Manpage(parser())))
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "tintype.1"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "file (.tint) or folder" in re.sub(r"\x1b\[[\d;]*m|.\x08", "", done.stdout)
