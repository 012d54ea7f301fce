"""`tintype encode`, and what the commands share: outputs, statuses, messages."""

import os
import re
import resource
import stat
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tintype as library
from tests.cli.command import COMMAND, DONE, names, photo, tintype
from tests.codec.graphics.drawings import page
from tests.pictures import picture
from tintype import images
from tintype.cli import main as cli


def test_the_file_appears_beside_the_picture_without_a_word(tmp_path: Path) -> None:
    pixels = photo(tmp_path / "a.png")
    assert tintype(tmp_path, "encode", "a.png").all == DONE
    assert names(tmp_path) == ["a.png", "a.tint"]
    assert (tmp_path / "a.tint").read_bytes() == library.encode(pixels)


def test_quality_and_output_are_obeyed_and_verbose_says_what_came_out(tmp_path: Path) -> None:
    pixels = photo(tmp_path / "a.png")
    result = tintype(tmp_path, "encode", "a.png", "-o", "b.tint", "-q", "20", "--threads", "2", "-v")
    data = (tmp_path / "b.tint").read_bytes()
    assert data == library.encode(pixels, quality=20)
    about = library.info(data)
    assert (result.status, result.out) == (0, "")
    size, promise = f"{len(data)} bytes, {about.bpp:.3f} bpp", "opens in every later version"
    assert re.fullmatch(rf"a\.png: {size}, level {about.level}, {promise}, \d+\.\d\d s\n", result.err)


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    (tmp_path / "a.tint").write_bytes(b"precious")
    kept = tintype(tmp_path, "encode", "a.png")
    assert kept.all == (2, "", "a.png: a.tint exists; --force overwrites it, -o names another file\n")
    assert (tmp_path / "a.tint").read_bytes() == b"precious"
    assert tintype(tmp_path, "encode", "a.png", "--force").all == DONE
    assert library.info((tmp_path / "a.tint").read_bytes()).width == 56


def test_a_picture_never_replaces_itself_even_when_forced(tmp_path: Path) -> None:
    photo(tmp_path / "a.tint", format="PNG")  # a picture under a misleading name
    before = (tmp_path / "a.tint").read_bytes()
    (tmp_path / "link.tint").symlink_to("a.tint")
    for target in ((), ("-o", "link.tint")):
        result = tintype(tmp_path, "encode", "a.tint", "--force", *target)
        assert result.all == (2, "", "a.tint: the result would replace its own input; give another -o\n")
    assert (tmp_path / "a.tint").read_bytes() == before


def test_devices_are_not_replaced_and_links_stay_links(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    os.mkfifo(tmp_path / "pipe")
    result = tintype(tmp_path, "encode", "a.png", "-o", "pipe", "--force")
    assert result.all == (2, "", "a.png: pipe is not a regular file and is not replaced\n")
    (tmp_path / "real.tint").write_bytes(b"old")
    (tmp_path / "link.tint").symlink_to("real.tint")
    assert tintype(tmp_path, "encode", "a.png", "-o", "link.tint", "--force").all == DONE
    assert (tmp_path / "link.tint").is_symlink()
    assert (tmp_path / "real.tint").read_bytes() != b"old"


def test_a_folder_is_walked_and_its_tree_mirrored(tmp_path: Path) -> None:
    for place in ("b.jpg", "sub/deep/a.png", "sub/c.v2.webp", ".hidden/d.png", "._b.jpg"):
        photo(tmp_path / "in" / place)
    (tmp_path / "in" / "notes.txt").write_text("not a picture")
    expected = "3 of 3 pictures encoded, 3 other files skipped\n"
    assert tintype(tmp_path, "encode", "in", "-o", "out").all == (0, "", expected)
    assert names(tmp_path / "out") == ["b.tint", "sub/c.v2.tint", "sub/deep/a.tint"]
    assert tintype(tmp_path, "encode", "in/sub").all == (0, "", "2 of 2 pictures encoded\n")
    assert (tmp_path / "in/sub/deep/a.tint").exists()


def test_after_a_bad_input_the_others_follow_and_the_worst_status_counts(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    photo(tmp_path / "z.png", seed=1)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    result = tintype(tmp_path, "encode", "bad.png", "missing.png", "a.png", "z.png", "-o", "out/")
    assert (result.status, result.out) == (4, "")
    first, second = result.err.splitlines()
    assert first == "bad.png: not a picture in a known format, or damaged"
    assert second == "missing.png: No such file or directory"
    assert names(tmp_path / "out") == ["a.tint", "z.tint"]
    assert tintype(tmp_path, "encode", "bad.png", "a.png").status == 3


def test_two_inputs_do_not_share_an_output(tmp_path: Path) -> None:
    first = photo(tmp_path / "x/a.png")
    photo(tmp_path / "y/a.png", seed=1)
    result = tintype(tmp_path, "encode", "x/a.png", "y/a.png", "-o", "out/", "--force")
    message = "y/a.png: out/a.tint was just written from x/a.png; give one of them another -o\n"
    assert result.all == (2, "", message)
    assert (tmp_path / "out/a.tint").read_bytes() == library.encode(first)


def test_pictures_that_differ_in_their_suffix_alone_both_get_a_name(tmp_path: Path) -> None:
    for seed, name in enumerate(["a.PNG", "A.bmp", "b.png"]):
        photo(tmp_path / "in" / name, seed=seed)
    assert tintype(tmp_path, "encode", "in", "-o", "out").err == "3 of 3 pictures encoded\n"
    assert names(tmp_path / "out") == ["A.bmp.tint", "a.PNG.tint", "b.tint"]
    for name in ("a.PNG", "A.bmp"):
        assert (tmp_path / f"out/{name}.tint").read_bytes() == library.encode(tmp_path / "in" / name)
    assert tintype(tmp_path, "decode", "out", "-o", "back").status == 0
    assert names(tmp_path / "back") == ["A.bmp.png", "a.PNG.png", "b.png"]


def test_a_folder_of_all_kinds_has_every_picture_encoded_or_named(tmp_path: Path) -> None:
    photo(tmp_path / "in/1.jpg")
    (tmp_path / "in/2.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))
    (tmp_path / "in/3.CR2").write_bytes(b"II*\0" + bytes(200))
    (tmp_path / "in/4.svg").write_text("<svg/>")
    (tmp_path / "in/notes.txt").write_text("not a picture")
    (tmp_path / "in/.hidden").mkdir()
    Image.fromarray(picture(8, 8)).save(tmp_path / "in/5", "PNG")
    result = tintype(tmp_path, "encode", "in", "-o", "out")
    assert (result.status, result.out) == (3, "")
    *lines, count = result.err.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["in/2.HEIC", "in/3.CR2", "in/4.svg"]
    assert count == "2 of 5 pictures encoded, 2 other files skipped"
    assert names(tmp_path / "out") == ["1.tint", "5.tint"]


@pytest.mark.parametrize("name", ["pipe", "pipe.png"])
def test_pipes_in_a_folder_are_not_waited_for(tmp_path: Path, name: str) -> None:
    photo(tmp_path / "in/a.png")
    os.mkfifo(tmp_path / "in" / name)
    assert tintype(tmp_path, "encode", "in", "-o", "out").all == (
        0,
        "",
        "1 of 1 pictures encoded, 1 other file skipped\n",
    )


def test_characters_that_steer_a_terminal_are_shown_as_escapes(tmp_path: Path) -> None:
    name = "a\x1b[31m\n\u202eb.png"
    shown = r"a\x1b[31m\n\u202eb"
    photo(tmp_path / name)
    assert tintype(tmp_path, "encode", name, "-v").err.startswith(f"{shown}.png: ")
    coded = str(Path(name).with_suffix(".tint"))
    exists = tintype(tmp_path, "encode", name).err
    assert exists.startswith(f"{shown}.png: ") and exists.count("\\x1b") == 2 and exists[:-1].isprintable()
    assert tintype(tmp_path, "verify", coded).out == f"{shown}.tint: OK\n"
    assert tintype(tmp_path, "info", coded).out.startswith(f"{shown}.tint\n  picture")
    assert tintype(tmp_path, "info", name + "x").err == f"{shown}.pngx: No such file or directory\n"
    japanese = "\u5199\u771f \u3000\u00a0\u00e9.png"  # letters and spaces of the world stay
    assert tintype(tmp_path, "encode", japanese).err == f"{japanese}: No such file or directory\n"


@pytest.mark.parametrize("command, output", [("encode", "b.png"), ("encode", "x/b.JPG"), ("decode", "b.tint")])
def test_an_output_of_the_wrong_kind_is_wrong_usage(tmp_path: Path, command: str, output: str) -> None:
    photo(tmp_path / "a.png")
    (tmp_path / "a.tint").write_bytes(library.encode(picture(8, 8)))
    result = tintype(tmp_path, command, "a.png" if command == "encode" else "a.tint", "-o", output)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert output in result.err and ("name it b.tint" in result.err or "picture's suffix" in result.err)
    assert names(tmp_path) == ["a.png", "a.tint"]


def test_choices_of_reading_reach_the_file(tmp_path: Path) -> None:
    rgba = np.dstack([picture(30, 40), np.zeros((30, 40), np.uint8)])
    Image.fromarray(rgba).save(tmp_path / "clear.png")
    Image.fromarray(picture(8, 8)).convert("CMYK").save(tmp_path / "print.jpg")
    frames = [Image.fromarray(picture(16, 16, seed)) for seed in range(2)]
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])

    assert tintype(tmp_path, "encode", "clear.png", "--background", "#010203").all == DONE
    flat = np.broadcast_to(np.array([1, 2, 3], np.uint8), (30, 40, 3))
    assert (tmp_path / "clear.tint").read_bytes() == library.encode(flat)
    assert tintype(tmp_path, "encode", "pages.tif", "--frame", "1").status == 0
    assert (tmp_path / "pages.tint").read_bytes() == library.encode(picture(16, 16, 1))
    converted = tintype(tmp_path, "encode", "print.jpg", "--convert")
    assert (converted.status, converted.err.count("\n")) == (0, converted.err.count("print.jpg: "))
    assert "CMYK" in converted.err


def test_metadata_are_stripped_and_times_kept_on_demand(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    exif.get_ifd(0x8825)[1] = "N"
    photo(tmp_path / "a.jpg", exif=exif)
    os.utime(tmp_path / "a.jpg", (10**9, 10**9))
    for options, kept in (((), {0x010F, 0x8825}), (("--strip=gps",), {0x010F}), (("--strip",), set())):
        assert tintype(tmp_path, "encode", "a.jpg", "--force", "--keep-times", *options).all == DONE
        assert set(library.open(tmp_path / "a.tint").getexif()) & {0x010F, 0x8825} == kept
        assert (tmp_path / "a.tint").stat().st_mtime == 10**9
    for options in (("--strip", "a.jpg"), ("--strip", "all", "a.jpg"), ("a.jpg", "--strip", "-q", "5")):
        assert tintype(tmp_path, "encode", "--force", *options).all == DONE  # the picture is no value of --strip
        assert not set(library.open(tmp_path / "a.tint").getexif()) & {0x010F, 0x8825}
    assert tintype(tmp_path, "encode", "--force", "--keep-times", "--strip", "gps", "a.jpg").all == DONE
    assert 0x010F in library.open(tmp_path / "a.tint").getexif()
    assert tintype(tmp_path, "decode", "a.tint", "--keep-times", "-o", "b.png").all == DONE
    assert (tmp_path / "b.png").stat().st_mtime == 10**9
    assert tintype(tmp_path, "encode", "a.jpg", "--force").all == DONE
    assert (tmp_path / "a.tint").stat().st_mtime > 10**9


def test_an_empty_name_is_not_the_current_folder(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    assert tintype(tmp_path, "encode", "").all == (3, "", "'': the name of an input is empty\n")
    assert tintype(tmp_path, "encode", "a.png", "-o", "").all == (2, "", "tintype encode: the name after -o is empty\n")
    assert names(tmp_path) == ["a.png"]


def test_several_inputs_need_a_folder(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    expected = "tintype encode: -o b.tint is one file, but there are several inputs; end the name of a folder with /\n"
    assert tintype(tmp_path, "encode", "a.png", "a.png", "-o", "b.tint").all == (2, "", expected)
    assert names(tmp_path) == ["a.png"]


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("not a picture")
    expected = "in: this folder holds no file that the command can process\n"
    assert tintype(tmp_path, "encode", "in", "-o", "out").all == (3, "", expected)
    assert not (tmp_path / "out").exists()


def test_streams_carry_the_same_bytes_as_files(tmp_path: Path) -> None:
    pixels = photo(tmp_path / "a.png")
    coded = tintype(tmp_path, "encode", "-", "-o", "-", "-v", stdin=(tmp_path / "a.png").read_bytes())
    assert coded.raw == library.encode(pixels)
    assert re.fullmatch(r"standard input: .*\n", coded.err)
    decoded = tintype(tmp_path, "decode", "-", "-o", "-", stdin=coded.raw)
    assert (decoded.status, decoded.err) == (0, "")
    (tmp_path / "b.png").write_bytes(decoded.raw)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "b.png")), np.asarray(library.decode(coded.raw)))

    nameless = tintype(tmp_path, "encode", "-", stdin=b"x")
    assert nameless.status == 2
    assert nameless.err.startswith(
        "tintype encode: standard input has no name to derive the output's from; give -o FILE"
    )
    assert tintype(tmp_path, "decode", "-", "-o", "-", stdin=b"x").all == (
        3, "", "standard input: " + message_of(b"x") + "\n"
    )  # fmt: skip


def message_of(data: bytes) -> str:
    """The library's message for bytes that are no .tint file."""
    with pytest.raises(library.errors.TintypeError) as caught:
        library.decode(data)
    return str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("shrink", "a.png"), "invalid choice: 'shrink'"),
        (("encode",), "the following arguments are required: IN"),
        (("encode", "a.png", "-q", "101"), "'101' is not a number from 0 to 100"),
        (("encode", "a.png", "-q", "-1"), "'-1' is not a number from 0 to 100"),
        (("encode", "a.png", "-q", "nan"), "'nan' is not a number from 0 to 100"),
        (("encode", "a.png", "-q", "best"), "'best' is not a number from 0 to 100"),
        (("encode", "a.png", "--threads", "0"), "'0' is not a whole number of at least 1"),
        (("encode", "a.png", "--strip=exif"), "invalid choice: 'exif'"),
        (("encode", "a.png", "--frame", "-1"), "'-1' is not a whole number"),
        (("encode", "a.png", "--frame", "x"), "'x' is not a whole number"),
        (("decode", "a.tint", "--format", "doc"), "invalid choice: 'doc'"),
        (("decode", "a.tint", "-q", "101"), "'101' is not a number from 0 to 100"),
        (("decode", "a.tint", "--threads", "1.5"), "'1.5' is not a whole number of at least 1"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_done(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert err.startswith("usage: tintype")
    assert message in err


@pytest.fixture
def refused(tmp_path: Path) -> Path:
    """A folder of pictures that cannot be coded."""
    rgb = Image.fromarray(picture(8, 8))
    Image.fromarray(np.arange(64, dtype=np.float32).reshape(8, 8)).save(tmp_path / "floats.tif")
    (tmp_path / "drawing.svg").write_bytes(b"<svg/>")
    rgb.convert("CMYK").save(tmp_path / "print.jpg")
    rgb.save(tmp_path / "film.gif", save_all=True, append_images=[Image.fromarray(picture(8, 8, 9))])
    return tmp_path


def test_what_cannot_be_coded_is_refused_with_the_reason(refused: Path) -> None:
    result = tintype(refused, "encode", ".", "-o", "out")
    assert (result.status, result.out) == (3, "")
    drawing, film, floats, print_, count = result.err.splitlines()
    assert drawing.startswith("drawing.svg: SVG cannot be read: it is a drawing")
    assert floats.startswith("floats.tif: its samples are floats")
    assert film.startswith("film.gif: 2 frames")
    assert print_.startswith("print.jpg: ") and "CMYK" in print_ and "--convert" in print_
    assert count == "0 of 4 pictures encoded"
    assert not (refused / "out").exists()


def test_what_the_system_refuses_is_status_4(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    assert tintype(tmp_path, "encode", "a.png/b.png").all == (4, "", "a.png/b.png: Not a directory\n")
    missing = tintype(tmp_path, "encode", "a.png", "-o", "no/b.tint")
    assert missing.all == (4, "", "a.png: no/b.tint: No such file or directory\n")
    unknown = tintype(tmp_path, "encode", "a.png", "a.png", "--model", "pico-xxl")
    assert (unknown.status, unknown.out, unknown.err.count("\n")) == (4, "", 1)
    assert unknown.err.startswith("tintype encode: no model named 'pico-xxl' ships with tintype; there is ")
    assert names(tmp_path) == ["a.png"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_status_4(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    assert tintype(tmp_path, "encode", "a.png").all == (4, "", "a.png: Permission denied\n")


def test_a_full_disk_leaves_no_trace(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    (tmp_path / "a.tint").write_bytes(b"old")

    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    result = tintype(tmp_path, "encode", "a.png", "--force", preexec_fn=small_files_only)
    assert result.all == (4, "", "a.png: a.tint: File too large\n")
    assert names(tmp_path) == ["a.png", "a.tint"]
    assert (tmp_path / "a.tint").read_bytes() == b"old"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [("encode", "a.png", "-o", "-"), ("info", "a.tint", "a.tint")])
def test_a_full_disk_behind_a_pipe_is_told_once(tmp_path: Path, arguments: tuple[str, ...], unbuffered: str) -> None:
    pixels = photo(tmp_path / "a.png")
    (tmp_path / "a.tint").write_bytes(library.encode(pixels))
    with open("/dev/full", "wb") as full:
        result = tintype(tmp_path, *arguments, stdout=full, env={"PYTHONUNBUFFERED": unbuffered})
    assert result.status == 4
    assert re.fullmatch(r"(a\.png: )?standard output: No space left on device\n", result.err)


def test_new_files_have_the_permissions_of_the_umask(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    assert tintype(tmp_path, "encode", "a.png", umask=0o027).all == DONE
    assert stat.S_IMODE((tmp_path / "a.tint").stat().st_mode) == 0o640


def test_an_interrupted_write_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    coded = tmp_path / "a.tint"
    coded.write_bytes(library.encode(picture(8, 8)))

    def interrupt(picture: object, file: "os.PathLike[str]", **_: object) -> None:
        assert [name for name in names(tmp_path) if name.endswith(".part")]
        raise KeyboardInterrupt

    monkeypatch.setattr(images, "save", interrupt)
    assert cli.main(["decode", str(coded)]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")
    assert names(tmp_path) == ["a.tint"]


def test_our_own_mistakes_are_one_line_and_a_traceback_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise KeyError("lost")

    monkeypatch.setattr("tintype.api.Codec.encode", fail)
    monkeypatch.chdir(tmp_path)
    photo(tmp_path / "a.png")
    expected = "a.png: internal error (KeyError: 'lost'); set TINTYPE_DEBUG=1 for a traceback, and please report it\n"
    assert cli.main(["encode", "a.png"]) == 4
    assert capsys.readouterr() == ("", expected)
    monkeypatch.setenv("TINTYPE_DEBUG", "1")
    assert cli.main(["encode", "a.png"]) == 4
    err = capsys.readouterr().err
    assert err.startswith(expected + "Traceback (most recent call last):\n")
    assert err.endswith("KeyError: 'lost'\n")


def test_no_memory_is_status_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr("tintype.api.Codec.encode", fail)
    monkeypatch.chdir(tmp_path)
    photo(tmp_path / "a.png")
    assert cli.main(["encode", "a.png"]) == 4
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith("a.png: not enough memory; a smaller --threads needs less, ")
    assert "what fails with --threads 1 too needs a smaller picture" in error  # one that does not fit at all


@pytest.mark.parametrize("count", [2, 1])
def test_a_terminal_shows_a_bar_of_files_or_of_tiles(tmp_path: Path, count: int) -> None:
    pty = pytest.importorskip("pty")
    sizes = {2: (40, 56), 1: (1030, 1030)}  # the large one has several tiles
    inputs = [f"{number}.png" for number in range(count)]
    for name in inputs:
        photo(tmp_path / name, *sizes[count], compress_level=1)
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "90"}
    process = subprocess.Popen(
        [*COMMAND, "encode", *inputs], cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # what Linux says at the end
            break
        if not part:
            break
        shown += part
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b"")
    expected = rb"1/2\S* \S*files" if count == 2 else rb"[1-4]/4\S* \S*tiles"
    assert re.search(expected, shown), shown


def test_lossless_files_are_exact_and_info_says_so(tmp_path: Path) -> None:
    pixels = picture(30, 40)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert tintype(tmp_path, "encode", "a.png", "--lossless").all == DONE
    assert "graphics the whole picture without loss" in tintype(tmp_path, "info", "a.tint").out
    np.testing.assert_array_equal(np.asarray(library.open(tmp_path / "a.tint")), pixels)
    wrong = tintype(tmp_path, "encode", "a.png", "--lossless", "-q", "50", "--force")
    assert wrong.all == (2, "", "tintype encode: --lossless has no quality; leave out -q\n")


def test_the_content_is_chosen(tmp_path: Path) -> None:
    Image.fromarray(page()).save(tmp_path / "a.png")
    for content, share in (("auto", 1), ("photo", 0)):
        assert tintype(tmp_path, "encode", "a.png", "--content", content, "--force").all == DONE
        assert library.info(tmp_path / "a.tint").graphics == share
