"""All metadata of a picture in one call, true of the upright picture."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import BinaryIO

from PIL import Image

from tintype.images.metadata import containers, exif, iptc, xmp
from tintype.images.metadata.exif import INCH, Density
from tintype.images.metadata.found import Found
from tintype.images.metadata.orientation import TRANSPOSED
from tintype.images.metadata.tiff import Readable
from tintype.streams import FileBytes

MAX_COMMENTS = 256
MAX_NOTES = 16


@dataclass(frozen=True, slots=True)
class Metadata:
    """What travels with a picture's samples, once these are turned."""

    orientation: int = 1  # to be undone in the samples by `UPRIGHT`, unless a reader of samples does so itself
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    icc: bytes | None = None  # where Pillow does not read it
    notes: tuple[str, ...] = ()  # what could not be kept, a sentence each


def gather(image: Image.Image) -> Metadata:
    """The metadata of a Pillow image, best before its samples are loaded: later Pillow has closed its file.

    Damaged metadata are left out with a note. Orientation is what EXIF says, or XMP without it; the EXIF and XMP that
    come back say 1, and everything else in them is true of the turned picture.
    """
    found = Found()
    file: BinaryIO | None = getattr(image, "fp", None)
    file = None if file is None or file.closed else file
    reader = containers.READERS.get(image.format or "") if image.tell() == 0 else None
    position = file.tell() if file else 0
    if file and image.format == "TIFF":
        file.seek(0)
        metadata = gather_tiff(FileBytes(file), image.tell(), image.width, image.height)  # Pillow states turned sides
        file.seek(position)
        return metadata
    if file and reader:
        reader(file, found)
        file.seek(position)
    if not (file and reader) or image.format == "JXL":  # a JPEG inside JPEG XL has metadata of its own
        _read_info(image, found)
    done = _turned_already(image, found)
    turn = done or _orientation(found)
    sides = (image.height, image.width) if done in TRANSPOSED else (image.width, image.height)
    metadata = _finished(found, turn, *sides)
    return replace(metadata, orientation=1) if done else metadata


def _turned_already(image: Image.Image, found: Found) -> int:
    """The orientation that the decoder has undone, whatever EXIF says; 0 if that is left to us."""
    if image.format == "HEIF":
        return int(image.info.get("original_orientation") or 1)
    if image.format != "JXL" or getattr(image, "jpeg", False):
        return 0
    # the codestream's orientation is not known here, but if EXIF's was its own, EXIF has the sides before the turn
    stated = _orientation(found)
    return stated if stated in TRANSPOSED and exif.sides(found.exif) == (image.height, image.width) else 1


def gather_tiff(data: Readable, page: int, width: int, height: int) -> Metadata:
    """The metadata of a page of a TIFF file, or of a camera's raw file that is one on the outside.

    Parameters
    ----------
    width, height : of the picture once it is upright
    """
    found = Found()
    containers.tiff(data, found, page)
    orientation = _orientation(found)
    sides = (height, width) if orientation in TRANSPOSED else (width, height)
    return _finished(found, orientation, *sides)


def _orientation(found: Found) -> int:
    exif_bytes = exif.sound(found.exif) if found.exif else None
    packet = xmp.sound(found.xmp) if found.xmp else None
    return exif.orientation(exif_bytes) or xmp.orientation(packet) or 1


def _read_info(image: Image.Image, found: Found) -> None:
    """What Pillow found, or the program that made the image put there."""
    info = image.info
    exif_bytes, xmp_packet, photoshop = (info.get(key) for key in ("exif", "xmp", "photoshop"))
    if isinstance(exif_bytes, bytes) and exif_bytes:
        found.exif = exif_bytes
    elif image.format == "TIFF":
        found.exif = exif.of_tiff(image.getexif().tobytes()[len(exif.EXIF_PREFIX) :])
    if isinstance(xmp_packet, str | bytes) and xmp_packet:
        found.xmp = xmp_packet.encode() if isinstance(xmp_packet, str) else xmp_packet
    if isinstance(photoshop, dict) and isinstance(photoshop.get(iptc.RESOURCE), bytes):
        found.iptc = photoshop[iptc.RESOURCE]
    if isinstance(dpi := info.get("dpi"), tuple) and len(dpi) == 2 and all(0 < float(value) < 2**20 for value in dpi):
        found.density = Density(*_fractions(*dpi), INCH)
    comment = info.get("comment")
    if isinstance(comment, bytes | str) and comment:
        found.comments.append(("", comment.decode("utf-8", "replace") if isinstance(comment, bytes) else comment))
    for key, text in getattr(image, "text", info).items():
        if _is_text(key, text):
            found.keep_text(key, text)


def _fractions(x: float, y: float) -> tuple[Fraction, Fraction]:
    return Fraction(float(x)).limit_denominator(10**4), Fraction(float(y)).limit_denominator(10**4)


def _is_text(key: object, text: object) -> bool:
    """A PNG's texts stand among the rest of an image's `info`."""
    return isinstance(key, str) and isinstance(text, str) and bool(re.match("XML:com.adobe.xmp|Raw profile", key))


def _finished(found: Found, orientation: int, width: int, height: int) -> Metadata:
    """Checked, put together, and made true of the turned picture; sides are those before the turn."""
    notes = list(found.notes)
    exif_bytes = _checked(exif.sound, found.exif, "EXIF", notes)
    packet = _checked(xmp.sound, found.xmp, "XMP", notes)
    records = _checked(iptc.sound, found.iptc, "IPTC", notes)
    digest = xmp.value(packet, "xmpNote:HasExtendedXMP") if packet else None
    if packet and digest:
        extension = found.extension(digest)
        whole = xmp.merged(packet, extension) if extension else None
        if whole is None:
            notes.append("The extension of its XMP is damaged or missing and was left out.")
        packet = whole or packet

    if exif_bytes:
        exif_bytes, lost = exif.repaired(exif_bytes)
        notes += lost
        exif_bytes, lost = exif.upright(exif_bytes, orientation, width, height)
        notes += lost
    if packet:
        packet, lost = xmp.upright(packet, orientation, width, height)
        notes += lost
    if found.density:
        x, y, unit = found.density
        exif_bytes = exif.with_density(exif_bytes, Density(y, x, unit) if orientation in TRANSPOSED else found.density)
    exif_bytes, lost = exif.with_comments(exif_bytes, found.comments[:MAX_COMMENTS])
    notes += lost
    if len(found.comments) > MAX_COMMENTS:
        notes.append(f"Of its {len(found.comments)} texts and comments only the first {MAX_COMMENTS} were looked at.")
    notes = list(dict.fromkeys(notes))
    if len(notes) > MAX_NOTES:
        notes = [*notes[:MAX_NOTES], f"{len(notes) - MAX_NOTES} more pieces of metadata were left out."]
    return Metadata(orientation, exif_bytes, packet, records, found.icc, tuple(notes))


def _checked(check: Callable[[bytes], bytes | None], data: bytes | None, name: str, notes: list[str]) -> bytes | None:
    """Metadata in the form that we keep, or None and a note."""
    checked = check(data) if data else None
    if data and checked is None:
        notes.append(f"Its {name} is damaged and was left out.")
    return checked
