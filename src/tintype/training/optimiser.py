"""Optimisers of a run."""

from typing import Any

import torch

from tintype.training.config import RunConfig
from tintype.training.objective import Group

BETAS = (0.9, 0.99)


def make(config: RunConfig, groups: list[Group]) -> torch.optim.Optimizer:
    """AdamW without decay; each group keeps its factor of the learning rate, see `set_rate`."""
    settings: list[dict[str, Any]] = [
        {"params": group.parameters, "factor": group.factor} for group in groups if group.parameters
    ]
    return torch.optim.AdamW(settings, config.learning_rate, betas=BETAS, weight_decay=0.0, fused=True)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of all groups."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]
