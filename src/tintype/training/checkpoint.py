"""Checkpoints: weights and optimiser apart, in files of at most 16 MB, complete or absent.

`checkpoint.json` names the files of the newest complete checkpoint and is replaced last; files of older ones are
removed after that. A kill at any moment leaves one or the other.
"""

import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from tintype.errors import InputError
from tintype.training.pictures.shards import FILE_BYTES

HEAD = "checkpoint.json"


def save(folder: Path, state: dict[str, Any], optimiser: dict[str, Any] | None) -> None:
    """Write a checkpoint.

    Parameters
    ----------
    state : tensors, numbers and strings; "step" among them
    optimiser : twice the size of the weights; a run that continues without it warms up again
    """
    folder.mkdir(parents=True, exist_ok=True)
    head = {"step": state["step"], "state": _write(folder, f"state-{state['step']}", state), "optimiser": None}
    if optimiser is not None:
        head["optimiser"] = _write(folder, f"optimiser-{state['step']}", optimiser)
    partial = folder / f"{HEAD}.partial"
    partial.write_text(json.dumps(head))
    os.replace(partial, folder / HEAD)
    kept = {*head["state"], *(head["optimiser"] or ())}
    for path in (*folder.glob("state-*.pt.*"), *folder.glob("optimiser-*.pt.*")):
        if path.name not in kept:
            path.unlink()


def remove(folder: Path) -> None:
    """Remove the checkpoint of a folder, if there is one; its head first."""
    parts = (*folder.glob("state-*.pt.*"), *folder.glob("optimiser-*.pt.*"))
    for path in (folder / HEAD, *parts):
        path.unlink(missing_ok=True)


def exists(folder: Path) -> bool:
    """Whether the folder holds a checkpoint."""
    return (folder / HEAD).exists()


def load(folder: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """State, and the optimiser's if it is all there.

    Raises
    ------
    InputError
        There is no checkpoint, or a part of its state is missing.
    """
    if not exists(folder):
        raise InputError(f"{folder}: there is no checkpoint ({HEAD})")
    head = json.loads((folder / HEAD).read_text())
    missing = [name for name in head["state"] if not (folder / name).exists()]
    if missing:
        raise InputError(f"{folder}: the checkpoint lacks {', '.join(missing)}")
    names = head["optimiser"]
    complete = names and all((folder / name).exists() for name in names)
    return _read(folder, head["state"]), _read(folder, names) if complete else None


def _write(folder: Path, name: str, value: dict[str, Any]) -> list[str]:
    """One torch file, cut into parts; their names."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    view = buffer.getbuffer()
    names = []
    for number, first in enumerate(range(0, len(view), FILE_BYTES)):
        names.append(f"{name}.pt.{number}")
        (folder / names[-1]).write_bytes(view[first : first + FILE_BYTES])
    return names


def _read(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    whole = io.BytesIO(b"".join((folder / name).read_bytes() for name in names))
    value: dict[str, Any] = torch.load(whole, map_location="cpu", weights_only=True)
    return value
