"""Training state in two files, so that weights travel without the optimiser."""

import os
from pathlib import Path
from typing import Any

import torch

STATE = "state.pt"  # weights, EMA, step
OPTIMISER = "optimiser.pt"  # twice the size; a run that goes on without it warms up again


def save(folder: Path, state: dict[str, Any], optimiser: dict[str, Any] | None) -> None:
    """Write both files, each under its name only when complete. The step in both must agree to resume."""
    folder.mkdir(parents=True, exist_ok=True)
    if optimiser is not None:
        _write(folder / OPTIMISER, {"step": state["step"], "optimiser": optimiser})
    _write(folder / STATE, state)


def load(folder: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """State, and the optimiser's if it is there and of the same step."""
    state = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    path = folder / OPTIMISER
    if path.exists():
        saved = torch.load(path, map_location="cpu", weights_only=True)
        if saved["step"] == state["step"]:
            return state, saved["optimiser"]
    return state, None


def _write(path: Path, value: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    torch.save(value, partial)
    os.replace(partial, path)
