"""A bundle: everything that one trained model needs at run time, in one file.

A zip archive (stored) of ONNX graphs (`graphs/*.onnx`), integer and other arrays (`arrays/*.npz`) and a card
(`card.json`: what it is, how it was trained, how well it does). The weights' hash covers graphs and arrays, so that a
card can be corrected without making files unreadable.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tintype.errors import WeightsError
from tintype.weights import archive

SUFFIX = ".tintmodel"
CARD = "card.json"
MAX_BYTES = 2**27  # of a file; those that ship have 11 MB
MAX_CARD_BYTES = 2**20
EPOCH = (1980, 1, 1, 0, 0, 0)  # one content, one file

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """Content of a bundle, in memory."""

    card: Mapping[str, Any]
    graphs: Mapping[str, bytes]  # serialised ONNX models
    arrays: Mapping[str, Arrays]  # by group: "tables", "scale_decoder", ...
    known_hash: bytes | None = None  # of weights that ship with this version, byte for byte: no stranger's

    @property
    def shipped(self) -> bool:
        return self.known_hash is not None

    def weights_hash(self) -> bytes:
        """8 bytes of a SHA-256 over graphs and arrays; files name weights by it."""
        if self.known_hash is not None:
            return self.known_hash
        digest = hashlib.sha256()
        entries = {f"graphs/{name}": data for name, data in self.graphs.items()}
        for group, arrays in self.arrays.items():
            for name, array in arrays.items():
                entries[f"arrays/{group}/{name}/{array.dtype.str}{array.shape}"] = np.ascontiguousarray(array).tobytes()
        for name in sorted(entries):
            digest.update(f"{name}\0{len(entries[name])}\0".encode() + entries[name])
        return digest.digest()[:8]

    def write(self, path: Path) -> None:
        """Write the archive; the same content gives the same bytes."""
        with zipfile.ZipFile(path, "w") as file:
            card = json.dumps(dict(self.card), indent=1, ensure_ascii=False)
            file.writestr(zipfile.ZipInfo(CARD, EPOCH), card)
            for name, data in sorted(self.graphs.items()):
                file.writestr(zipfile.ZipInfo(f"graphs/{name}.onnx", EPOCH), data)
            for group, arrays in sorted(self.arrays.items()):
                buffer = io.BytesIO()
                np.savez(buffer, allow_pickle=False, **dict(sorted(arrays.items())))
                file.writestr(zipfile.ZipInfo(f"arrays/{group}.npz", EPOCH), buffer.getvalue())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises
        ------
        WeightsError
            As `parse`; also if the file is missing or cannot be read.
        """
        try:
            with open(path, "rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError as error:
            raise WeightsError(f"{path}: no such weights file") from error
        except OSError as error:
            raise WeightsError(f"{path}: cannot be read ({error.strerror})") from error
        return cls.parse(data, str(path))

    @classmethod
    def parse(cls, data: bytes, name: str = "the weights file") -> Self:
        """Content of a file. It may be a stranger's: nothing in it runs, and it takes no more memory than its size.

        What graphs compute is checked by the engine that loads them.

        Raises
        ------
        WeightsError
            If the bytes are not a bundle, or more than `MAX_BYTES`.
        """
        if len(data) > MAX_BYTES:
            raise WeightsError(f"{name}: larger than {MAX_BYTES} bytes, the limit of weights files")
        try:
            return cls._of_entries(archive.entries(data))
        except WeightsError as error:
            raise WeightsError(f"{name}: not a tintype weights file, or damaged: {error}") from error

    @classmethod
    def _of_entries(cls, entries: Mapping[str, bytes]) -> Self:
        graphs, arrays = {}, {}
        for entry, data in entries.items():
            folder, _, file = entry.partition("/")
            if folder == "graphs" and file.endswith(".onnx"):
                graphs[file.removesuffix(".onnx")] = data
            elif folder == "arrays" and file.endswith(".npz"):
                arrays[file.removesuffix(".npz")] = archive.arrays(data)
            elif entry != CARD:
                raise WeightsError(f"the entry {entry!r} is unknown to this version of tintype")
        if CARD not in entries:
            raise WeightsError(f"the entry {CARD!r} is missing")
        return cls(_card(entries[CARD]), graphs, arrays)


def _card(data: bytes) -> dict[str, Any]:
    """What the card says; its name and the number of its model are there."""
    if len(data) > MAX_CARD_BYTES:
        raise WeightsError(f"the card has {len(data)} bytes, above the limit {MAX_CARD_BYTES}")
    try:
        card = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"the card is not JSON ({error})") from error
    fields: dict[str, Any] = card if isinstance(card, dict) else {}
    if not isinstance(fields.get("name"), str) or type(fields.get("model_id")) is not int:
        raise WeightsError("the card lacks a name (text) or a model_id (whole number)")
    return fields
