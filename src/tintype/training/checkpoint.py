"""Checkpoints: weights and optimiser apart, in files of at most 16 MB, complete or absent.

`checkpoint.json` names the files of the newest complete checkpoint and is replaced last; files of older ones are
removed after that. A kill at any moment leaves one or the other.
"""

import io
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tintype.errors import InputError, WeightsError
from tintype.models import torch_file
from tintype.replacing import replace_text
from tintype.training.pictures.shards import FILE_BYTES

HEAD = "checkpoint.json"
PART = re.compile(r"(state|optimiser)-\d+\.pt\.\d+")  # names of parts: in the folder, whatever a head says


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
    replace_text(folder / HEAD, json.dumps(head))
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
    WeightsError
        It is damaged, or holds other things than a run saves. Nothing in it runs.
    """
    if not exists(folder):
        raise InputError(f"{folder}: there is no checkpoint ({HEAD})")
    names, optional = _head(folder)
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        raise InputError(f"{folder}: the checkpoint lacks {', '.join(missing)}")
    complete = optional and all((folder / name).exists() for name in optional)
    state, optimiser = _read(folder, names), _read(folder, optional) if complete else None
    _check(folder, state)
    return state, optimiser


def _head(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the files of weights and of the optimiser."""
    try:
        head = json.loads((folder / HEAD).read_bytes())
        names, optional = head["state"], head["optimiser"] or []
        sound = names and all(PART.fullmatch(name) for name in (*names, *optional))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError(f"{folder / HEAD}: not the head of a checkpoint, or damaged") from error
    if not sound:
        raise WeightsError(f"{folder / HEAD}: names files that are no parts of a checkpoint")
    return names, optional


def _check(folder: Path, state: dict[str, Any]) -> None:
    """That a state holds what every run saves, of the right kinds."""
    config, averages = state.get("config"), state.get("ema")
    sound = isinstance(config, dict) and isinstance(config.get("model"), str) and isinstance(state.get("step"), int)
    for weights in (averages, state.get("model", averages)):
        sound = sound and isinstance(weights, dict) and all(isinstance(each, Tensor) for each in weights.values())
    if not sound:
        raise WeightsError(f"{folder}: the checkpoint lacks its step, config or averaged weights")


def _write(folder: Path, name: str, value: dict[str, Any]) -> list[str]:
    """One torch file, cut into parts; their names."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    view = buffer.getbuffer()
    names = []
    for number, first in enumerate(range(0, len(view), FILE_BYTES)):
        names.append(f"{name}.pt.{number}")
        with (folder / names[-1]).open("wb") as file:
            file.write(view[first : first + FILE_BYTES])
            file.flush()
            os.fsync(file.fileno())  # the head must never name what is not on the disk
    return names


def _read(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    found = torch_file.read(b"".join((folder / name).read_bytes() for name in names), str(folder))
    torch_file.require_dense(found, str(folder))
    if not isinstance(found, dict):
        raise WeightsError(f"{folder}: the checkpoint holds {type(found).__name__}, not a dictionary")
    return found
