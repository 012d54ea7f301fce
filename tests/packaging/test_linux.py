"""Files for Linux desktops, with the tools of the desktops."""

import configparser
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import tintype as library
from tests.cli.command import COMMAND
from tests.pictures import picture
from tintype.images import is_picture

FOLDER = Path(__file__).parents[2] / "packaging" / "linux"
TINT = "image/x-tint"

needs = {
    tool: pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")
    for tool in ("update-mime-database", "gio")
}


def entry(name: str) -> dict[str, str]:
    """The one section of a file of keys."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys tell upper from lower case
    parser.read(FOLDER / name)
    (section,) = parser.sections()
    return dict(parser[section])


@needs["update-mime-database"]
@needs["gio"]
def test_the_type_is_told_by_the_suffix_and_by_the_content(tmp_path: Path) -> None:
    packages = tmp_path / "share/mime/packages"
    packages.mkdir(parents=True)
    shutil.copy(FOLDER / "tintype.xml", packages)
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "share")}
    update = ["update-mime-database", str(tmp_path / "share/mime")]
    done = subprocess.run(update, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    (tmp_path / "by_content").write_bytes(library.encode(picture(8, 8)))
    (tmp_path / "by_name.tint").write_bytes(b"damaged")
    (tmp_path / "neither").write_bytes(b"tintype\n")
    found = {}
    for name in ("by_content", "by_name.tint", "neither"):
        ask = ["gio", "info", "-a", "standard::content-type,standard::fast-content-type", str(tmp_path / name)]
        found[name] = subprocess.run(ask, env=environment, capture_output=True, text=True, check=True).stdout
    assert f"standard::content-type: {TINT}" in found["by_content"]
    assert f"standard::fast-content-type: {TINT}" in found["by_name.tint"]
    assert TINT not in found["neither"]


@pytest.mark.parametrize("size", [128, 50])
def test_the_thumbnailers_line_makes_a_png_of_the_size(tmp_path: Path, size: int) -> None:
    found = entry("tintype.thumbnailer")
    assert found["MimeType"] == f"{TINT};"
    (tmp_path / "a photo.tint").write_bytes(library.encode(picture(100, 200)))
    (tmp_path / "thumb").touch()  # desktops make the file before
    values = {"%i": str(tmp_path / "a photo.tint"), "%o": str(tmp_path / "thumb"), "%s": str(size)}
    program, *arguments = shlex.split(found["Exec"])
    assert program == found["TryExec"] == "tintype"
    done = subprocess.run([*COMMAND, *(values.get(each, each) for each in arguments)], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    with Image.open(tmp_path / "thumb") as image:
        assert (image.format, image.size) == ("PNG", (size, size // 2))


@pytest.mark.parametrize("name, result", [("tintype-decode.desktop", "a.png"), ("tintype-encode.desktop", "b.tint")])
def test_actions_of_the_menu_write_beside_the_file(tmp_path: Path, name: str, result: str) -> None:
    found = entry(name)
    assert (found["Type"], found["TryExec"]) == ("Application", "tintype")
    (tmp_path / "a.tint").write_bytes(library.encode(picture(8, 8)))
    Image.fromarray(picture(8, 8)).save(tmp_path / "b.png")
    program, command, place = shlex.split(found["Exec"])
    assert (program, place) == ("tintype", "%F")
    source = tmp_path / ("a.tint" if command == "decode" else "b.png")
    subprocess.run([*COMMAND, command, source], check=True)
    assert (tmp_path / result).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="for Linux")
def test_types_of_the_menu_are_those_that_are_decoded_or_encoded() -> None:
    assert entry("tintype-decode.desktop")["MimeType"] == f"{TINT};"
    types = entry("tintype-encode.desktop")["MimeType"].rstrip(";").split(";")
    assert all(is_picture(Path(f"a.{type.removeprefix('image/')}")) for type in types), types
