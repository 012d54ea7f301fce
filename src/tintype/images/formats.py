"""Every format of pictures that is known here, by suffix and by first bytes, and what reads it."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tintype.errors import InputError


@dataclass(frozen=True, slots=True)
class Format:
    """A format of files."""

    name: str  # Pillow's, where Pillow knows it
    suffixes: tuple[str, ...]
    module: str | None = None  # an optional package that reads it; None: Pillow
    refused: str = ""  # why it is never read


_STARTS_PROGRAMS = "reading it would start other programs; export it as PNG or TIFF"
_DRAWING = "it is a drawing, not a picture of pixels; export it as PNG in the size that you need"
_WORK = "it is the working file of an editor; export it as PNG or TIFF"
_FLOATS = "its samples are floats; export it as TIFF of 16 bits"

FORMATS = (
    Format("PNG", (".png", ".apng")),
    Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo")),
    Format("WEBP", (".webp",)),
    Format("AVIF", (".avif", ".avifs")),
    Format("TIFF", (".tif", ".tiff")),
    Format("BMP", (".bmp",)),
    Format("DIB", (".dib",)),
    Format("GIF", (".gif",)),
    Format("PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm")),
    Format("JPEG2000", (".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c")),
    Format("HEIF", (".heic", ".heif", ".hif", ".heics", ".heifs"), module="pillow_heif"),
    Format("JXL", (".jxl",), module="pillow_jxl"),
    Format(
        "RAW",
        (
            *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".k25", ".kdc", ".mef", ".mos"),
            *(".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
        ),
        module="rawpy",
    ),
    Format("QOI", (".qoi",)),
    Format("PSD", (".psd",)),
    Format("ICO", (".ico",)),
    Format("CUR", (".cur",)),
    Format("ICNS", (".icns",)),
    Format("DDS", (".dds",)),
    Format("PCX", (".pcx",)),
    Format("DCX", (".dcx",)),
    Format("SGI", (".sgi", ".rgb", ".rgba", ".bw")),
    Format("SUN", (".ras",)),
    Format("MSP", (".msp",)),
    Format("XBM", (".xbm",)),
    Format("XPM", (".xpm",)),
    Format("BLP", (".blp",)),
    Format("FTEX", (".ftc", ".ftu")),
    Format("GBR", (".gbr",)),
    Format("PIXAR", (".pxr",)),
    Format("PCD", (".pcd",)),
    Format("FLI", (".fli", ".flc")),
    Format("XVTHUMB", ()),
    Format("TGA", (".tga", ".icb", ".vda", ".vst")),  # last: its files begin with nothing of their own
    Format("EPS", (".eps", ".ps", ".ai"), refused=_STARTS_PROGRAMS),
    Format("PDF", (), refused=_DRAWING),  # known by content alone: in folders it is a document, not a picture
    Format("SVG", (".svg", ".svgz"), refused=_DRAWING),
    Format("WMF", (".wmf", ".emf"), refused=_DRAWING),
    Format("OpenEXR", (".exr",), refused=_FLOATS),
    Format("Radiance HDR", (".hdr",), refused=_FLOATS),
    Format("FITS", (".fits", ".fit"), refused=_FLOATS),
    Format("IM", (".im",), refused="its readers die out; convert it to PNG or TIFF"),
    Format("GIMP", (".xcf",), refused=_WORK),
    Format("Krita", (".kra",), refused=_WORK),
    Format("PSB", (".psb",), refused=_WORK),
    Format(".tint", (), refused="it is encoded already; decode it, or give the original"),
    Format("JPEG XR", (".jxr", ".wdp", ".hdp"), refused="no reader is known; export it as PNG or TIFF"),
)
"""In the order in which readers are tried."""

READABLE = tuple(format.name for format in FORMATS if not (format.module or format.refused))
"""Formats that Pillow reads, by its names. None of these readers starts programs or fetches anything."""

BY_SUFFIX: Mapping[str, Format] = {suffix: format for format in FORMATS for suffix in format.suffixes}
BY_NAME: Mapping[str, Format] = {format.name: format for format in FORMATS}

HEAD = 2**12  # bytes that `by_content` wants to see


def is_picture(path: Path) -> bool:
    """Whether a file is a picture by its name or, where this has no suffix, by its first bytes.

    Pictures that cannot be read count too: `load` says why. Hidden files do not: archives from Macs carry one beside
    each picture, with the same suffix.
    """
    if path.name.startswith("."):
        return False
    if path.suffix:
        return path.suffix.lower() in BY_SUFFIX
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return by_content(head) is not None


def by_content(head: bytes) -> Format | None:
    """The format that a file's first bytes state."""
    if head[4:8] == b"ftyp":
        brands = {head[8:12], *_compatible_brands(head)}
        if brands & _AVIF_BRANDS:
            return BY_NAME["AVIF"]
        if brands & _HEIF_BRANDS:
            return BY_NAME["HEIF"]
        return BY_NAME["RAW"] if b"crx " in brands else None
    for start, name in _STARTS:
        if head.startswith(start):
            return BY_NAME[name]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return BY_NAME["WEBP"]
    if head[:4] in _TIFF_STARTS:
        return BY_NAME["RAW" if _is_raw_tiff(head) else "TIFF"]
    return None


def identify(head: bytes, suffix: str = "") -> Format | None:
    """The format of a file: content decides, and the name where a camera's raw file looks like any TIFF."""
    named, found = BY_SUFFIX.get(suffix.lower()), by_content(head)
    if named and named.name == "RAW" and (found is None or found.name == "TIFF"):
        return named
    if found is None and named and (named.module or named.refused):
        return named
    return found


def check_reader(format: Format, name: str) -> None:
    """That a format is one that is read, and its reader installed."""
    if format.refused:
        raise InputError(f"{name}: {format.name} cannot be read: {format.refused}")
    if format.module:
        needed(format.module, f"{name}: {format.name}")


def needed(module: str, what: str) -> None:
    """That an optional package is installed."""
    if find_spec(module) is None:
        package = {"pillow_heif": "pillow-heif", "pillow_jxl": "pillow-jxl-plugin"}.get(module, module)
        raise InputError(f'{what}: reading it needs {package}, which is not installed; pip install "tintype[readers]"')


_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JXL"),
    (b"\xff\x0a", "JXL"),
    (b"qoif", "QOI"),
    (b"8BPS\0\1", "PSD"),
    (b"8BPS\0\2", "PSB"),
    (b"icns", "ICNS"),
    (b"DDS ", "DDS"),
    *((b"P%d" % kind, "PPM") for kind in range(1, 7)),
    (b"FUJIFILMCCD-RAW", "RAW"),
    (b"IIU\0", "RAW"),
    (b"IIRO", "RAW"),
    (b"IIRS", "RAW"),
    (b"MMOR", "RAW"),
    (b"FOVb", "RAW"),
    (b"\0MRM", "RAW"),
    (b"II\x1a\0\0\0HEAPCCDR", "RAW"),
    (b"%!PS", "EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"%PDF", "PDF"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"SIMPLE  =", "FITS"),
    (b"gimp xcf", "GIMP"),
    (b"II\xbc", "JPEG XR"),
    (b"\xd4i\r\n", ".tint"),
)


def _compatible_brands(head: bytes) -> Iterator[bytes]:
    end = min(int.from_bytes(head[:4], "big"), len(head) - 3)
    return (head[at : at + 4] for at in range(16, end, 4))


def _is_raw_tiff(head: bytes) -> bool:
    """Whether a TIFF is a camera's: DNG says so; others begin with a small copy, and the sensor's data follow below."""
    if head[8:10] == b"CR":
        return True
    order = "<" if head[:1] == b"I" else ">"
    (directory,) = struct.unpack_from(f"{order}I", head, 4) if len(head) >= 8 else (HEAD,)
    if directory + 2 > len(head) or head[2:4] in (b"+\0", b"\0+"):
        return False
    (count,) = struct.unpack_from(f"{order}H", head, directory)
    tags = {}
    for at in range(directory + 2, min(directory + 2 + 12 * count, len(head) - 11), 12):
        tag, kind, _, value = struct.unpack_from(f"{order}HHI4s", head, at)
        tags[tag] = struct.unpack(f"{order}H" if kind == 3 else f"{order}I", value[: 2 if kind == 3 else 4])[0]
    dng_version, make, sub_directories, reduced = 50706, 271, 330, 254
    return dng_version in tags or (tags.get(reduced) == 1 and make in tags and sub_directories in tags)
