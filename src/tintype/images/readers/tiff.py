"""TIFF by its tags: BitsPerSample, SampleFormat, PlanarConfiguration, ExtraSamples, PhotometricInterpretation.

Pillow decompresses; what its bytes mean is decided here. Where Pillow would misread or refuse the arrangement of
samples, it gets the same data under a directory that describes them in a way that it reads in full.
"""

import io
import struct
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from tintype.errors import InputError
from tintype.images import alpha, colour, icc
from tintype.images.colour import NOT_STATED, Colour
from tintype.images.convert import refuse_unless_converting
from tintype.images.metadata import ORIENTATION, UPRIGHT
from tintype.images.picture import Samples, check_size
from tintype.images.raster import Raster
from tintype.images.readers import by_mode, sixteen
from tintype.images.readers.opened import Opened

Tags = TiffImagePlugin.ImageFileDirectory_v2

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, CMYK, YCBCR, LAB = 0, 1, 2, 3, 4, 5, 6, 8
UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4  # SampleFormat
ASSOCIATED, UNASSOCIATED = 1, 2  # ExtraSamples
RAW, JPEG_COMPRESSIONS = 1, (6, 7)
REDUCED, IS_MASK = 1, 4  # bits of NewSubfileType
MAX_PAGES = 2**14
SHARED_BYTES = 2**26  # that the values of all directories may have beyond the file's own bytes
MODELS = {CMYK: "CMYK", LAB: "Lab", 9: "Lab", 10: "Lab", 32844: "LogLuv", 32845: "LogLuv"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a page stores its samples."""

    width: int
    height: int
    photometric: int
    bits: tuple[int, ...]  # one for each sample of a pixel
    format: int
    planar: bool
    extra: tuple[int, ...]  # meanings of the samples beyond those of colour
    compression: int

    @property
    def colours(self) -> int:
        """Samples of a pixel that are colour."""
        return 3 if self.photometric in (RGB, YCBCR, LAB) else 4 if self.photometric == CMYK else 1

    @classmethod
    def of(cls, tags: Tags) -> "Layout":
        """Of a directory; raises ValueError where it contradicts itself."""
        compression = _number(tags, 259, RAW)
        photometric = _number(tags, 262, BLACK_IS_ZERO)
        default = 3 if compression in JPEG_COMPRESSIONS and photometric in (RGB, YCBCR) else 1
        count = _number(tags, 277, default)
        if not 1 <= count <= 64:
            raise ValueError(f"{count} samples per pixel")
        bits = tuple(tags.get(258, (1,)))
        bits = bits * count if len(bits) == 1 else bits[:count]
        formats = set(tags.get(339, (UNSIGNED,))[:count])
        if len(bits) != count or len(formats) != 1:
            raise ValueError(f"samples of {bits} bits and formats {sorted(formats)}")
        layout = cls(
            _number(tags, 256, 0), _number(tags, 257, 0), photometric, bits, formats.pop(),
            _number(tags, 284, 1) == 2, tuple(tags.get(338, ())), compression,
        )  # fmt: skip
        missing = count - layout.colours - len(layout.extra)
        if missing < -len(layout.extra):
            raise ValueError(f"{count} samples per pixel for photometric interpretation {photometric}")
        return layout


def page(data: bytes, name: str, frame: int | None) -> tuple[Tags, int]:
    """The page that is wanted, and its place in the file.

    Smaller copies and masks are no pages if one picture remains then.
    """
    found = list(_directories(data))
    whole = [tags for tags in found if not _number(tags, 254, 0) & (REDUCED | IS_MASK)]
    wanted = whole if len(whole) == 1 else found
    if frame is None and len(wanted) > 1:
        raise InputError(
            f"{name}: {len(wanted)} pages; encode --frame N (frame=N) takes one of them, from 0 to {len(wanted) - 1}"
        )
    if not wanted:
        raise InputError(f"{name}: damaged, it has no directory")
    if (frame or 0) >= len(wanted):
        raise InputError(f"{name}: has no page {frame}; its pages are 0 to {len(wanted) - 1}")
    tags = wanted[frame or 0]
    return tags, next(i for i, each in enumerate(found) if each is tags)


def read(opened: Opened, tags: Tags) -> Raster:
    """One page, upright. Raises ValueError and the like where the file is damaged."""
    layout = Layout.of(tags)
    check_size(layout.width, layout.height, opened.name, opened.options.max_pixels)
    notes = []
    if layout.photometric in MODELS:
        refuse_unless_converting(opened, MODELS[layout.photometric])
        return _by_pillow(opened, tags, layout)
    if layout.photometric == YCBCR and layout.compression not in JPEG_COMPRESSIONS:
        refuse_unless_converting(opened, "YCbCr")
        notes.append("YCbCr was converted to RGB by the formula.")
    if layout.format == FLOAT:
        if layout.bits not in ((32,), (64,)):
            raise opened.refusal(
                f"{len(layout.bits)} float samples of {layout.bits[0]} bits to a pixel cannot be read, only one of 32 "
                "or 64; export it as 16-bit integers"
            )
        refuse_unless_converting(opened, "floats")
        return _by_pillow(opened, tags, layout)
    if layout.bits == (32,) and layout.format in (UNSIGNED, SIGNED):  # their values may fit into 16 bits
        return _by_pillow(opened, tags, layout)
    count = len(layout.bits)
    if layout.format == SIGNED and layout.bits[0] in (8, 16):
        notes.append(f"Its samples are signed; 2^{layout.bits[0] - 1} was added to each.")
    elif layout.format not in (UNSIGNED, UNDEFINED):
        raise opened.refusal(f"SampleFormat {layout.format} with {layout.bits[0]} bits cannot be read")
    unknown = count - layout.colours
    if unknown > 0 and layout.extra[:1] not in ((), (ASSOCIATED,), (UNASSOCIATED,)):
        notes.append(f"{unknown} channels of no stated meaning were left out.")
    elif unknown > 1:
        notes.append(f"{unknown - 1} channels beside alpha were left out.")

    plain = max(layout.bits) <= 8 and not layout.planar and layout.format != SIGNED
    if plain or layout.photometric in (PALETTE, YCBCR):
        return _by_pillow(opened, tags, layout, tuple(notes))
    if len(set(layout.bits)) > 1 or layout.bits[0] not in (8, 12, 16):
        raise opened.refusal(f"samples of {layout.bits} bits cannot be read; export it with 8 or 16")
    return _by_tags(opened, tags, layout, tuple(notes))


def _by_pillow(opened: Opened, tags: Tags, layout: Layout, notes: tuple[str, ...] = ()) -> Raster:
    """Pages that Pillow reads in full; it turns them upright itself."""
    if opened.image.format != "TIFF":
        raise opened.refusal(
            f"{len(layout.bits)} samples of {layout.bits} bits with photometric interpretation {layout.photometric} "
            "cannot be read; export it as RGB or grey of 8 or 16 bits"
        )
    if layout.photometric == PALETTE:
        _narrow_palette(opened.image, tags)
    samples = _as_they_stand(opened.data, tags, layout)
    raster = by_mode.read(opened) if samples is None else Raster(samples)
    grey = raster.samples.ndim == 2
    stated = NOT_STATED if raster.converted else _colour(tags, layout, grey)
    return Raster(
        raster.samples, raster.bits, raster.alpha, stated, (*notes, *raster.notes), True, raster.converted
    )  # fmt: skip


def _as_they_stand(data: bytes, tags: Tags, layout: Layout) -> Samples | None:
    """Upright samples of 8 bits that are not compressed, in strips one behind the other: no copy is made of them."""
    count = len(layout.bits)
    plain = (layout.compression, set(layout.bits), layout.format) == (RAW, {8}, UNSIGNED) and not layout.planar
    if not plain or (layout.photometric, count) not in ((RGB, 3), (BLACK_IS_ZERO, 1)) or 273 not in tags:
        return None
    if any(_number(tags, tag, 1) != 1 for tag in (ORIENTATION, 266, 317)):  # order of bits, differences
        return None
    offsets, sizes = _ints(tags[273]), _ints(tags.get(279, ()))
    size = layout.height * layout.width * count
    ends = [offset + size for offset, size in zip(offsets, sizes, strict=False)]
    if len(offsets) != len(sizes) or ends[:-1] != offsets[1:] or sum(sizes) != size or ends[-1] > len(data):
        return None
    samples = np.frombuffer(data, np.uint8, size, offsets[0])
    return samples.reshape(layout.height, layout.width, *((count,) if count > 1 else ()))


def _narrow_palette(image: Image.Image, tags: Tags) -> None:
    """Some programs write the colours of a palette in 8 bits, where 16 are meant."""
    colours = tags.get(320, ())
    if colours and max(colours) < 256 and image.palette is not None:
        image.palette.palette = bytes(colours)


def _by_tags(opened: Opened, tags: Tags, layout: Layout, notes: tuple[str, ...]) -> Raster:
    """Pages of 8, 12 or 16 bits in any arrangement."""
    bits, count = layout.bits[0], len(layout.bits)
    if layout.planar and count > 1:
        wanted = min(count, layout.colours + 1)
        channels = np.stack([_plane(opened.data, tags, layout, number) for number in range(wanted)], axis=-1)
    else:
        channels = _interleaved(opened, tags, layout)
    if layout.format == SIGNED:
        channels = channels ^ channels.dtype.type(1 << bits - 1)
    samples = channels[..., : layout.colours] if layout.colours > 1 else channels[..., 0]
    white = 2**bits - 1
    if layout.photometric == WHITE_IS_ZERO:
        samples = white - samples
    clear = None
    if count > layout.colours and layout.extra[:1] in ((), (ASSOCIATED,), (UNASSOCIATED,)):
        clear = channels[..., layout.colours]
        if layout.extra[:1] == (ASSOCIATED,):
            samples = alpha.divided(samples, clear, white)
    turn = UPRIGHT.get(_number(tags, ORIENTATION, 1))
    if turn:
        samples, clear = turn(samples), None if clear is None else turn(clear)
    return Raster(samples, bits, clear, _colour(tags, layout, samples.ndim == 2), notes, upright=True)


def _interleaved(opened: Opened, tags: Tags, layout: Layout) -> Samples:
    """(H, W, samples per pixel)."""
    bits, count = layout.bits[0], len(layout.bits)
    if (bits == 12 and count > 1) or count > 4:
        raise opened.refusal(f"{count} samples of {bits} bits to a pixel cannot be read; export it as RGB of 16 bits")
    photometric = RGB if count > 2 else BLACK_IS_ZERO
    if bits == 16 and count == 2:  # four bytes to a pixel, as RGBA of 8 bits has
        carrier = _Carrier(opened.data, tags, (8, 8, 8, 8), RGB, differences=False)
        words = np.asarray(carrier.loaded()).view(">u2" if carrier.big_endian(True) else "<u2").astype(np.uint16)
        return _summed(words, tags) if _number(tags, 317, 1) == 2 else words
    carrier = _Carrier(opened.data, tags, layout.bits, photometric)
    if bits == 16 and count > 2:
        return sixteen.read(carrier.opened, "RGB" if count == 3 else "RGBA", carrier.big_endian(False))
    return _grey_or_bytes(carrier.loaded())


def _plane(data: bytes, tags: Tags, layout: Layout, number: int) -> Samples:
    """(H, W): one of the channels that are stored apart."""
    return _grey_or_bytes(_Carrier(data, tags, layout.bits[:1], BLACK_IS_ZERO, (number, len(layout.bits))).loaded())[
        ..., 0
    ]


def _grey_or_bytes(image: Image.Image) -> Samples:
    """(H, W, channels) of an image of 8 bits, or of grey of 12 or 16."""
    samples = np.asarray(image)
    samples = samples if samples.dtype == np.uint8 else samples.astype(np.uint16)  # native order of bytes
    return samples[..., None] if samples.ndim == 2 else samples


def _summed(words: Samples, tags: Tags) -> Samples:
    """Undo horizontal differences (predictor 2), which begin anew with each tile."""
    step = _number(tags, 322, words.shape[1]) or words.shape[1]
    for left in range(0, words.shape[1], step):
        np.cumsum(words[:, left : left + step], axis=1, dtype=np.uint16, out=words[:, left : left + step])
    return words


class _Carrier:
    """The data of a page under another directory.

    Parameters
    ----------
    plane : number of the channel that is wanted, and how many there are, where channels are stored apart
    differences : whether libtiff is to undo those of predictor 2
    """

    def __init__(
        self,
        data: bytes,
        tags: Tags,
        bits: tuple[int, ...],
        photometric: int,
        plane: tuple[int, int] = (0, 1),
        differences: bool = True,
    ) -> None:
        self.compression = _number(tags, 259, RAW)
        self.file_is_big_endian = data[:2] == b"MM"
        # 12 bits are packed alike in both orders, and Pillow knows one
        order = ">" if self.file_is_big_endian and bits != (12,) else "<"
        short, long = 3, 4
        entries: dict[int, tuple[int, Sequence[int]]] = {
            256: (long, [_number(tags, 256, 0)]),
            257: (long, [_number(tags, 257, 0)]),
            258: (short, bits),
            259: (short, [self.compression]),
            262: (short, [photometric]),
            277: (short, [len(bits)]),
            284: (short, [1]),
        }
        for tag in (273, 279, 324, 325):  # places and sizes of strips or tiles
            if tag in tags:
                values = _ints(tags[tag])
                part = len(values) // plane[1]
                entries[tag] = long, values[plane[0] * part : (plane[0] + 1) * part]
        for tag in (266, 278, 322, 323) + ((317,) if differences else ()):
            if tag in tags:
                entries[tag] = long if tag != 317 else short, [_number(tags, tag, 1)]
        if photometric == RGB and len(bits) == 4:
            entries[338] = short, [UNASSOCIATED]
        self.data = _with_directory(data, order, entries)

    def big_endian(self, as_bytes: bool) -> bool:
        """Order of the bytes that the decoder returns: libtiff swaps to the machine's, unless it sees bytes."""
        decoded = self.compression != RAW and not as_bytes
        return sys.byteorder == "big" if decoded else self.file_is_big_endian

    def opened(self) -> Image.Image:
        """Not loaded yet."""
        return TiffImagePlugin.TiffImageFile(io.BytesIO(self.data))

    def loaded(self) -> Image.Image:
        image = self.opened()
        image.load()
        return image


def _with_directory(data: bytes, order: str, entries: dict[int, tuple[int, Sequence[int]]]) -> bytes:
    """A file whose first directory is another, at its end."""
    directory = len(data) + len(data) % 2
    values_at = directory + 2 + 12 * len(entries) + 4
    table, values = struct.pack(f"{order}H", len(entries)), b""
    for tag, (kind, numbers) in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(numbers)}{'H' if kind == 3 else 'I'}", *numbers)
        table += struct.pack(f"{order}HHI", tag, kind, len(numbers))
        if len(packed) <= 4:
            table += packed.ljust(4, b"\0")
        else:
            table += struct.pack(f"{order}I", values_at + len(values))
            values += packed + bytes(len(packed) % 2)
    start = b"II*\0" if order == "<" else b"MM\0*"
    head = start + struct.pack(f"{order}I", directory)
    return head + data[8:] + bytes(len(data) % 2) + table + bytes(4) + values


def _directories(data: bytes) -> Iterator[Tags]:
    """Directories of pages; ends where one is seen twice.

    Raises ValueError where they are more, or together have more values, than makes sense: values may be shared.
    """
    file = io.BytesIO(data)
    head = data[:16] if data[2:4] in (b"+\0", b"\0+") else data[:8]
    tags: Tags = _tags(head)
    seen = set[int]()
    room = len(data) + SHARED_BYTES
    while tags.next and tags.next not in seen and tags.next < len(data):
        seen.add(tags.next)
        file.seek(tags.next)
        following = _tags(head)
        following.load(file)
        room -= sum(map(len, following._tagdata.values()))
        if room < 0 or len(seen) > MAX_PAGES:
            raise ValueError(f"more than {MAX_PAGES} pages, or values of pages that are larger than the file")
        yield following
        tags = following


def _tags(head: bytes) -> Tags:
    """An empty directory that knows the file's order of bytes."""
    return Tags(head)


def _number(tags: Tags, tag: int, default: int) -> int:
    values = _ints(tags.get(tag, default))
    return values[0] if values else default


def _ints(value: Any) -> list[int]:
    values = value if isinstance(value, tuple | list) else (value,)
    if not all(isinstance(each, int) for each in values):
        raise ValueError("a tag that should hold integers does not")
    return list(values)


def _colour(tags: Tags, layout: Layout, grey: bool) -> Colour:
    """WhitePoint, PrimaryChromaticities and TransferFunction, or the ICC profile."""
    if 34675 in tags:
        profile = tags[34675]
        return Colour(icc=profile if isinstance(profile, bytes) else None)
    if not {301, 318, 319} & set(tags):
        return NOT_STATED
    chromaticities = None
    white, primaries = tags.get(318), tags.get(319)
    if white is not None or primaries is not None:
        default = colour.PRIMARIES[1]
        values = (*(white or default[:2]), *(primaries or default[2:]))
        chromaticities = tuple(float(value) for value in values) if len(values) == 8 else None
    light = tuple(tags.get(301, ()))
    size = 2 ** layout.bits[0] if layout.bits[0] <= 16 else 0
    if not size or len(light) not in (size, 3 * size):
        return colour.of_numbers(chromaticities, None, grey)
    curves = [icc.table_curve(light[at : at + size]) for at in range(0, len(light), size)]
    return colour.of_curves(chromaticities, (curves * 3)[:3], grey, "curves of the file")
