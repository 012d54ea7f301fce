"""Optimisers of a run."""

from typing import Any

import torch

from tintype.training.config import RunConfig
from tintype.training.machine import share, whole
from tintype.training.objective import Group

BETAS = (0.9, 0.99)


def make(config: RunConfig, groups: list[Group]) -> torch.optim.Optimizer:
    """AdamW without decay; each group keeps its factor of the learning rate, see `set_rate`."""
    settings: list[dict[str, Any]] = [
        {"params": group.parameters, "factor": group.factor} for group in groups if group.parameters
    ]
    return torch.optim.AdamW(settings, config.learning_rate, betas=BETAS, weight_decay=0.0, fused=True)


def state(optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    """State of an optimiser, whole where it is shared out among processes; every process has to ask."""
    held = optimiser.state_dict()
    moments = {
        number: {key: whole(value) if isinstance(value, torch.Tensor) else value for key, value in moment.items()}
        for number, moment in held["state"].items()
    }
    return {"state": moments, "param_groups": held["param_groups"]}


def load(optimiser: torch.optim.Optimizer, saved: dict[str, Any]) -> None:
    """The inverse of `state`."""
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    moments = {
        number: {
            key: share(value, parameters[number]) if value.shape == parameters[number].shape else value
            for key, value in moment.items()
        }
        for number, moment in saved["state"].items()
    }
    optimiser.load_state_dict({"state": moments, "param_groups": saved["param_groups"]})


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of all groups."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]
