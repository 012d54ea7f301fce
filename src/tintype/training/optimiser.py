"""Optimisers of a run: AdamW for everything, or Muon for the kernels that mix channels and AdamW for the rest."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tintype.errors import UnsupportedError, WeightsError
from tintype.training.config import RunConfig
from tintype.training.machine import share, whole
from tintype.training.objectives.objective import Group

BETAS = (0.9, 0.99)

Optimisers = dict[str, torch.optim.Optimizer]  # by name; each parameter belongs to one


class KernelMuon(torch.optim.Muon):
    """Muon on convolution kernels (K, C, y, x), each as a matrix (K, C y x).

    torch's takes matrices only, so it is given views of the kernels. Columns have the order of memory, which
    channels_last changes; Muon does not care, since making a matrix orthogonal commutes with permuting its columns.

    Parameters
    ----------
    groups : as of any optimiser, "params" being kernels
    """

    def __init__(self, groups: list[dict[str, Any]], learning_rate: float) -> None:
        self.kernels: list[nn.Parameter] = [kernel for group in groups for kernel in group["params"]]
        if any(hasattr(kernel, "full_tensor") for kernel in self.kernels):
            raise UnsupportedError(
                "optimiser=muon needs whole kernels, and fsdp shares them out; use optimiser=adamw or --strategy ddp"
            )
        matrices = [{**group, "params": [_view(kernel) for kernel in group["params"]]} for group in groups]
        super().__init__(matrices, learning_rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        matrices = [matrix for group in self.param_groups for matrix in group["params"]]
        for kernel, matrix in zip(self.kernels, matrices, strict=True):
            matrix.grad = None if kernel.grad is None else _ordered(kernel.grad, kernel).reshape(matrix.shape)
        return super().step(closure)  # type: ignore[no-untyped-call]  # torch's

    def zero_grad(self, set_to_none: bool = True) -> None:
        super().zero_grad(set_to_none)
        for kernel in self.kernels:
            kernel.grad = None


def is_kernel(parameter: Tensor) -> bool:
    """Whether a parameter is a convolution kernel that mixes channels; not depthwise ones, scales, or biases."""
    return parameter.ndim == 4 and min(parameter.shape[:2]) > 1


def make(config: RunConfig, groups: list[Group]) -> Optimisers:
    """Optimisers without decay; each group keeps its factor of the learning rate, see `set_rate`.

    Raises
    ------
    UnsupportedError
        Muon with weights that are sharded among processes.
    """
    muon = config.optimiser == "muon"
    rest = _settings(groups, lambda parameter: not (muon and is_kernel(parameter)), 1.0)
    made: Optimisers = {
        "adamw": torch.optim.AdamW(rest, config.learning_rate, betas=BETAS, weight_decay=0.0, fused=True)
    }
    if muon:
        made["muon"] = KernelMuon(_settings(groups, is_kernel, config.muon_rate), config.learning_rate)
    return made


def _settings(groups: list[Group], wanted: Callable[[Tensor], bool], rate: float) -> list[dict[str, Any]]:
    """Groups of an optimiser with the wanted parameters, their factors times a rate."""
    chosen = [([p for p in group.parameters if wanted(p)], rate * group.factor) for group in groups]
    return [{"params": parameters, "factor": factor} for parameters, factor in chosen if parameters]


def _view(kernel: Tensor) -> Tensor:
    """The matrix of a kernel, on the same memory; what is written to one is in the other."""
    return _ordered(kernel.detach(), kernel).view(len(kernel), -1)


def _ordered(value: Tensor, kernel: Tensor) -> Tensor:
    """A kernel's value or gradient, its axes in the order of the kernel's memory."""
    return value.movedim(1, -1) if kernel.is_contiguous(memory_format=torch.channels_last) else value


def state(optimisers: Optimisers) -> dict[str, Any]:
    """State of optimisers by name, gathered if it is sharded; all processes must call this."""
    return {name: _state(optimiser) for name, optimiser in optimisers.items()}


def load(optimisers: Optimisers, saved: dict[str, Any]) -> bool:
    """The inverse of `state`; False, and nothing done, if what was saved is of other optimisers.

    Raises
    ------
    WeightsError
        What was saved does not fit the parameters.
    """
    if "param_groups" in saved:  # checkpoints before there was a choice
        saved = {"adamw": saved}
    if saved.keys() != optimisers.keys():
        return False
    for name, optimiser in optimisers.items():
        try:
            _load(optimiser, saved[name])
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise WeightsError(f"the state of the optimiser {name} in the checkpoint does not fit: {error}") from error
    return True


def set_rate(optimisers: Optimisers, rate: float) -> None:
    """Set the learning rate of all groups."""
    for optimiser in optimisers.values():
        for group in optimiser.param_groups:
            group["lr"] = rate * group["factor"]


def _state(optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    held = optimiser.state_dict()
    moments = {
        number: {key: whole(value) if isinstance(value, Tensor) else value for key, value in moment.items()}
        for number, moment in held["state"].items()
    }
    return {"state": moments, "param_groups": held["param_groups"]}


def _load(optimiser: torch.optim.Optimizer, saved: dict[str, Any]) -> None:
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    moments = {
        number: {
            key: share(value, parameters[number]) if value.shape == parameters[number].shape else value
            for key, value in moment.items()
        }
        for number, moment in saved["state"].items()
    }
    optimiser.load_state_dict({"state": moments, "param_groups": saved["param_groups"]})
