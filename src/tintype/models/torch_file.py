"""Files of PyTorch, such as checkpoints: plain tensors and containers alone, in our own words where they are not.

A file may be a stranger's. Nothing in it runs (`weights_only`), and reading takes no more memory than its bytes.
"""

import io
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn

from tintype.errors import WeightsError


def read(source: Path | bytes, name: str) -> object:
    """What a file holds, on the CPU.

    Parameters
    ----------
    source : path, whose tensors are mapped where that is possible, or content
    name : for messages

    Raises
    ------
    WeightsError
        It cannot be read, is no PyTorch file, or holds more than tensors, numbers, texts and containers of them.
    """
    try:
        with _opened(source) as file:
            _require_stored(file)
        found = _loaded(source)
    except OSError as error:
        raise WeightsError(f"{name}: cannot be read: {error.strerror or error}") from error
    except (MemoryError, WeightsError):
        raise
    except Exception as error:  # whatever bytes that are no pickle can make its reader raise
        # not in PyTorch's words: they advise to let the file run its code
        raise WeightsError(
            f"{name}: not a PyTorch checkpoint of plain tensors, or damaged; code in it was not run"
        ) from error
    return found


def fill(model: nn.Module, tensors: Mapping[str, Tensor], name: str, assign: bool = False) -> None:
    """Load weights into a model.

    Parameters
    ----------
    assign : the tensors become the model's own, without a copy

    Raises
    ------
    WeightsError
        Names or shapes differ; `name` is what the message begins with.
    """
    try:
        model.load_state_dict(tensors, assign=assign)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise WeightsError(f"{name}: weights do not fit the model: {' '.join(str(error).split())}") from error


def _opened(source: Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb")


def _loaded(source: Path | bytes) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about pickles that will be refused in a moment
        if not isinstance(source, bytes):
            try:
                return torch.load(source, map_location="cpu", weights_only=True, mmap=True)
            except RuntimeError:  # the old file format cannot be mapped
                pass
        with _opened(source) as file:
            return torch.load(file, map_location="cpu", weights_only=True)


def _require_stored(file: BinaryIO) -> None:
    """Refuse archives that unpack into more than their own bytes. PyTorch does not compress, but would unpack."""
    if not zipfile.is_zipfile(file):
        return  # the old format is no archive
    size = file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
    if sum(entry.file_size for entry in entries) > size or any(entry.compress_type for entry in entries):
        raise ValueError("entries are compressed or overlap")


def require_dense(found: object, name: str) -> None:
    """Refuse tensors that claim more elements than they have bytes for: an expanded view grows when it is copied.

    Raises
    ------
    WeightsError
        There is one, in whatever containers.
    """
    waiting, seen = [found], set[int]()
    while waiting:
        each: Any = waiting.pop()
        if id(each) in seen:  # containers may hold themselves
            continue
        seen.add(id(each))
        if isinstance(each, Tensor):
            if each.layout != torch.strided or each.numel() * each.element_size() > each.untyped_storage().nbytes():
                raise WeightsError(f"{name}: holds a tensor of shape {tuple(each.shape)} without as many bytes")
        elif isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list | tuple | set):
            waiting += each
