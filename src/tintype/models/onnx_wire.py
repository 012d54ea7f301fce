"""Serialised ONNX models, read by hand: coding must not need the package onnx, and a stranger's bytes come here first.

Only the fields that our exporter writes are known. What a file could otherwise ask of an engine cannot be expressed:
tensors in other files, functions, operators of other domains, subgraphs, sparse or quantised tensors.
docs/decisions/0018-graphs-of-strangers-are-checked-by-our-own-reader.md says why.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from tintype.errors import WeightsError

Kind = Literal["integer", "float", "text", "bytes"]
_WIRE = {"integer": 0, "float": 5}  # all others are a length and that many bytes
_TEXT_BYTES = 256
_VARINT_BITS = 63  # the exporter writes no negative numbers


class Field(NamedTuple):
    """A field of a message."""

    name: str
    kind: "Kind | Message"
    repeated: bool = False


Message = Mapping[int, Field]  # by number, as in onnx.proto

_DIM: Message = {1: Field("size", "integer"), 2: Field("name", "text")}
_SHAPE: Message = {1: Field("dims", _DIM, repeated=True)}
_TENSOR_TYPE: Message = {1: Field("type", "integer"), 2: Field("shape", _SHAPE)}
_VALUE_TYPE: Message = {1: Field("tensor", _TENSOR_TYPE)}
_VALUE: Message = {1: Field("name", "text"), 2: Field("type", _VALUE_TYPE)}
_TENSOR: Message = {
    1: Field("dims", "integer", repeated=True),
    2: Field("type", "integer"),
    8: Field("name", "text"),
    9: Field("data", "bytes"),
}
_ATTRIBUTE: Message = {
    1: Field("name", "text"),
    2: Field("float", "float"),
    3: Field("integer", "integer"),
    4: Field("text", "text"),
    8: Field("integers", "integer", repeated=True),
    20: Field("type", "integer"),
}
_NODE: Message = {
    1: Field("inputs", "text", repeated=True),
    2: Field("outputs", "text", repeated=True),
    4: Field("operator", "text"),
    5: Field("attributes", _ATTRIBUTE, repeated=True),
}
_GRAPH: Message = {
    1: Field("nodes", _NODE, repeated=True),
    2: Field("name", "text"),
    5: Field("constants", _TENSOR, repeated=True),
    11: Field("inputs", _VALUE, repeated=True),
    12: Field("outputs", _VALUE, repeated=True),
}
_OPERATORS: Message = {1: Field("domain", "text"), 2: Field("version", "integer")}
MODEL: Message = {
    1: Field("ir_version", "integer"),
    7: Field("graph", _GRAPH),
    8: Field("operators", _OPERATORS, repeated=True),
}


def read(data: bytes) -> dict[str, Any]:
    """A model as nested dictionaries: fields by name, lists for repeated ones, None for others that are missing.

    Raises
    ------
    WeightsError
        The bytes are no model, or have a field that is unknown here, or one twice that may be there once.
    """
    return _message(memoryview(data), MODEL)


def _message(data: memoryview, message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {field.name: [] if field.repeated else None for field in message.values()}
    for number, wire, value in _fields(data):
        field = message.get(number)
        if field is None:
            raise WeightsError(f"field {number} (wire type {wire}) is not one that tintype's exporter writes")
        if wire != (_WIRE.get(field.kind, 2) if isinstance(field.kind, str) else 2):
            raise WeightsError(f"the field {field.name!r} is of wire type {wire}")
        content = _content(field, value)
        if field.repeated:
            found[field.name].append(content)
        elif found[field.name] is None:
            found[field.name] = content
        else:  # other readers would take the last one, or join them
            raise WeightsError(f"the field {field.name!r} is there twice")
    return found


def _content(field: Field, value: Any) -> Any:
    match field.kind:
        case "integer" | "bytes":
            return value
        case "float":
            return struct.unpack("<f", value)[0]
        case "text":
            text = bytes(value[: _TEXT_BYTES + 1])
            if len(text) > _TEXT_BYTES or not text.isascii():
                raise WeightsError(f"the field {field.name!r} is not ASCII text of at most {_TEXT_BYTES} bytes")
            return text.decode()
        case message:
            return _message(value, message)


def _fields(data: memoryview) -> Iterator[tuple[int, int, Any]]:
    """Number, wire type and value of each field of a protobuf message: an integer, or bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, wire, value
            continue
        if wire not in (2, 5):
            raise WeightsError(f"field {number} has the unknown wire type {wire}")
        length, at = (4, at) if wire == 5 else _varint(data, at)
        if length > len(data) - at:
            raise WeightsError(f"field {number} ends behind its message")
        yield number, wire, data[at : at + length]
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits per byte, lowest first, and the place behind it."""
    if at < len(data) and data[at] < 0x80:  # as most are
        return data[at], at + 1
    value = 0
    for shift in range(0, _VARINT_BITS, 7):
        if at >= len(data):
            raise WeightsError("a number ends behind its message")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
    raise WeightsError(f"a number has more than {_VARINT_BITS} bits")
