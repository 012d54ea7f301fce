"""The conditions under which float networks computed a file's table rows: the chunk NUMERICS."""

from dataclasses import dataclass
from typing import Literal, Self, get_args

from tintype.codec.container.fields import FieldReader, varint
from tintype.errors import CorruptError

Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
COMPILED = len(PRECISIONS)  # bit of the mode beside the precision
MAX_THREADS = 1024
MAX_TEXT_BYTES = 255


@dataclass(frozen=True, slots=True)
class Numerics:
    """What decides the last bits of a float network's results.

    A decoder follows `precision`, `compiled` and `threads`. The texts are for people: whether two engines really agree
    is found by comparing rows.
    """

    precision: Precision
    threads: int  # compute threads, 1 to 1024: their number changes the order of sums; on a GPU it has no effect
    engine: str  # library, its version, and how tintype runs the networks on it
    device: str  # CPU type or GPU
    compiled: bool = False  # by the engine's compiler, which orders sums in its own way

    def to_bytes(self) -> bytes:
        """The chunk; texts longer than 255 bytes are cut."""
        out = bytes([PRECISIONS.index(self.precision) | COMPILED * self.compiled]) + varint(self.threads)
        for text in (self.engine, self.device):
            raw = text.encode()[:MAX_TEXT_BYTES].decode(errors="ignore").encode()
            out += bytes([len(raw)]) + raw
        return out

    @classmethod
    def parse(cls, data: bytes) -> Self:
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
        return cls(PRECISIONS[mode & ~COMPILED], threads, *names, compiled=bool(mode & COMPILED))

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        return f"{self.engine}, {self.precision}, {threads}, {self.device}"
