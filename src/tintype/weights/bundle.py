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

SUFFIX = ".tintmodel"
MAX_ENTRY_BYTES = 1 << 31
EPOCH = (1980, 1, 1, 0, 0, 0)  # one content, one file

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """Content of a bundle, in memory."""

    card: Mapping[str, Any]
    graphs: Mapping[str, bytes]  # serialised ONNX models
    arrays: Mapping[str, Arrays]  # by group: "tables", "scale_decoder", ...

    def weights_hash(self) -> bytes:
        """8 bytes of a SHA-256 over graphs and arrays; files name weights by it."""
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
        with zipfile.ZipFile(path, "w") as archive:
            card = json.dumps(dict(self.card), indent=1, ensure_ascii=False)
            archive.writestr(zipfile.ZipInfo("card.json", EPOCH), card)
            for name, data in sorted(self.graphs.items()):
                archive.writestr(zipfile.ZipInfo(f"graphs/{name}.onnx", EPOCH), data)
            for group, arrays in sorted(self.arrays.items()):
                buffer = io.BytesIO()
                np.savez(buffer, allow_pickle=False, **dict(sorted(arrays.items())))
                archive.writestr(zipfile.ZipInfo(f"arrays/{group}.npz", EPOCH), buffer.getvalue())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read an archive.

        Raises
        ------
        WeightsError
            If the file is missing or not a bundle.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                return cls._parse({info.filename: _entry(archive, info) for info in archive.infolist()})
        except FileNotFoundError as error:
            raise WeightsError(f"{path}: no such weights file") from error
        except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
            raise WeightsError(f"{path}: not a tintype weights file, or damaged ({error})") from error

    @classmethod
    def _parse(cls, entries: Mapping[str, bytes]) -> Self:
        graphs, arrays = {}, {}
        for name, data in entries.items():
            folder, _, file = name.partition("/")
            if folder == "graphs":
                graphs[file.removesuffix(".onnx")] = data
            elif folder == "arrays":
                with np.load(io.BytesIO(data), allow_pickle=False) as loaded:
                    arrays[file.removesuffix(".npz")] = {key: loaded[key] for key in loaded.files}
        return cls(json.loads(entries["card.json"]), graphs, arrays)


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > MAX_ENTRY_BYTES or info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"entry {info.filename} is too large or compressed")
    return archive.read(info)
