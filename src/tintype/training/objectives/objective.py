"""The interface between the loop and a family of models: what is learned, and how it is judged."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from tintype.errors import InputError
from tintype.training.config import RunConfig

Row = dict[str, float]
"""One point of a rate-distortion curve: bpp, psnr, cost and whatever else the family knows."""


class Group(NamedTuple):
    """Parameters that share a factor of the learning rate."""

    parameters: list[nn.Parameter]
    factor: float


class Draw(NamedTuple):
    """What names the random numbers of some samples: they depend on nothing else, so neither a resume nor a
    division of the batch among processes changes them."""

    seed: int
    step: int
    samples: Sequence[int]  # positions in the batch of all processes
    device: torch.device

    def uniform(self, shape: tuple[int, ...], stream: int) -> Tensor:
        """(len(samples), *shape) float32 in [0, 1); one stream per use."""
        if self.device.type == "meta":  # a plan wants shapes only
            return torch.empty(len(self.samples), *shape, device=self.device)
        return torch.stack([self._sample(shape, stream, sample) for sample in self.samples])

    def _sample(self, shape: tuple[int, ...], stream: int, sample: int) -> Tensor:
        key = np.random.SeedSequence((self.seed, self.step, stream, sample)).generate_state(1, np.uint64)
        generator = torch.Generator(self.device).manual_seed(int(key[0] >> np.uint64(1)))
        return torch.rand(shape, generator=generator, device=self.device)


class Objective(nn.Module, ABC):
    """A model and its loss, as one module: what DDP and FSDP wrap.

    `model` alone is what checkpoints hold.
    """

    model: nn.Module
    multiple: int  # what a crop's side must be a multiple of
    channels = 3  # of the pictures; 4: with a mask of text
    block_types: tuple[type[nn.Module], ...] = ()

    def check(self, config: RunConfig) -> None:
        """Raise InputError where the model cannot be trained so."""
        if config.crop % self.multiple or config.crop < self.multiple:
            raise InputError(f"{config.model}: crop must be a multiple of {self.multiple}, got {config.crop}")

    def start(self, pictures: Tensor) -> None:
        """Better start values than random ones, from some pictures (B, 3, S, S) in [0, 1]."""

    def completed(self, weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The model's weights, from those of a checkpoint that may lack parts which begin with this run."""
        return weights

    def groups(self) -> list[Group]:
        """All parameters that learn."""
        return [Group([p for p in self.model.parameters() if p.requires_grad], 1.0)]

    def blocks(self) -> list[nn.Module]:
        """Residual blocks: units of recomputation, and of weights that are shared out among processes."""
        return [module for module in self.model.modules() if isinstance(module, self.block_types)]

    @abstractmethod
    def stages(self) -> list[nn.Module]:
        """Networks between coding steps, each compiled as one graph."""

    @abstractmethod
    def draw(self, shape: tuple[int, int], draw: Draw) -> tuple[Tensor, ...]:
        """Random inputs of a step besides pictures of this (height, width), each with a leading axis of samples."""

    @abstractmethod
    def forward(self, x: Tensor, *drawn: Tensor) -> dict[str, Tensor]:
        """Loss of crops.

        Parameters
        ----------
        x : float32, (B, 3, S, S) in [0, 1]; (B, 4, S, S) with a mask, 1 inside text, where `channels` is 4
        drawn : what `draw` gave

        Returns
        -------
        dict
            "loss": what is minimised, a scalar; all else (B,), without gradients, for `summary`.
        """

    @abstractmethod
    def summary(self, samples: Mapping[str, Tensor]) -> dict[str, Any]:
        """Means for the log of what `forward` gave since the last time, concatenated."""

    @abstractmethod
    def evaluate(self, weights: Mapping[str, Tensor], pictures: Any, bf16: bool) -> list[Row]:
        """Rate and distortion on pictures (N, S, S, 3) uint8 with some other weights, usually averaged ones."""


def pictures_to(device: torch.device, pictures: Any) -> Tensor:
    """(N, S, S, 3) uint8 to (N, 3, S, S) float32 in [0, 1]."""
    # copied: torch does not take arrays that may not be written, such as memory-mapped ones
    held = pictures if isinstance(pictures, Tensor) else torch.from_numpy(np.array(pictures))
    return held.to(device).movedim(-1, 1).float() / 255
