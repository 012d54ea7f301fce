"""Every format is asked for its metadata; damaged ones are dropped by name and never an error."""

import io
import re
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tests.images.metadata.made import (
    IPTC,
    RGB,
    XMP,
    camera_exif,
    encoded,
    fields,
    jpeg,
    long,
    short,
    structure,
    text,
    xmp_with,
)
from tintype.images.metadata import Metadata, gather, gather_tiff, iptc

EXIF = camera_exif()
COMMENT = b"ASCII\0\0\0a comment"


def gathered(data: bytes) -> Metadata:
    with Image.open(io.BytesIO(data)) as image:
        return gather(image)


def jpeg_with(*segments: tuple[int, bytes]) -> bytes:
    whole = encoded("JPEG")
    parts = (struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data for marker, data in segments)
    return whole[:20] + b"".join(parts) + whole[20:]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(*chunks: bytes, after: bytes = b"") -> bytes:
    whole = encoded("PNG")
    return whole[:33] + b"".join(chunks) + whole[33:-12] + after + whole[-12:]


def raw_profile(name: str, data: bytes, title: str | None = None) -> bytes:
    lines = "\n".join(data.hex()[at : at + 72] for at in range(0, 2 * len(data), 72))
    text = f"\n{title or name}\n{len(data):8d}\n{lines}\n"
    return chunk(b"zTXt", f"Raw profile type {name}".encode() + b"\0\0" + zlib.compress(text.encode()))


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data


def gif_with(*blocks: bytes) -> bytes:
    whole = encoded("GIF", RGB[:, :, 0])
    start = 13 + 3 * 256
    return whole[:start] + b"".join(blocks) + whole[start:]


def gif_xmp(packet: bytes) -> bytes:
    return b"!\xff\x0bXMP DataXMP" + packet + b"\1" + bytes(range(255, -1, -1)) + b"\0"


def sub_blocks(data: bytes) -> bytes:
    parts = (data[at : at + 255] for at in range(0, len(data), 255))
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def tiff(order: str, tags: dict, **options) -> bytes:
    directory = Image.Exif()
    directory.load(camera_exif(order))
    for tag, value in tags.items():
        directory[tag] = value
    return encoded("TIFF", exif=directory, **options)


UUIDS = {
    "exif": b"JpgTiffExif->JP2",
    "xmp": bytes.fromhex("be7acfcb97a942e89c71999491e3afac"),
    "iptc": bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38"),
}
APP13 = b"Photoshop 3.0\0" + iptc.to_resources(IPTC)
XMP_APP1 = b"http://ns.adobe.com/xap/1.0/\0"

WITH_EXIF = {
    "JPEG": jpeg_with((0xE1, b"Exif\0\0" + EXIF)),
    "JPEG, second APP1": jpeg_with((0xE1, XMP_APP1 + XMP), (0xE1, b"Exif\0\0" + EXIF)),
    "MPO": encoded("MPO", exif=b"Exif\0\0" + EXIF, save_all=True, append_images=[Image.fromarray(255 - RGB)]),
    "PNG": png_with(chunk(b"eXIf", EXIF)),
    "PNG, behind the pixels": png_with(after=chunk(b"eXIf", EXIF)),
    "PNG, ImageMagick's text": png_with(raw_profile("exif", b"Exif\0\0" + EXIF)),
    "PNG, old ImageMagick's text": png_with(after=raw_profile("APP1", b"Exif\0\0" + EXIF, "generic profile")),
    "WebP": encoded("WEBP", exif=EXIF, lossless=True),
    "AVIF": encoded("AVIF", exif=EXIF),
    "JPEG 2000": encoded("JPEG2000") + box(b"uuid", UUIDS["exif"] + EXIF),
    "TIFF": tiff(">", {}),
}


@pytest.mark.parametrize("data", WITH_EXIF.values(), ids=WITH_EXIF)
def test_exif_is_found(data):
    found = gathered(data)
    assert found.notes == ()
    expected, exif = fields(EXIF), fields(found.exif)
    if data in (WITH_EXIF["TIFF"], WITH_EXIF["MPO"], WITH_EXIF["AVIF"]):  # Pillow wrote these anew
        expected["interop"] = exif["interop"] = {}
        exif["main"].pop(0xC4A5, None)
        exif["main"][0x0112] = 1
    assert exif == expected


LARGE = xmp_with("", "").replace(b"<dc:title>", b"<xmp:Label>" + b"y" * 100_000 + b"</xmp:Label><dc:title>")


def extended(packet: bytes, size: int = 65_000, order: int = 1) -> bytes:
    """A JPEG whose XMP is in an extension, in parts of a size."""
    digest = b"0123456789ABCDEF0123456789ABCDEF"
    link = b'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="' + digest + b'" xmp:Rating="4"'
    main = XMP.replace(b'xmp:Rating="4"', link).replace(
        b"<dc:title><rdf:Alt><rdf:li>A &amp; B</rdf:li></rdf:Alt></dc:title>", b""
    )
    packet = packet.replace(b' xmp:Rating="4"', b"")
    parts = [
        (
            0xE1,
            b"http://ns.adobe.com/xmp/extension/\0"
            + digest
            + struct.pack(">II", len(packet), at)
            + packet[at : at + size],
        )
        for at in range(0, len(packet), size)
    ]
    return jpeg_with((0xE1, XMP_APP1 + main), *parts[::order])


WITH_XMP = {
    "JPEG": jpeg_with((0xE1, XMP_APP1 + XMP)),
    "PNG": png_with(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)),
    "PNG, packed, behind the pixels": png_with(
        after=chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP))
    ),
    "PNG, ImageMagick's text": png_with(raw_profile("xmp", XMP)),
    "WebP": encoded("WEBP", xmp=XMP),
    "AVIF": encoded("AVIF", xmp=XMP),
    "GIF": gif_with(gif_xmp(XMP)),
    "JPEG 2000": encoded("JPEG2000") + box(b"uuid", UUIDS["xmp"] + XMP),
    "TIFF": tiff("<", {700: XMP}),
}


@pytest.mark.parametrize("data", WITH_XMP.values(), ids=WITH_XMP)
def test_xmp_is_found(data):
    found = gathered(data)
    assert (found.xmp, found.notes) == (XMP, ())


@pytest.mark.parametrize("order", [1, -1])
def test_extended_xmp_is_put_together(order):
    found = gathered(extended(LARGE, order=order))
    assert found.notes == ()
    assert found.xmp.count(b"y" * 100_000) == 1
    assert found.xmp.count(b"A &amp; B") == found.xmp.count(b'xmp:Rating="4"') == 1
    assert b"HasExtendedXMP" not in found.xmp


@pytest.mark.parametrize("lost", [slice(None, -65_536), slice(0, 0)])
def test_an_extension_with_a_hole_is_dropped_by_name(lost):
    data = extended(LARGE, 30_000)
    place = data.index(b"http://ns.adobe.com/xmp/extension/\0") - 4
    data = data[:place] + data[place + 2 + 2 + 35 + 40 + 30_000 :]
    found = gathered(data)
    assert found.notes == ("The extension of its XMP is damaged or missing and was left out.",)
    assert b'xmp:Rating="4"' in found.xmp


@pytest.mark.parametrize("parts", [(b"\2\2end",), (b"\1\2begin",), (b"\1\1whole", b"\2\1more")])
def test_profiles_that_lack_a_part_are_named(parts):
    found = gathered(jpeg_with(*((0xE2, b"ICC_PROFILE\0" + part) for part in parts)))
    assert found.notes == ("Its colour profile is damaged and was left out.",)


def test_profiles_of_several_parts_in_any_order_are_whole():
    data = jpeg_with((0xE2, b"ICC_PROFILE\0\2\2end"), (0xE2, b"ICC_PROFILE\0\1\2begin"))
    assert gathered(data).notes == ()
    assert Image.open(io.BytesIO(data)).info["icc_profile"] == b"beginend"


SWAPPED = b"".join((IPTC + bytes(-len(IPTC) % 4))[at : at + 4][::-1] for at in range(0, len(IPTC), 4))
WITH_IPTC = {
    "JPEG": jpeg_with((0xED, APP13)),
    "JPEG, two segments": jpeg_with((0xED, APP13[:40]), (0xED, b"Photoshop 3.0\0" + APP13[40:])),
    "PNG": png_with(raw_profile("iptc", iptc.to_resources(IPTC), "IPTC profile")),
    "PNG, records alone": png_with(raw_profile("iptc", IPTC)),
    "TIFF": tiff("<", {33723: IPTC}),
    "TIFF, swapped words": tiff("<", {33723: SWAPPED}),
    "TIFF, Photoshop's resources": tiff("<", {34377: iptc.to_resources(IPTC)}),
    "JPEG 2000": encoded("JPEG2000") + box(b"uuid", UUIDS["iptc"] + IPTC),
}


@pytest.mark.parametrize("data", WITH_IPTC.values(), ids=WITH_IPTC)
def test_iptc_is_found(data):
    found = gathered(data)
    assert (found.iptc, found.notes) == (IPTC, ())


def jp2_with_resolution(x: int, y: int) -> bytes:
    data = encoded("JPEG2000")
    place = data.index(b"jp2h") - 4
    (size,) = struct.unpack_from(">I", data, place)
    resolution = box(b"res ", box(b"resc", struct.pack(">HHHHbb", y, 1, x, 1, 0, 0)))
    return (
        data[:place]
        + struct.pack(">I", size + len(resolution))
        + data[place + 4 : place + size]
        + resolution
        + data[place + size :]
    )


WITH_DENSITY = {
    "JPEG, inches": (encoded("JPEG", dpi=(300, 200)), (300, 200, 2)),
    "JPEG, centimetres": (encoded("JPEG")[:13] + b"\2\0\x64\0\x50" + encoded("JPEG")[18:], (100, 80, 3)),
    "JPEG, shape of pixels": (encoded("JPEG")[:13] + b"\0\0\2\0\1" + encoded("JPEG")[18:], (2, 1, 1)),
    "PNG": (encoded("PNG", dpi=(300, 200)), (118.11, 78.74, 3)),
    "BMP": (encoded("BMP", dpi=(300, 200)), (118.11, 78.74, 3)),
    "JPEG 2000": (jp2_with_resolution(11800, 7900), (118, 79, 3)),
    "TIFF": (encoded("TIFF", dpi=(300, 200)), (300, 200, 2)),
}


@pytest.mark.parametrize("data, expected", WITH_DENSITY.values(), ids=WITH_DENSITY)
def test_density_becomes_exif(data, expected):
    found = gathered(data)
    main = fields(found.exif)["main"]
    assert [float(main[tag]) for tag in (0x011A, 0x011B, 0x0128)] == pytest.approx(expected)
    assert found.notes == ()


def test_a_density_that_says_nothing_makes_no_exif():
    for data in (encoded("JPEG"), encoded("PNG"), png_with(chunk(b"pHYs", struct.pack(">IIB", 1, 1, 0)))):
        assert gathered(data) == Metadata()


def test_a_density_turns_with_the_picture():
    found = gathered(
        encoded("JPEG", dpi=(300, 200), exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0")
    )
    assert found.orientation == 6
    assert fields(found.exif)["main"] == {0x0112: 1, 0x011A: 200, 0x011B: 300, 0x0128: 2}


WITH_COMMENT = {
    "JPEG": jpeg_with((0xFE, b"a comment\0")),
    "GIF": gif_with(b"!\xfe" + sub_blocks(b"a comment")),
    "PNG, tEXt": png_with(chunk(b"tEXt", b"Comment\0a comment")),
    "PNG, zTXt": png_with(after=chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a comment"))),
    "PNG, iTXt": png_with(chunk(b"iTXt", b"Comment\0\0\0en\0Comment\0a comment")),
}


@pytest.mark.parametrize("data", WITH_COMMENT.values(), ids=WITH_COMMENT)
def test_comments_become_exif(data):
    found = gathered(data)
    assert fields(found.exif)["exif"] == {0x9286: COMMENT}
    assert found.notes == ()


def test_the_time_of_a_png_is_that_of_the_last_change():
    time = chunk(b"tIME", struct.pack(">H5B", 2020, 1, 31, 23, 59, 8))
    assert fields(gathered(png_with(time)).exif)["main"] == {0x0132: "2020:01:31 23:59:08"}


def test_text_without_a_field_of_its_kind_is_dropped_by_name():
    found = gathered(png_with(chunk(b"tEXt", b"date:create\x002020"), chunk(b"tEXt", b"Author\0Ann")))
    assert fields(found.exif)["main"] == {0x013B: "Ann"}
    assert found.notes == ("Its text 'date:create' was left out.",)


@pytest.mark.parametrize(
    "data, note",
    [
        (jpeg_with((0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff")), "Its EXIF is damaged and was left out."),
        (jpeg_with((0xE1, XMP_APP1 + XMP[:-50])), "Its XMP is damaged and was left out."),
        (png_with(chunk(b"eXIf", b"nothing")), "Its EXIF is damaged and was left out."),
        (png_with(chunk(b"zTXt", b"Comment\0\0nothing packed")), "A damaged or very long text 'Comment' was left out."),
        (png_with(raw_profile("exif", EXIF[:50], "x")), "Its EXIF is damaged and was left out."),
        (png_with(chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 5\nzz")), "A damaged text 'Raw profile type exif'"),
        (tiff("<", {33723: b"nothing"}), "Its IPTC is damaged and was left out."),
        (tiff("<", {700: b"nothing"}), "Its XMP is damaged and was left out."),
        (jpeg_with((0xEB, b"JP\0\1\0\0\0\1jumb")), "Its content credentials"),
        (jpeg_with((0xED, b"Photoshop 3.0\0" + b"8BIM\x07\xd0\0\0\0\0\0\2ab")), "Its clipping paths were left out."),
        (jpeg_with((0xE1, b"FLIR\0abc"), (0xE4, b"\xff")), "Its segments APP1 FLIR, APP4 were left out."),
    ],
)
@pytest.mark.filterwarnings("ignore")  # Pillow's, about the same damage
def test_damage_is_dropped_by_name(data, note):
    found = gathered(data)
    assert len(found.notes) == 1 and found.notes[0].startswith(note)


def test_a_chunk_with_a_false_checksum_is_dropped_by_name():
    image = Image.open(io.BytesIO(encoded("PNG")))
    image.fp = io.BytesIO(
        png_with(chunk(b"eXIf", EXIF)[:-1] + b"\0", chunk(b"tEXt", b"Author\0Ann"))
    )  # Pillow refuses it
    found = gather(image)
    assert found.notes == ("A damaged eXIf chunk was left out.",)
    assert fields(found.exif)["main"] == {0x013B: "Ann"}


def test_only_the_extended_part_of_a_phones_picture_goes():
    packet = xmp_with('hdrgm:Version="1.0"', 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"')
    found = gathered(jpeg_with((0xE1, XMP_APP1 + packet)))
    assert found.notes == ("Its XMP of pictures that are not coded was left out (hdrgm:Version).",)
    assert b'xmp:Rating="4"' in found.xmp


def test_orientation_of_exif_goes_before_that_of_xmp():
    packet = xmp_with('tiff:Orientation="3"', 'xmlns:tiff="http://ns.adobe.com/tiff/1.0/"')
    data = jpeg_with((0xE1, b"Exif\0\0" + camera_exif(orientation=6, thumbnail=jpeg(16, 8))), (0xE1, XMP_APP1 + packet))
    found = gathered(data)
    assert found.orientation == 6
    assert fields(found.exif)["main"][0x0112] == 1
    assert b'tiff:Orientation="1"' in found.xmp
    assert gathered(jpeg_with((0xE1, XMP_APP1 + packet))).orientation == 3


def test_a_tiff_that_pillow_turns_has_sides_of_the_turned_picture():
    found = gathered(tiff("<", {0x0112: 6}))
    assert found.orientation == 6
    assert [fields(found.exif)["exif"][tag] for tag in (0xA002, 0xA003)] == [24, 36]


def test_each_page_has_its_own_metadata():
    pages = io.BytesIO()
    with Image.new("L", (4, 4)) as first, Image.new("L", (5, 5)) as second:
        first.encoderinfo = {}
        first.save(pages, "TIFF", save_all=True, append_images=[second], description="both")
    with Image.open(pages) as image:
        assert fields(gather(image).exif)["main"][0x010E] == "both"
        image.seek(1)
        assert gather(image).orientation == 1


def test_images_in_memory_bring_what_their_info_holds():
    image = Image.fromarray(RGB)
    texts = {
        "XML:com.adobe.xmp": XMP.decode(),
        "Raw profile type iptc": "\niptc\n" + f"{len(IPTC)}\n{IPTC.hex()}\n",
        "x": "y",
    }
    image.info |= {"exif": b"Exif\0\0" + EXIF, "dpi": (72, 72), "comment": b"a comment", **texts}
    found = gather(image)
    expected = fields(EXIF)
    expected["exif"][0x9286] = COMMENT
    assert fields(found.exif) == expected
    assert (found.xmp, found.iptc, found.notes) == (XMP, IPTC, ())
    image.info = {"xmp": XMP.decode(), "photoshop": {0x0404: IPTC}, "dpi": (72.5, 72.5)}
    found = gather(image)
    assert (found.xmp, found.iptc) == (XMP, IPTC)
    assert float(fields(found.exif)["main"][0x011A]) == 72.5
    image.info = {"exif": 1, "xmp": 2, "photoshop": 3, "dpi": (0, float("nan")), "comment": 4}
    assert gather(image) == Metadata()


@pytest.mark.parametrize("kind", ["TIFF", "JPEG", "PNG"])
def test_images_loaded_before_bring_exif_too(kind):
    data = {"TIFF": tiff("<", {}), "JPEG": WITH_EXIF["JPEG"], "PNG": WITH_EXIF["PNG"]}[kind]
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert fields(gather(image).exif)["exif"][0x9003] == "2020:01:01 00:00:00"


def test_the_file_is_left_where_it_was():
    for data in (*WITH_EXIF.values(), *WITH_XMP.values(), *WITH_DENSITY["BMP"][:1]):
        with Image.open(io.BytesIO(data)) as image:
            expected = np.asarray(image.copy())
        with Image.open(io.BytesIO(data)) as image:
            gather(image)
            np.testing.assert_array_equal(np.asarray(image), expected)


@pytest.mark.parametrize(
    "data",
    [
        jpeg_with((0xE1, b"Exif\0\0" + EXIF), (0xFE, b"a comment")),
        png_with(chunk(b"eXIf", EXIF), chunk(b"tEXt", b"Comment\0a comment")),
        encoded("JPEG2000") + box(b"uuid", UUIDS["exif"] + EXIF),
    ],
    ids=["JPEG", "PNG", "JPEG 2000"],
)
def test_blocks_above_the_limit_are_passed_over_by_name(data, monkeypatch):
    monkeypatch.setattr("tintype.images.metadata.found.MAX_BLOCK", 100)
    found = gathered(data)
    assert [note for note in found.notes if re.search(r"A block of metadata of \d{3,} bytes was left out", note)]
    if data[:2] != b"\0\0":
        assert fields(found.exif)["exif"] == {0x9286: COMMENT}


def bomb() -> bytes:
    packed = zlib.compress(bytes(2**28), 9)
    return png_with(*[chunk(b"zTXt", b"Comment\0\0" + packed) for _ in range(8)])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(jpeg_with(*[(0xED, b"Photoshop 3.0\0" + bytes(2**16 - 20))] * 1000), id="64 MB of resources"),
        pytest.param(bomb(), id="text that unpacks to 2 GB"),
        pytest.param(png_with(chunk(b"tEXt", b"a\0b") * 50_000), id="50,000 texts"),
        pytest.param(png_with(chunk(b"tEXt", b"Raw profile type exif\0" + b"\n" * 2**20)), id="a profile of line ends"),
        pytest.param(png_with(chunk(b"tEXt", b"Raw profile type exif\0" + b" " * 2**20)), id="a profile of blanks"),
        pytest.param(jpeg_with(*[(0xFE, b"x")] * 50_000), id="50,000 comments"),
        pytest.param(gif_with(b"!\xfe\x01x\0" * 50_000), id="50,000 comments in a GIF"),
        pytest.param(encoded("JPEG2000") + box(b"free", b"") * 50_000, id="50,000 boxes"),
        pytest.param(encoded("JPEG2000") + b"\0\0\0\1jp2h" + bytes(8), id="a box of size 0"),
        pytest.param(
            jpeg_with(*[(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40))] * 20_000), id="extensions"
        ),
    ],
)
def test_hostile_files_take_bounded_work(data):
    image = Image.open(io.BytesIO(encoded("PNG" if data[:2] == b"\x89P" else "JPEG")))
    formats = {b"\x89P": "PNG", b"\xff\xd8": "JPEG", b"GI": "GIF", b"\0\0": "JPEG2000"}
    image.fp, image.format = io.BytesIO(data), formats[data[:2]]
    start = time.process_time()
    found = gather(image)
    assert time.process_time() - start < 5
    assert len(found.notes) <= 20 and len(found.exif or b"") < 2**16


@pytest.mark.filterwarnings("ignore")
def test_damaged_files_never_raise():
    rng = np.random.default_rng(251)
    wholes = [*WITH_EXIF.values(), *WITH_XMP.values(), *WITH_IPTC.values(), *WITH_COMMENT.values(), extended(LARGE)]
    wholes += [data for data, _ in WITH_DENSITY.values()]
    for whole in wholes:
        with Image.open(io.BytesIO(whole)) as image:
            format = image.format
            for _ in range(15):
                data = bytearray(whole[: rng.integers(20, len(whole) + 1)])
                for at in rng.integers(2, min(len(data), 1500), 8):
                    data[at] = rng.choice([0, 255, rng.integers(256)])
                image.fp, image.format = io.BytesIO(data), format
                gather(image)


def test_a_raw_file_has_the_metadata_of_its_outside():
    main, exif = {0x010F: text("ACME"), 0x0100: long(160), 0x0112: short(8)}, {0xA002: long(60), 0xA003: long(40)}
    data = structure("<", {"main": main, "exif": exif})
    found = gather_tiff(data, 0, 40, 60)
    assert (found.orientation, found.notes) == (8, ())
    expected = fields(found.exif)
    assert (expected["main"], expected["exif"]) == ({0x010F: "ACME", 0x0112: 1}, {0xA002: 40, 0xA003: 60})


@pytest.mark.parametrize("orientation", [1, 6])
def test_jpeg_xl_boxes_are_read_where_its_reader_is_installed(orientation):
    plugin = pytest.importorskip("pillow_jxl.JpegXLImagePlugin")
    file = io.BytesIO()
    exif = camera_exif(orientation=orientation)
    Image.fromarray(RGB).save(file, "JXL", exif=b"Exif\0\0" + exif, xmp=XMP, use_container=True)
    found = gather(plugin.JXLImageFile(io.BytesIO(file.getvalue())))
    assert (found.orientation, found.xmp) == (1, XMP)  # the plugin leaves the codestream's orientation at 1
    assert fields(found.exif) == fields(camera_exif())
    # as encoders do that turn the codestream: EXIF has the sides before the turn
    turned = exif_of_sides(24, 36, orientation)
    file = io.BytesIO()
    Image.fromarray(RGB).save(file, "JXL", exif=b"Exif\0\0" + turned, use_container=True)
    found = gather(plugin.JXLImageFile(io.BytesIO(file.getvalue())))
    sides = [fields(found.exif)["exif"][tag] for tag in (0xA002, 0xA003)]
    assert (found.orientation, sides) == (1, [36, 24] if orientation == 6 else [24, 36])


def exif_of_sides(width: int, height: int, orientation: int) -> bytes:
    return camera_exif(orientation=orientation, width=width, height=height)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_heif_is_turned_by_its_reader_and_its_exif_follows(orientation):
    heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    exif = camera_exif(orientation=orientation, thumbnail=jpeg(16, 8))
    heif.from_pillow(Image.fromarray(RGB)).save(file, exif=b"Exif\0\0" + exif)
    image = heif.HeifImageFile(io.BytesIO(file.getvalue()))
    found = gather(image)
    expected = fields(camera_exif(thumbnail=jpeg(16, 8), width=image.width, height=image.height))
    assert found.orientation == 1
    assert [fields(found.exif)["exif"][tag] for tag in (0xA002, 0xA003)] == [image.width, image.height]
    assert fields(found.exif)["thumbnail"] == expected["thumbnail"]


def test_text_beyond_ascii_is_utf_8():
    described = PngImagePlugin.PngInfo()
    described.add_text("Description", "d\u00e9j\u00e0", zip=True)
    assert "d\u00e9j\u00e0\0".encode() in gathered(encoded("PNG", pnginfo=described)).exif
