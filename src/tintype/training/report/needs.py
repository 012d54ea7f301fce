"""What a run will need: parameters, optimiser and activations of each process, from shapes alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tintype.models import macs
from tintype.training.config import RunConfig
from tintype.training.objectives import objective
from tintype.training.objectives.objective import Draw, Objective
from tintype.training.optimiser import is_kernel

GIB = 2**30
FLOAT = 4  # bytes: parameters, gradients, moments and averages are float32
BF16_SHARE = 0.7  # of float32 activations that autocast leaves: 0.68 (pico-s), 0.55 (hpcm-nano); rates stay float32


@dataclass(frozen=True, slots=True)
class Needs:
    """What one picture needs, in bytes of float32, and what the model is made of."""

    parameters: int
    moments: int  # numbers that the optimiser keeps
    largest_block: int  # parameters
    macs: int  # of the forward pass
    kept: int  # bytes that the backward pass needs from the forward pass
    recomputed: int  # the same with activation checkpointing: inputs of blocks, all outside, the largest inside


def needs(config: RunConfig) -> Needs:
    """Measure one picture on the meta device, which has neither memory nor arithmetic."""
    with torch.device("meta"):
        made = objective(config)
        inputs = example(made, config, 1)
    blocks = made.blocks()
    kept, recomputed = saved_bytes(made, blocks, inputs)
    muon = config.optimiser == "muon"  # keeps one number for what AdamW keeps two
    kept_once = sum(p.numel() for p in made.model.parameters() if muon and is_kernel(p))
    return Needs(
        macs.parameters(made.model),
        2 * macs.parameters(made.model) - kept_once,
        max(macs.parameters(block) for block in blocks),
        macs.count_macs(made, *inputs),
        kept,
        recomputed,
    )


def example(made: Objective, config: RunConfig, batch: int) -> tuple[Tensor, ...]:
    """Inputs of the shapes of a step, on the device that is being used."""
    size = (config.crop, config.crop)
    return torch.empty(batch, made.channels, *size), *made.draw(size, Draw(0, 0, range(batch), torch.empty(0).device))


def saved_bytes(made: nn.Module, blocks: Sequence[nn.Module], inputs: Sequence[Tensor]) -> tuple[int, int]:
    """Bytes that autograd keeps in one forward pass: all, and what is left with recomputed blocks."""
    held: dict[int, Any] = {}  # storages, kept alive so that their numbers stay unique
    outside = within = largest = 0
    depth: list[int] = []
    passed: dict[int, int] = {}  # inputs of blocks
    own = {parameter.untyped_storage()._cdata for parameter in made.parameters()}

    def keep(tensor: Tensor) -> Tensor:
        nonlocal outside
        storage = tensor.untyped_storage()
        if storage._cdata not in own and storage._cdata not in held:
            held[storage._cdata] = storage
            if depth:
                depth[-1] += storage.nbytes()
            else:
                outside += storage.nbytes()
        return tensor

    def enter(_: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        storage = arguments[0].untyped_storage()
        held_already = storage._cdata in held
        passed.setdefault(storage._cdata, 0 if held_already else storage.nbytes())
        depth.append(0)

    def leave(_: nn.Module, __: Any, ___: Any) -> None:
        nonlocal within, largest
        found = depth.pop()
        within, largest = within + found, max(largest, found)

    hooks = [
        hook
        for block in blocks
        for hook in (block.register_forward_pre_hook(enter), block.register_forward_hook(leave))
    ]
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        out = made(*inputs)
    for hook in hooks:
        hook.remove()
    del out
    return outside + within, outside + sum(passed.values()) + largest


def table(config: RunConfig, ranks: Sequence[int] = (1, 8, 64)) -> str:
    """The plan as text: one line for each number of processes, with weights whole (ddp) and sharded (fsdp)."""
    need = needs(config)
    shrink = BF16_SHARE if config.bf16 else 1.0
    saved = need.recomputed if config.checkpointing else need.kept
    flops = 3 * 2 * need.macs
    lines = [
        f"{config.model}: {need.parameters:,} parameters; crops of {config.crop} x {config.crop}, batch {config.batch} "
        f"in all, {'bf16' if config.bf16 else 'float32'}, "
        f"activation checkpointing {'on' if config.checkpointing else 'off'}",
        f"activations of one picture: {shrink * need.kept / GIB:.3f} GiB, "
        f"with activation checkpointing {shrink * need.recomputed / GIB:.3f} GiB",
        f"arithmetic of one picture, forward and backward: {flops / 1e12:.3f} TFLOP",
        "",
        f"{'GiB per process':<22}{'parameters':>11}{'gradients':>11}{'optimiser':>11}{'averages':>10}"
        f"{'activations':>13}{'sum':>9}",
    ]
    for count in ranks:
        pictures = max(1, config.batch // count)
        note = "" if config.batch >= count else f"  (batch {count}, one picture each)"
        for strategy in ("ddp", "fsdp") if count > 1 else ("ddp",):
            # parameters, gradients, optimiser, averages
            numbers = (need.parameters, need.parameters, need.moments, need.parameters)
            parts = [FLOAT * number / GIB for number in numbers]
            if strategy == "fsdp":
                parts = [part / count for part in parts]
                parts[0] += FLOAT * need.largest_block / GIB  # gathered while it is used
                parts[1] += FLOAT * need.largest_block / GIB
            activations = shrink * pictures * saved / GIB
            name = f"{count} GPU{'s' if count > 1 else ''}, {strategy}" if count > 1 else "1 GPU"
            cells = f"{parts[0]:>11.3f}{parts[1]:>11.3f}{parts[2]:>11.3f}{parts[3]:>10.3f}{activations:>13.3f}"
            lines.append(f"{name:<22}{cells}{sum(parts) + activations:>9.2f}{note}")
    return "\n".join(lines)
