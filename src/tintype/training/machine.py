"""Where a run computes: one process with plain torch, or any number through Lightning Fabric."""

from collections.abc import Callable
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from tintype.errors import UnsupportedError

Forward = Callable[..., dict[str, Tensor]]
Strategy = Literal["ddp", "fsdp"]


class Machine(Protocol):
    """What the loop asks of its surroundings. Every process of a run makes the same calls in the same order."""

    device: torch.device
    rank: int
    ranks: int

    def setup(self, module: nn.Module, units: list[nn.Module]) -> Forward:
        """Put a module on the device; the result computes in the run's precision.

        Parameters
        ----------
        units : parts whose weights are gathered together where weights are sharded (FSDP), which replaces parameters:
            make optimisers afterwards
        """

    def setup_optimiser(self, optimiser: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """After `setup`, on the parameters as they then are."""

    def backward(self, loss: Tensor) -> None:
        """Gradients, averaged over processes."""

    def mean(self, value: Tensor) -> Tensor:
        """Mean over processes."""

    def gather(self, values: Tensor) -> Tensor:
        """(n,) of every process, in one row."""

    def barrier(self) -> None:
        """Wait for all processes."""


class Plain:
    """This process alone, with plain torch."""

    rank, ranks = 0, 1

    def __init__(self, device: str = "cpu", bf16: bool = False) -> None:
        self.device, self.bf16 = torch.device(device), bf16

    def setup(self, module: nn.Module, units: list[nn.Module]) -> Forward:
        return _autocasting(module.to(self.device), self.device, self.bf16)

    def setup_optimiser(self, optimiser: torch.optim.Optimizer) -> torch.optim.Optimizer:
        return optimiser

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def mean(self, value: Tensor) -> Tensor:
        return value

    def gather(self, values: Tensor) -> Tensor:
        return values

    def barrier(self) -> None:
        pass


class Fabric:
    """Processes of Lightning Fabric; the other ones are started here.

    Parameters
    ----------
    processes : on each of `nodes` machines, one per device
    strategy : "ddp": every process holds all weights; "fsdp": each holds its share of weights and optimiser
    """

    def __init__(
        self, device: str = "cpu", bf16: bool = False, processes: int = 1, nodes: int = 1, strategy: Strategy = "ddp"
    ) -> None:
        import lightning_fabric

        self.bf16 = bf16
        self.units: list[nn.Module] = []
        chosen: Any = "auto"
        if strategy == "fsdp":
            from lightning_fabric.strategies.model_parallel import ModelParallelStrategy

            chosen = ModelParallelStrategy(self._shard, processes * nodes, 1)
        elif processes * nodes > 1:
            chosen = "ddp"
        self.fabric = lightning_fabric.Fabric(
            accelerator=torch.device(device).type,
            devices=processes,
            num_nodes=nodes,
            strategy=chosen,
            precision="32-true",  # its bf16-mixed casts inputs too: pictures, levels and noise would lose bits
        )
        self.fabric.launch()
        self.device, self.rank, self.ranks = self.fabric.device, self.fabric.global_rank, self.fabric.world_size

    def setup(self, module: nn.Module, units: list[nn.Module]) -> Forward:
        self.units = units
        return _autocasting(self.fabric.setup_module(module, _reapply_compile=False), self.device, self.bf16)

    def setup_optimiser(self, optimiser: torch.optim.Optimizer) -> torch.optim.Optimizer:
        made: Any = self.fabric.setup_optimizers(optimiser)  # it keeps the face of an optimiser
        held: torch.optim.Optimizer = made
        return held

    def backward(self, loss: Tensor) -> None:
        self.fabric.backward(loss)

    def mean(self, value: Tensor) -> Tensor:
        return self.fabric.all_reduce(value, reduce_op="mean") if self.ranks > 1 else value  # type: ignore[return-value]

    def gather(self, values: Tensor) -> Tensor:
        if self.ranks == 1:
            return values
        parts = [torch.empty_like(values) for _ in range(self.ranks)]
        torch.distributed.all_gather(parts, values)
        return torch.cat(parts)

    def barrier(self) -> None:
        self.fabric.barrier()

    def _shard(self, module: nn.Module, mesh: Any) -> nn.Module:
        from torch.distributed.fsdp import fully_shard

        module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # no other can be sharded
        for unit in (*self.units, module):
            fully_shard(unit, mesh=mesh["data_parallel"])
        return module


def _autocasting(module: Forward, device: torch.device, bf16: bool) -> Forward:
    """A module's call in bfloat16 where that is safe."""

    def forward(*inputs: Tensor) -> dict[str, Tensor]:
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            return module(*inputs)

    return forward


def choose(device: str, bf16: bool, processes: int = 1, nodes: int = 1, strategy: Strategy = "ddp") -> Machine:
    """Fabric where it is installed, else this process alone.

    Raises
    ------
    UnsupportedError
        There is no such device, or several processes or a strategy for them are wanted and Fabric is not installed.
    """
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise UnsupportedError(f"device {device!r} cannot be used: {str(error).splitlines()[0]}") from error
    if wanted.type == "cuda" and (wanted.index or 0) >= torch.cuda.device_count():
        raise UnsupportedError(
            f"device {device!r} cannot be used: PyTorch finds {torch.cuda.device_count()} of this kind"
        )
    try:
        import lightning_fabric  # noqa: F401  # is it there?
    except ImportError as error:
        if processes * nodes > 1 or strategy == "fsdp":
            raise UnsupportedError(
                'several processes need the package lightning-fabric; pip install "tintype[train]"'
            ) from error
        return Plain(device, bf16)
    return Fabric(device, bf16, processes, nodes, strategy)


def whole(tensor: Tensor) -> Tensor:
    """The whole of a tensor that may be sharded; all processes must call this."""
    full = getattr(tensor, "full_tensor", None)
    return full() if full else tensor


def share(value: Tensor, like: Tensor) -> Tensor:
    """This process's shard of a whole tensor, sharded like another one."""
    if not hasattr(like, "full_tensor"):
        return value.to(like.device)
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(like, DTensor)
    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements)
