"""The container's primitives: numbers as bytes, and a reader that remembers the fields it has read."""

from dataclasses import dataclass, replace

from tintype.errors import CorruptError, TruncatedError
from tintype.streams import Bytes

MOST_SHOWN = 8  # bytes of a field


@dataclass(frozen=True, slots=True)
class Field:
    """One field as it stands in a file, for people."""

    offset: int  # bytes from the start of the file
    raw: bytes
    name: str
    value: str


def varint(value: int) -> bytes:
    """Seven bits a byte, lowest first; the highest bit of a byte says that more follow."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class FieldReader:
    """Reads fields in order. `fields` holds them, `offset` is where the next one begins."""

    def __init__(self, data: Bytes) -> None:
        self.data = memoryview(data)
        self.offset = 0
        self.fields: list[Field] = []

    def take(self, count: int, name: str) -> bytes:
        """The next `count` bytes; TruncatedError where the file ends first."""
        raw = bytes(self.data[self.offset : self.offset + count])
        if len(raw) < count:
            raise self._truncated(name)
        self._note(raw, name, raw.hex())
        return raw

    def u8(self, name: str) -> int:
        """The next byte."""
        byte = self.take(1, name)[0]
        self.describe(str(byte))
        return byte

    def varint(self, name: str) -> int:
        """An unsigned number below 2**32; CorruptError unless it has its shortest form."""
        value = 0
        for count in range(5):
            at = self.offset + count
            if at >= len(self.data):
                raise self._truncated(name)
            byte = self.data[at]
            value |= (byte & 0x7F) << (7 * count)
            if byte < 0x80:
                if (byte == 0 and count > 0) or value >= 2**32:
                    break
                self._note(bytes(self.data[self.offset : at + 1]), name, str(value))
                return value
        raise CorruptError(
            f"{name} at byte {self.offset} is not a number below 2**32 in its shortest form; the file is damaged"
        )

    def describe(self, value: str) -> None:
        """Say in better words what the field just read holds."""
        self.fields[-1] = replace(self.fields[-1], value=value)

    def _note(self, raw: bytes, name: str, value: str) -> None:
        self.fields.append(Field(self.offset, raw, name, value))
        self.offset += len(raw)

    def _truncated(self, name: str) -> TruncatedError:
        return TruncatedError(f"the file ends at byte {len(self.data)}, within {name}; fetch it again")


def format_fields(fields: list[Field]) -> str:
    """A table of fields: offset, bytes in hexadecimal (at most `MOST_SHOWN` of them), name, value."""
    lines = []
    for field in fields:
        raw = field.raw[:MOST_SHOWN].hex(" ") + (" ..." if len(field.raw) > MOST_SHOWN else "")
        lines.append(f"{field.offset:8d}  {raw:{3 * MOST_SHOWN + 3}}  {field.name:18}  {field.value}".rstrip())
    return "\n".join(lines)
