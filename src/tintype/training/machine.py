"""Where a run computes: one process with plain torch, or several through Lightning Fabric."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch
from torch import Tensor, nn

Forward = Callable[..., dict[str, Tensor]]


class Machine(Protocol):
    """What the loop asks of its surroundings. Every process of a run makes the same calls in the same order."""

    device: torch.device
    rank: int
    ranks: int

    def autocast(self) -> AbstractContextManager[Any]:
        """The precision of the run, for calls that do not go through `setup`'s result."""

    def setup(self, module: nn.Module) -> Forward:
        """Put a module on the device; the result computes in the run's precision. Parameters may be replaced."""

    def setup_optimiser(self, optimiser: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """After `setup`, on the parameters as they then are."""

    def backward(self, loss: Tensor) -> None:
        """Gradients, averaged over processes."""

    def mean(self, value: Tensor) -> Tensor:
        """Mean over processes."""

    def gather(self, values: Tensor) -> Tensor:
        """(n,) of every process, in one row."""


class Plain:
    """This process alone."""

    rank, ranks = 0, 1

    def __init__(self, device: str = "cpu", bf16: bool = False) -> None:
        self.device, self.bf16 = torch.device(device), bf16

    def autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    def setup(self, module: nn.Module) -> Forward:
        module.to(self.device)

        def forward(*inputs: Tensor) -> dict[str, Tensor]:
            with self.autocast():
                out: dict[str, Tensor] = module(*inputs)
            return out

        return forward

    def setup_optimiser(self, optimiser: torch.optim.Optimizer) -> torch.optim.Optimizer:
        return optimiser

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def mean(self, value: Tensor) -> Tensor:
        return value

    def gather(self, values: Tensor) -> Tensor:
        return values
