"""XMP: its properties found by an XML parser, and changed in the text without touching the rest of it."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from xml.parsers import expat

from tintype.images.metadata.orientation import TRANSPOSED, upright_point

MAX_XMP = 2**24  # bytes
MAX_PROPERTIES = 2**16
MAX_DEPTH = 256  # of elements in one another
NO_DIGEST = b"0" * 32  # where the digest of an extension belongs

PREFIXES: Mapping[str, str] = {
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/hdr-gain-map/1.0/": "hdrgm",
    "http://ns.apple.com/HDRGainMap/1.0/": "HDRGainMap",
    "http://ns.google.com/photos/1.0/container/": "Container",
    "http://ns.google.com/photos/1.0/camera/": "GCamera",
    "http://ns.google.com/photos/1.0/depthmap/": "GDepth",
    "http://ns.google.com/photos/1.0/image/": "GImage",
    "http://ns.google.com/photos/1.0/panorama/": "GPano",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://www.metadataworkinggroup.com/schemas/regions/": "mwg-rs",
    "http://ns.adobe.com/xmp/sType/Area#": "stArea",
    "http://ns.adobe.com/xap/1.0/sType/Dimensions#": "stDim",
    "urn:x-tintype:1.0/": "tintype",
}
"""Namespaces by the prefixes they go by here, whatever a packet calls them."""

OTHER_PICTURES = re.compile(r"hdrgm:|HDRGainMap:|Container:|GCamera:(MotionPhoto|MicroVideo)")
"""Properties of further pictures and films behind the first one, which is all that is coded."""

LYING = re.compile(r"GDepth:|GImage:|GPano:|xmp:Thumbnails$|exif:Subject(Area|Location)$")
"""Properties that hold, or describe, pictures as they lay before a turn."""

EMPTY = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    b"</x:xmpmeta>"
)

_SIDES = (("exif:PixelXDimension", "exif:PixelYDimension"), ("tiff:ImageWidth", "tiff:ImageLength"))
_PAIRS = (
    *_SIDES,
    ("tiff:XResolution", "tiff:YResolution"),
    ("exif:FocalPlaneXResolution", "exif:FocalPlaneYResolution"),
    ("stDim:w", "stDim:h"),
    ("stArea:w", "stArea:h"),
)
"""Properties that a turn exchanges."""

PLACES = re.compile(
    r"[\w-]+:gps\w*$|photoshop:(City|State|Country)$|Iptc4xmpCore:(Location|CountryCode)$"
    r"|Iptc4xmpExt:Location(Shown|Created)$",
    re.IGNORECASE,
)
"""Properties that say where the picture was taken."""


@dataclass(slots=True)
class Property:
    """A property, attribute or element, and where it is in the packet's bytes."""

    name: str  # with one of our prefixes
    text: str  # of an attribute, or of an element that holds text alone
    start: int
    stop: int
    inner: tuple[int, int]  # what stands between the quotes or tags
    owner: int  # start of the element that it is a property of
    top: bool  # directly in one of the packet's own descriptions


def sound(xmp: bytes) -> bytes | None:
    """A packet as UTF-8; None if it is not XML that can be read, or too long."""
    if len(xmp) > MAX_XMP:
        return None
    for mark, code in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if xmp.startswith(mark):
            xmp = xmp[len(mark) :].decode(code, "replace").encode()
    xmp = xmp.strip(b"\0 \t\r\n")
    return xmp if _properties(xmp) is not None else None


def value(xmp: bytes, name: str) -> str | None:
    """The text of the first property of a name."""
    return next((found.text for found in _properties(xmp) or () if found.name == name), None)


def orientation(xmp: bytes | None) -> int | None:
    """The orientation that it states, 1 to 8."""
    stated = value(xmp, "tiff:Orientation") if xmp else None
    return int(stated) if stated and re.fullmatch("[1-8]", stated.strip()) else None


def upright(xmp: bytes, turn: int, width: int, height: int) -> tuple[bytes, tuple[str, ...]]:
    """XMP that is true of the coded picture, and what it lost.

    The orientation becomes 1. Sides and regions follow the turn. Gain maps, motion photos and other pictures behind
    the first one are not coded, so what points to them goes; so does what holds pictures that the turn left lying.

    Parameters
    ----------
    turn : the orientation that was undone, 1 to 8
    width, height : of the picture before the turn
    """
    lost: list[str] = []
    texts = _turned(xmp, turn, width, height)

    def change(found: Property) -> str | None:
        if OTHER_PICTURES.match(found.name) or (turn != 1 and LYING.match(found.name)):
            lost.append(found.name)
            return None
        if found.name == "xmpNote:HasExtendedXMP":  # the extension is merged, or lost
            return None
        return "1" if found.name == "tiff:Orientation" else texts.get(found.start, found.text)

    xmp = edited(xmp, change)
    names = ", ".join(sorted(set(lost)))
    return xmp, (f"Its XMP of pictures that are not coded was left out ({names}).",) if lost else ()


def without_places(xmp: bytes) -> bytes:
    """XMP without what says where the picture was taken."""
    return edited(xmp, lambda found: None if PLACES.match(found.name) else found.text)


def with_look(xmp: bytes | None, look: str) -> bytes:
    """A packet that says with which look the picture was decoded, a new one if there is none.

    What it holds stays as it is, byte for byte. One that cannot be read stays without.
    """
    packet = xmp or EMPTY
    if value(packet, "tintype:Look") == look:
        return packet
    place = _rdf(packet)
    if place is None or packet[: place[0]].endswith(b"/>"):
        return packet
    names = b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:tintype="urn:x-tintype:1.0/"'
    stated = b'<rdf:Description %b rdf:about="" tintype:Look="%b"/>' % (names, escape(look).encode())
    whole = packet[: place[1]] + stated + packet[place[1] :]
    return packet if _properties(whole) is None else whole


def merged(xmp: bytes, extension: bytes) -> bytes | None:
    """A packet with the properties of its extension; None if either cannot be read."""
    main, more = _rdf(xmp), _rdf(extension)
    if main is None or more is None:
        return None
    whole = xmp[: main[1]] + extension[slice(*more)] + xmp[main[1] :]
    return None if _properties(whole) is None else whole


def split(xmp: bytes, size: int) -> tuple[bytes, bytes] | None:
    """A packet of at most some bytes and an extension with its largest properties; None if it cannot be divided.

    The packet names the extension by `NO_DIGEST`, to be replaced by its MD5 digest.
    """
    body = _rdf(xmp)
    if body is None:
        return None
    top = [found for found in _properties(xmp) or () if found.top]
    sizes: Counter[str] = Counter()  # in bytes
    for found in top:
        sizes[found.name] += found.stop - found.start
    link = (
        b'<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about="" '
        b'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="' + NO_DIGEST + b'"/>'
    )
    excess, moved = len(xmp) + len(link) - size, set()
    for name, size_bytes in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        moved.add(name)
        excess -= size_bytes
        if excess <= 0:
            break
    main = edited(xmp, lambda found: None if found.top and found.name in moved else found.text)
    rest = edited(xmp, lambda found: None if found.top and found.name not in moved else found.text)
    place = _rdf(main)
    if place is None or len(main) + len(link) > size:
        return None
    return main[: place[1]] + link + main[place[1] :], re.sub(rb"<\?xpacket[^?]*+\?>", b"", rest).strip()


def edited(xmp: bytes, change: Callable[[Property], str | None]) -> bytes:
    """A packet with other texts in its properties. `change` gives the new text, the old one, or None for removal."""
    pieces, at = [], 0
    for found in _properties(xmp) or ():
        if found.start < at:  # inside one that is gone
            continue
        text = change(found)
        if text is None:
            pieces.append(xmp[at : found.start])
            at = found.stop
        elif text != found.text:
            pieces += (xmp[at : found.inner[0]], escape(text).encode())
            at = found.inner[1]
    return b"".join([*pieces, xmp[at:]])


def _turned(xmp: bytes, turn: int, width: int, height: int) -> dict[int, str]:
    """Texts of properties that follow the turn, by where these start."""
    groups: dict[int, dict[str, Property]] = {}
    for found in _properties(xmp) or ():
        local = found.owner if found.name.startswith(("stArea:", "stDim:")) else 0
        groups.setdefault(local, {}).setdefault(found.name, found)
    texts = {}
    for group in groups.values():
        for pair in _PAIRS if turn in TRANSPOSED else ():
            one, other = (group.get(name) for name in pair)
            if one and other and not (pair in _SIDES and (one.text, other.text) == (str(height), str(width))):
                texts[one.start], texts[other.start] = other.text, one.text
        x, y = group.get("stArea:x"), group.get("stArea:y")
        if (
            x and y and _NUMBER.fullmatch(x.text) and _NUMBER.fullmatch(y.text)
        ):  # regions: centres in shares of the sides
            centre = upright_point(turn, float(x.text), float(y.text), 1, 1)
            texts[x.start], texts[y.start] = (f"{at:.6g}" for at in centre)
    return texts


_NUMBER = re.compile(r"\d{0,9}\.?\d{0,20}(?<=\d)")


class _UnusualError(Exception):
    """XML that no packet needs: entities, or properties without end."""


class _Scanner:
    """Collects the properties of a packet while expat reads it."""

    def __init__(self, xmp: bytes) -> None:
        self.xmp = xmp
        self.found: list[Property] = []
        self._open: list[Property] = []
        self._names: list[dict[str, str]] = []  # prefix to namespace, what each open element declares
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def scan(self) -> list[Property]:
        self._parser.Parse(self.xmp, True)
        return self.found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        start = self._parser.CurrentByteIndex
        tag = _TAG.match(self.xmp, start)
        if tag is None or len(self._open) == MAX_DEPTH or len(self.found) + len(attributes) > MAX_PROPERTIES:
            raise _UnusualError
        self._names.append({key[6:]: uri for key, uri in attributes.items() if key.startswith("xmlns:")})
        if self._open:
            self._open[-1].text = ""  # it holds more than text
        above = [found.name for found in self._open[-2:]]
        element = Property(
            self._known(name), "", start, tag.end(), (tag.end(), tag.end()), self._open[-1].start if self._open else 0,
            above == ["rdf:RDF", "rdf:Description"],
        )  # fmt: skip
        self.found.append(element)
        top = element.name == "rdf:Description" and above[-1:] == ["rdf:RDF"]
        for attribute in _ATTRIBUTE.finditer(self.xmp, start, tag.end()):
            key = attribute[1].decode()
            if not key.startswith("xmlns") and key in attributes:
                known = self._known(key)
                inner = attribute.start(2) + 1, attribute.end(2) - 1
                self.found.append(
                    Property(known, attributes[key], attribute.start(), attribute.end(), inner, start,
                             top and not known.startswith("rdf:"))
                )  # fmt: skip
        self._open.append(element)

    def _end(self, _: str) -> None:
        element = self._open.pop()
        self._names.pop()
        if self.xmp[element.stop - 2 : element.stop] != b"/>":
            end = self._parser.CurrentByteIndex
            element.inner = element.stop, end
            element.stop = self.xmp.index(b">", end) + 1

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1].text += text

    def _doctype(self, *_: object) -> None:
        raise _UnusualError

    def _known(self, name: str) -> str:
        prefix, colon, local = name.partition(":")
        space = next((spaces[prefix] for spaces in reversed(self._names) if prefix in spaces), "")
        return f"{PREFIXES.get(space, prefix)}:{local}" if colon else name


# Possessive, and a run of blanks is entered at its first alone: time grows with a tag's length, not with its square
_TAG = re.compile(rb"<(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>")
_ATTRIBUTE = re.compile(rb"(?<!\s)\s++([^\s=>/\"']++)\s*+=\s*+(\"[^\"]*+\"|'[^']*+')")


def _properties(xmp: bytes) -> list[Property] | None:
    """Elements and attributes in the order of the text; None if it is not XML that can be read."""
    try:
        return _Scanner(xmp).scan()
    except (expat.ExpatError, _UnusualError, UnicodeDecodeError):
        return None


def _rdf(xmp: bytes) -> tuple[int, int] | None:
    """Where the inside of `rdf:RDF` is."""
    return next((found.inner for found in _properties(xmp) or () if found.name == "rdf:RDF"), None)
