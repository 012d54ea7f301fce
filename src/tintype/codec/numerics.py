"""The conditions under which float networks computed a file's table rows: the chunk NUMERICS."""

from dataclasses import dataclass
from typing import Literal, Self, get_args

from tintype.codec.fields import FieldReader, varint
from tintype.errors import CorruptError

Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
MAX_THREADS = 1024
MAX_TEXT_BYTES = 255


@dataclass(frozen=True, slots=True)
class Numerics:
    """What decides the last bits of a float network's results.

    A decoder follows `precision` and `threads`. The texts are for people: whether two engines really agree is
    found by comparing rows.
    """

    precision: Precision
    threads: int  # compute threads, 1 to 1024: their number changes the order of sums; on a GPU it has no effect
    engine: str  # library, its version, and how tintype runs the networks on it
    device: str  # CPU type or GPU

    def to_bytes(self) -> bytes:
        """The chunk; texts longer than 255 bytes are cut."""
        out = bytes([PRECISIONS.index(self.precision)]) + varint(self.threads)
        for text in (self.engine, self.device):
            raw = text.encode()[:MAX_TEXT_BYTES].decode(errors="ignore").encode()
            out += bytes([len(raw)]) + raw
        return out

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the chunk; raises CorruptError or TruncatedError."""
        reader = FieldReader(data)
        precision, threads = reader.u8("precision"), reader.varint("threads")
        if precision >= len(PRECISIONS) or not 1 <= threads <= MAX_THREADS:
            raise CorruptError(f"numerics of precision {precision} with {threads} threads do not exist; damaged")
        engine, device = (reader.take(reader.u8(f"{name} length"), name) for name in ("engine", "device"))
        if reader.offset != len(data):
            raise CorruptError(f"{len(data) - reader.offset} bytes follow the numerics; the file is damaged")
        try:
            return cls(PRECISIONS[precision], threads, engine.decode(), device.decode())
        except UnicodeDecodeError as error:
            raise CorruptError("the names of engine and device are not UTF-8; the file is damaged") from error

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        return f"{self.engine}, {self.precision}, {threads}, {self.device}"
