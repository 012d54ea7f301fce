"""`tintype decode`, `info`, `verify` and `models`."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import tintype as library
from tests.cli.command import DONE, names, photo, tintype
from tests.natural import model_with_natural_look
from tests.pictures import picture
from tintype.codec.container.file import VERSION, parse, write
from tintype.weights import store

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="module")
def small() -> bytes:
    """A real file, small enough to damage each of its bytes."""
    return library.encode(picture(16, 16)[:, :, 0], quality=0)


@pytest.fixture(scope="module")
def stranger(small: bytes) -> bytes:
    """A sound file of unknown weights."""
    container = parse(small)
    return write(dataclasses.replace(container, header=dataclasses.replace(container.header, weights_hash=b"stranger")))


@pytest.mark.parametrize("suffix", ["jpg", "webp", "ppm", "tiff", "PNG"])
def test_the_output_has_the_format_of_its_suffix(tmp_path: Path, suffix: str) -> None:
    data = library.encode(picture(40, 56))
    (tmp_path / "a.tint").write_bytes(data)
    assert tintype(tmp_path, "decode", "a.tint", "-o", f"b.{suffix}").all == DONE
    decoded = library.decode(data)
    with Image.open(tmp_path / f"b.{suffix}") as image:
        assert (image.size, image.mode) == ((56, 40), "RGB")
        if suffix != "jpg":
            np.testing.assert_array_equal(np.asarray(image), np.asarray(decoded))


def test_a_folder_is_decoded_to_png_and_greys_stay_grey(tmp_path: Path) -> None:
    for place, pixels in (("in/a.tint", picture(9, 7)), ("in/sub/b.TINT", picture(5, 6)[:, :, 1])):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(library.encode(pixels))
    (tmp_path / "in/notes.txt").write_text("not ours")
    expected = "2 of 2 files decoded, 1 other file skipped\n"
    assert tintype(tmp_path, "decode", "in", "-o", "out").all == (0, "", expected)
    assert names(tmp_path / "out") == ["a.png", "sub/b.png"]
    with Image.open(tmp_path / "out/sub/b.png") as image:
        assert (image.size, image.mode) == ((6, 5), "L")


def test_colour_profile_and_exif_travel_along(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    photo(tmp_path / "a.jpg", icc_profile=ICC, exif=exif)
    assert tintype(tmp_path, "encode", "a.jpg").all == DONE
    assert tintype(tmp_path, "decode", "a.tint").all == DONE
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["icc_profile"] == ICC
        assert image.getexif()[0x010F] == "maker"


def test_a_suffix_that_no_picture_has_is_wrong_usage(tmp_path: Path, small: bytes) -> None:
    (tmp_path / "a.tint").write_bytes(small)
    result = tintype(tmp_path, "decode", "a.tint", "-o", "a.doc")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("tintype decode: 'a.doc' does not end in a picture's suffix: .png, ")
    assert names(tmp_path) == ["a.tint"]


def test_unknown_weights_are_a_missing_part_and_named(tmp_path: Path, stranger: bytes) -> None:
    (tmp_path / "a.tint").write_bytes(stranger)
    unknown = b"stranger".hex()
    for arguments in (("decode", "a.tint"), ("verify", "a.tint")):
        result = tintype(tmp_path, *arguments)
        assert (result.status, result.out) == (4, "")
        assert result.err.startswith(f"a.tint: the file was made for the network pico-s with weights {unknown}")
    assert names(tmp_path) == ["a.tint"]
    text = tintype(tmp_path, "info", "a.tint").out
    assert f"  model    weights {unknown} for the network pico-s (not available)\n" in text
    assert "  opens    only with its own weights, which are of no release that this version knows\n" in text
    facts = json.loads(tintype(tmp_path, "info", "--json", "a.tint").out)
    assert (facts["network"], facts["model"], facts["release"]) == ("pico-s", None, None)


def test_every_changed_byte_and_every_cut_is_an_error_without_output(tmp_path: Path, small: bytes) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    for position in range(len(small)):
        changed = bytearray(small)
        changed[position] ^= 1 << position % 8
        (bad / f"change{position:04}.tint").write_bytes(changed)
        (bad / f"cut{position:04}.tint").write_bytes(small[:position])
    result = tintype(tmp_path, "decode", "bad", "-o", "out")
    assert (result.status, result.out) == (3, "")
    *lines, count = result.err.splitlines()
    assert count == f"0 of {2 * len(small)} files decoded"
    assert [line.partition(": ")[0] for line in lines] == [f"bad/{name}" for name in names(bad)]
    assert not [line for line in lines if "internal error" in line]
    assert not (tmp_path / "out").exists()


def test_a_newer_version_of_the_format_needs_a_newer_program(tmp_path: Path, small: bytes) -> None:
    # more than one byte differs: a single one would be taken for damage
    (tmp_path / "a.tint").write_bytes(small[:4] + bytes([VERSION + 1, small[5] ^ 1]) + small[6:])
    result = tintype(tmp_path, "decode", "a.tint")
    assert (result.status, result.out) == (4, "")
    assert f"format version {VERSION + 1} is newer than {VERSION}" in result.err


def test_info_tells_what_the_library_knows(tmp_path: Path, small: bytes) -> None:
    (tmp_path / "a.tint").write_bytes(small)
    about = library.info(small)
    text = f"""a.tint
  picture  16 x 16 pixels, grey, 8 bits
  file     {len(small)} bytes, {len(small) / 32:.3f} bpp
  model    {about.model}, weights {about.weights_hash}
  opens    with this and every later version of tintype: weights of release {about.release}
  looks    {", ".join(about.looks)}
  level    0
  tiles    1
  chunks   none
"""
    assert tintype(tmp_path, "info", "a.tint").all == (0, text, "")


def test_info_as_json_has_a_line_per_file_and_goes_on_after_a_bad_one(tmp_path: Path, small: bytes) -> None:
    (tmp_path / "a.tint").write_bytes(small)
    (tmp_path / "cut.tint").write_bytes(small[:-1])
    pixels = Image.fromarray(picture(7, 9))
    pixels.info["icc_profile"] = ICC
    (tmp_path / "z.tint").write_bytes(library.encode(pixels))
    result = tintype(tmp_path, "info", "--json", ".")
    assert result.status == 3
    assert result.err.startswith(f"cut.tint: the file ends at byte {len(small) - 1} of {len(small)}")
    first, second = map(json.loads, result.out.splitlines())
    about = dataclasses.asdict(library.info(small))
    assert first == {"file": "a.tint", **about, "chunks": [], "looks": list(about["looks"])}
    assert (second["width"], second["height"], second["grey"]) == (9, 7, False)
    assert second["chunks"] == [{"type": "ICC", "bytes": len(ICC)}]


def test_verify_says_ok_or_what_is_wrong_per_file(tmp_path: Path, small: bytes) -> None:
    (tmp_path / "good.tint").write_bytes(small)
    (tmp_path / "bad.tint").write_bytes(small[:-5] + bytes([small[-5] ^ 1]) + small[-4:])
    result = tintype(tmp_path, "verify", "bad.tint", "good.tint")
    assert (result.status, result.out) == (3, "good.tint: OK\n")
    assert result.err.startswith("bad.tint: tile 0, ")
    assert result.err.count("\n") == 1


def test_verify_and_info_of_a_deep_transparent_picture_say_no_more_than_they_should(tmp_path: Path) -> None:
    pixels = np.full((16, 16, 4), 700, np.uint16)
    (tmp_path / "a.tint").write_bytes(library.encode(pixels))
    assert tintype(tmp_path, "verify", "a.tint").all == (0, "a.tint: OK\n", "")
    assert "16 x 16 pixels, RGB with transparency, 16 bits\n" in tintype(tmp_path, "info", "a.tint").out


def test_names_that_are_no_text_do_not_stop_the_command(tmp_path: Path, small: bytes) -> None:
    try:
        (tmp_path / "\udcff.tint").write_bytes(small)
    except OSError:
        pytest.skip("this file system takes text only")
    assert tintype(tmp_path, "verify", ".").all == (0, "\\udcff.tint: OK\n", "")


def test_verify_decodes_and_so_finds_what_checksums_do_not(tmp_path: Path, small: bytes) -> None:
    container = parse(small)
    (tmp_path / "a.tint").write_bytes(write(dataclasses.replace(container, payloads=(b"nonsense" * 9,))))
    result = tintype(tmp_path, "verify", "a.tint")
    assert (result.status, result.out) == (3, "")
    assert result.err.startswith("a.tint: tile 0: ")
    assert tintype(tmp_path, "info", "a.tint").status == 0


def test_models_lists_what_ships(tmp_path: Path, small: bytes) -> None:
    result = tintype(tmp_path, "models", "--json")
    assert (result.status, result.err) == (0, "")
    facts = {each["name"]: each for each in map(json.loads, result.out.splitlines())}
    about = library.info(small)
    assert about.model is not None and facts[about.model]["weights_hash"] == about.weights_hash
    assert facts[about.model]["release"] == about.release
    assert 0 < facts[about.model]["decoder_kmac_per_pixel"] < facts[about.model]["encoder_kmac_per_pixel"]
    text = tintype(tmp_path, "models")
    assert text.out.splitlines()[0] in facts
    rows = ("weights", "release", "parameters", "encoder", "decoder", "levels", "training")
    for word in (*rows, about.weights_hash, "kMAC/px"):
        assert word in text.out


def test_the_format_and_quality_are_chosen_and_what_is_lost_is_named(tmp_path: Path) -> None:
    pixels = np.dstack([picture(40, 56), picture(40, 56)[..., :1]]).astype(np.uint16) * 257
    (tmp_path / "a.tint").write_bytes(library.encode(pixels))
    result = tintype(tmp_path, "decode", "a.tint", "--format", "jpg", "-q", "40")
    assert (result.status, result.out, result.err.count("\n")) == (0, "", 1)
    assert result.err.startswith("a.tint: ")
    assert "no transparency" in result.err and "16 bits per sample became 8" in result.err
    assert tintype(tmp_path, "decode", "a.tint", "-o", "fine.jpg", "-q", "95").status == 0
    assert (tmp_path / "a.jpg").stat().st_size < (tmp_path / "fine.jpg").stat().st_size
    for format in ("webp", "avif"):
        assert tintype(tmp_path, "decode", "a.tint", "-o", f"{format}/", "--format", format, "-q", "30").status == 0
        with Image.open(tmp_path / format / f"a.{format}") as image:
            assert image.size == (56, 40)
    assert tintype(tmp_path, "decode", "a.tint").all == DONE
    streamed = tintype(tmp_path, "decode", "a.tint", "-o", "-", "--format", "jpg", "-q", "40")
    assert streamed.raw == (tmp_path / "a.jpg").read_bytes()


def test_a_quality_of_a_format_without_one_is_wrong_usage(tmp_path: Path, small: bytes) -> None:
    (tmp_path / "a.tint").write_bytes(small)
    (tmp_path / "b.tint").write_bytes(small)
    expected = "tintype decode: PNG has no quality to choose; JPEG, WebP and AVIF have\n"
    for arguments in (("a.tint",), ("a.tint", "b.tint"), (".",), ("a.tint", "-o", "folder/", "--format", "png")):
        assert tintype(tmp_path, "decode", *arguments, "-q", "50").all == (2, "", expected)
    assert names(tmp_path) == ["a.tint", "b.tint"]


def test_a_png_level_makes_smaller_files_and_is_refused_for_others(tmp_path: Path) -> None:
    (tmp_path / "a.tint").write_bytes(library.encode(picture(64, 64)))
    sizes = []
    for level in ("0", "9"):
        assert tintype(tmp_path, "decode", "a.tint", "--force", "--png-level", level).all == DONE
        sizes.append((tmp_path / "a.png").stat().st_size)
    assert sizes[0] > sizes[1]
    expected = "tintype decode: JPEG has no PNG level; leave it out\n"
    assert tintype(tmp_path, "decode", "a.tint", "-o", "a.jpg", "--png-level", "9").all == (2, "", expected)
    assert tintype(tmp_path, "decode", "a.tint", "--png-level", "10").status == 2
    assert names(tmp_path) == ["a.png", "a.tint"]


def test_salvage_decodes_what_is_sound_says_what_is_not_and_gives_status_3(tmp_path: Path) -> None:
    pixels = picture(1030, 1030)
    data = library.Codec(tile=504).encode(pixels, 0)
    whole = np.asarray(library.decode(data))
    damaged = bytearray(data)
    damaged[-10] ^= 1  # in the last of four tiles
    (tmp_path / "a.tint").write_bytes(damaged)
    assert tintype(tmp_path, "decode", "a.tint").status == 3
    assert names(tmp_path) == ["a.tint"]
    result = tintype(tmp_path, "decode", "a.tint", "--salvage")
    assert (result.status, result.out, result.err.count("\n")) == (3, "", 1)
    assert result.err.startswith("a.tint: Tile 3 is grey, 526 x 526 pixels from column 504, row 504: tile 3, ")
    with Image.open(tmp_path / "a.png") as image:
        found = np.asarray(image)
    assert (found[512:, 512:] == 128).all()
    np.testing.assert_array_equal(found[:496], whole[:496])

    (tmp_path / "sound.tint").write_bytes(data)
    assert tintype(tmp_path, "decode", "sound.tint", "--salvage").all == DONE
    (tmp_path / "header.tint").write_bytes(data[:40])
    assert tintype(tmp_path, "decode", "header.tint", "--salvage").status == 3
    assert "header.png" not in names(tmp_path)


def test_a_region_is_decoded_alone(tmp_path: Path) -> None:
    data = library.Codec(tile=504).encode(picture(1030, 1030))
    (tmp_path / "a.tint").write_bytes(data)
    assert tintype(tmp_path, "decode", "a.tint", "--region", "500,20,300,40").all == DONE
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.asarray(image), np.asarray(library.decode(data))[20:60, 500:800])
    result = tintype(tmp_path, "decode", "a.tint", "-o", "b.png", "--region", "500,1020,300,40")
    assert result.status == 3
    assert result.err.startswith("a.tint: the region 500,1020,300,40 (left, top, width, height) is not inside")
    for text in ("1,2,3", "1,2,3,x", "-1,2,3,4", "1.5,2,3,4"):
        result = tintype(tmp_path, "decode", "a.tint", "-o", "b.png", f"--region={text}")
        assert result.status == 2 and f"'{text}' is not X,Y,W,H in pixels" in result.err
    assert names(tmp_path) == ["a.png", "a.tint"]


def test_a_picture_is_decoded_to_smaller_sides(tmp_path: Path) -> None:
    data = library.Codec(tile=504).encode(picture(1030, 1033))
    (tmp_path / "a.tint").write_bytes(data)
    arguments = ("--reduce", "8", "--region", "480,0,553,1024")
    assert tintype(tmp_path, "decode", "a.tint", *arguments).all == DONE
    with Image.open(tmp_path / "a.png") as image:
        expected = library.Codec().decode(data, reduce=8).crop((60, 0, 130, 128))
        assert image.size == (70, 128) and image.tobytes() == expected.tobytes()
    result = tintype(tmp_path, "decode", "a.tint", "-o", "b.png", "--reduce", "8", "--region", "4,0,16,16")
    assert (result.status, names(tmp_path)) == (3, ["a.png", "a.tint"])
    assert "multiples of 8" in result.err


def test_the_natural_look_is_decoded_by_one_process_or_several(tmp_path: Path) -> None:
    model_with_natural_look(tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.tint").write_bytes(library.encode(picture(40, 56), 10))
    options = ("--model", "my.tintmodel", "--look", "natural", "--quiet")
    assert tintype(tmp_path, "decode", "a.tint", "-o", "plain.png").all == DONE
    assert tintype(tmp_path, "decode", "a.tint", "-o", "drawn.png", *options).all == DONE
    assert tintype(tmp_path, "decode", "a.tint", "b.tint", "-o", "out/", "--jobs", "1", *options).status == 0
    plain, drawn, batch = (np.asarray(Image.open(tmp_path / name)) for name in ("plain.png", "drawn.png", "out/a.png"))
    assert not np.array_equal(plain, drawn)
    assert np.array_equal(drawn, batch)
    (tmp_path / "my.natural.tintmodel").unlink()
    refused = tintype(tmp_path, "decode", "a.tint", "-o", "none.png", *options)
    assert (
        refused.status == 4 and "my.natural.tintmodel; decode with the faithful look (--look faithful)" in refused.err
    )
    assert not (tmp_path / "none.png").exists()


def test_info_names_the_looks_of_what_is_installed(tmp_path: Path, small: bytes, stranger: bytes) -> None:
    (tmp_path / "a.tint").write_bytes(small)
    (tmp_path / "b.tint").write_bytes(stranger)
    looks = ", ".join(store.looks(parse(small).header.weights_hash))
    assert f"looks    {looks}\n" in tintype(tmp_path, "info", "a.tint").out
    assert "looks" not in tintype(tmp_path, "info", "b.tint").out
