"""The chunk NUMERICS: the conditions under which float networks computed a file's table rows, as bytes."""

from tintype.codec.container.fields import FieldReader, varint
from tintype.codec.tile_model import PRECISIONS, Numerics
from tintype.errors import CorruptError

COMPILED = len(PRECISIONS)  # bit of the mode beside the precision
MAX_THREADS = 1024
MAX_TEXT_BYTES = 255


def write_numerics(numerics: Numerics) -> bytes:
    """The chunk; texts longer than 255 bytes are cut."""
    out = bytes([PRECISIONS.index(numerics.precision) | COMPILED * numerics.compiled]) + varint(numerics.threads)
    for text in (numerics.engine, numerics.device):
        raw = text.encode()[:MAX_TEXT_BYTES].decode(errors="ignore").encode()
        out += bytes([len(raw)]) + raw
    return out


def read_numerics(data: bytes) -> Numerics:
    """Read the chunk; raises CorruptError or TruncatedError."""
    reader = FieldReader(data)
    mode, threads = reader.u8("mode"), reader.varint("threads")
    if mode >= 2 * COMPILED or not 1 <= threads <= MAX_THREADS:
        raise CorruptError(f"numerics of mode {mode} with {threads} threads do not exist; damaged")
    engine, device = (reader.take(reader.u8(f"{name} length"), name) for name in ("engine", "device"))
    if reader.offset != len(data):
        raise CorruptError(f"{len(data) - reader.offset} bytes follow the numerics; the file is damaged")
    try:
        names = engine.decode(), device.decode()
    except UnicodeDecodeError as error:
        raise CorruptError("the names of engine and device are not UTF-8; the file is damaged") from error
    return Numerics(PRECISIONS[mode & ~COMPILED], threads, *names, compiled=bool(mode & COMPILED))
