"""Zip archives and arrays of strangers: sizes are checked before anything is allocated.

Entries are stored, not compressed, so that a file never unpacks into more bytes than it has itself.
"""

import io
import math
import re
import struct
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tintype.errors import WeightsError

MAX_DIRECTORY_BYTES = 2**14  # of the list of entries at the end of an archive; a bundle's has less than 1000
NUMBERS = frozenset({"|i1", "|u1", "<i2", "<u2", "<i4", "<i8", "<f4", "<f8"})
"""Types of arrays, as NumPy writes them."""

_MAGIC = b"\x93NUMPY\x01\x00"  # and the version 1.0
# Type and shape as numpy.save writes them. NumPy itself would hand a stranger's text to Python's parser.
_SHAPE = rb"((?:[1-9][0-9]{0,11}, ?){0,7}(?:[1-9][0-9]{0,11})?)"  # (), (3,), (3, 4), ...; no array is empty
_HEADER = re.compile(
    rb"\{'descr': '([<>|][A-Za-z][0-9])', 'fortran_order': (True|False), 'shape': \(" + _SHAPE + rb"\), \} *\n"
)

_END = struct.Struct("<4sHHHHLLH")  # the last record; its sixth field is the size of the list of entries
_LOCATOR_BYTES = 20  # of the record before it in archives above 4 GiB


def entries(data: bytes) -> dict[str, bytes]:
    """Content of each entry of an archive by name.

    Raises
    ------
    WeightsError
        It is no archive, damaged, or has entries that are compressed, encrypted, overlapping or of one name.
    """
    _require_small_directory(data)
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            about = archive.infolist()
            if sum(entry.file_size for entry in about) > len(data):
                raise WeightsError("its entries overlap, or are larger than the file")
            for entry in about:
                if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits:
                    raise WeightsError(f"the entry {entry.filename!r} is compressed or encrypted; entries are stored")
                if entry.filename in found:
                    raise WeightsError(f"two entries have the name {entry.filename!r}")
                found[entry.filename] = archive.read(entry)
    except (WeightsError, MemoryError):
        raise
    except Exception as error:  # whatever damaged bytes can make zipfile raise
        raise WeightsError(f"not a zip archive, or damaged ({error})") from error
    return found


def arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """Arrays of numbers in an .npz file that was written without compression.

    Raises
    ------
    WeightsError
        It is no such file, or an entry is not an array of `NUMBERS`.
    """
    return {name.removesuffix(".npy"): _array(name, content) for name, content in entries(data).items()}


def _array(name: str, data: bytes) -> NDArray[Any]:
    header_bytes = int.from_bytes(data[8:10], "little")
    header = _HEADER.fullmatch(data[10 : 10 + header_bytes])
    if not data.startswith(_MAGIC) or header is None:
        raise WeightsError(f"the entry {name!r} is not an array of numbers")
    kind, order, sides = (text.decode() for text in header.groups())
    shape = tuple(int(side) for side in sides.split(",") if side.strip())
    content = memoryview(data)[10 + header_bytes :]
    if kind not in NUMBERS:
        raise WeightsError(f"the array {name!r} is of type {kind}, which weights files do not have")
    dtype = np.dtype(kind)
    if math.prod(shape) * dtype.itemsize != len(content):
        raise WeightsError(f"the array {name!r} of shape {shape} does not fit its {len(content)} bytes")
    try:
        return np.frombuffer(content, dtype).reshape(shape, order="F" if order == "True" else "C")
    except (ValueError, OverflowError) as error:  # too many sides, or one too long beside a side of 0
        raise WeightsError(f"the array {name!r} has no such shape ({error})") from error


def _require_small_directory(data: bytes) -> None:
    """Refuse a list of entries that would itself take much memory; zipfile reads all of it."""
    if len(data) < _END.size:
        raise WeightsError("not a zip archive: it is too short")
    signature, *_, directory_bytes, _, comment_bytes = _END.unpack_from(data, len(data) - _END.size)
    is_large = data[-_END.size - _LOCATOR_BYTES :].startswith(b"PK\x06\x07")
    if signature != b"PK\x05\x06" or comment_bytes or is_large:
        raise WeightsError("not a zip archive as tintype writes it, or cut short")
    if directory_bytes > MAX_DIRECTORY_BYTES:
        raise WeightsError(f"its list of entries has {directory_bytes} bytes, above the limit {MAX_DIRECTORY_BYTES}")
