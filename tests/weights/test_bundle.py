"""Bundles of strangers: what is no bundle is a `WeightsError`, and takes no more memory than its bytes."""

import io
import json
import random
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tintype.errors import WeightsError
from tintype.weights import bundle as bundles
from tintype.weights.bundle import Bundle

CARD = {"name": "tiny", "model_id": 1}


def tiny() -> Bundle:
    return Bundle(CARD, {"synthesis": b"graph"}, {"tables": {"first": np.arange(6, dtype="<i2").reshape(2, 3)}})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.tintmodel"
    tiny().write(path)
    return path


def zipped(*entries: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return file.getvalue()


def npy(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    return file.getvalue()


def header_of_npy(shape: str) -> bytes:
    """The start of an .npy file, with any text as the shape."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def with_array(content: bytes) -> bytes:
    """A bundle whose only array has this content as its .npy file."""
    return zipped(("card.json", json.dumps(CARD).encode()), ("arrays/a.npz", zipped(("x.npy", content))))


def test_what_was_written_is_read_and_has_the_same_hash(path: Path) -> None:
    found = Bundle.read(path)
    assert (found.card, found.graphs) == (CARD, tiny().graphs)
    np.testing.assert_array_equal(found.arrays["tables"]["first"], tiny().arrays["tables"]["first"])
    assert found.weights_hash() == tiny().weights_hash()


def test_arrays_in_the_order_of_fortran_come_back() -> None:
    array = np.asfortranarray(np.arange(12, dtype="<f4").reshape(3, 4))
    np.testing.assert_array_equal(Bundle.parse(with_array(npy(array))).arrays["a"]["x"], array)


def test_every_cut_is_refused_and_changed_bytes_give_a_bundle_or_a_weights_error(path: Path) -> None:
    data = path.read_bytes()
    for end in range(len(data)):
        with pytest.raises(WeightsError, match="not a tintype weights file, or damaged"):
            Bundle.parse(data[:end])
    rng = random.Random(1)
    for _ in range(3000):
        changed = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        try:
            Bundle.parse(bytes(changed))
        except WeightsError as error:
            assert "not a tintype weights file" in str(error)


def test_changed_bytes_of_an_array_whose_checksums_hold_give_a_bundle_or_a_weights_error() -> None:
    data, rng = npy(np.arange(12, dtype="<i2").reshape(3, 4)), random.Random(1)
    for _ in range(3000):
        changed = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        try:
            Bundle.parse(with_array(bytes(changed)))
        except WeightsError as error:
            assert "not a tintype weights file" in str(error)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "too short"),
        (b"PK\x05\x06" + bytes(18), "'card.json' is missing"),
        (zipped(("a", bytes(99)), compression=zipfile.ZIP_DEFLATED), "compressed or encrypted"),
        (zipped(("../../a", b"")), r"the entry '../../a' is unknown"),
        (zipped(("graphs/a.so", b"")), "is unknown"),
        (zipped(("card.json", b"[" * 100_000)), "the card is not JSON"),
        (zipped(("card.json", b"[]")), "lacks a name"),
        (zipped(("card.json", b'{"name": "a", "model_id": "1"}')), "lacks a name"),
        (zipped(("card.json", b" " * 2**20 + b"{}")), "above the limit"),
        (with_array(npy(np.array([print]))), "is not an array of numbers"),
        (with_array(npy(np.array(["text"]))), "of type <U4"),
        (with_array(npy(np.zeros(3, ">f4"))), "of type >f4"),
        (with_array(npy(np.zeros(3, [("a", "<f4")]))), "is not an array of numbers"),
        (with_array(b"not an array"), "is not an array"),
        (with_array(npy(np.zeros(3, "<f4"))[:-1]), "does not fit its 11 bytes"),
        (with_array(header_of_npy(f"{(1,) * 65}") + bytes(4)), "is not an array"),
        (with_array(header_of_npy(f"(0, {2**70})")), "is not an array"),
        (with_array(header_of_npy("(")), "is not an array"),  # NumPy's reader of headers lets TokenError through
        (zipped(*((str(n), b"") for n in range(1000))), "its list of entries has"),
    ],
)
def test_faults_are_named(data: bytes, message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        Bundle.parse(data)


def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped(("card.json", b"{}"), ("card.json", b"{}"))
    with pytest.raises(WeightsError, match="two entries have the name"):
        Bundle.parse(data)


def overlapping() -> bytes:
    """An archive that names one entry of 1 MB sixty times: it would unpack to 60 MB."""
    data = zipped(("graphs/00.onnx", bytes(2**20)))
    end = data.rindex(b"PK\x05\x06")
    directory = data[data.rindex(b"PK\x01\x02") : end]
    entries = [directory.replace(b"/00.", f"/{number:02}.".encode()) for number in range(60)]
    last = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 60, 60, sum(map(len, entries)), end - len(directory), 0)
    return data[: end - len(directory)] + b"".join(entries) + last


def claiming(shape: str) -> bytes:
    """A bundle with an array that claims a shape that it does not have."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return with_array(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(8))


@pytest.mark.parametrize(
    "bomb",
    [
        overlapping,
        lambda: claiming("(1099511627776,)"),
        lambda: claiming("(-1, -1)"),
        lambda: claiming("(1 1)"),
        lambda: claiming("(0, 999999999999)"),
        lambda: claiming(f"({'1,' * 30})"),
        lambda: claiming("(" * 400 + ")" * 400),
        lambda: zipped(("graphs/a.onnx", bytes(2**24)), compression=zipfile.ZIP_DEFLATED),
    ],
)
def test_bombs_are_refused_without_the_memory_they_ask_for(bomb: Callable[[], bytes]) -> None:
    data = bomb()
    tracemalloc.start()
    with pytest.raises(WeightsError):
        Bundle.parse(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(data) + 2**20


def test_endless_and_missing_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MAX_BYTES", 2**20)
    with pytest.raises(WeightsError, match="larger than 1048576 bytes"):
        Bundle.read(Path("/dev/zero"))
    with pytest.raises(WeightsError, match="no such weights file"):
        Bundle.read(tmp_path / "none.tintmodel")
    with pytest.raises(WeightsError, match="cannot be read"):
        Bundle.read(tmp_path)
