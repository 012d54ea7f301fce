"""The context model: networks that turn what is decoded into the density of the next step."""

from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.models.hpcm.config import HPCMConfig, NetDepths
from tintype.models.hpcm.lattice import halves, misplaced, place, take
from tintype.models.hpcm.layers import DepthwiseBlock
from tintype.models.hpcm.schedule import CodingStep, Stage
from tintype.models.surrogates import at_least_float32, full_precision


@dataclass(frozen=True, slots=True)
class Density:
    """The density of a step's symbols, each of shape (B, c, h, w), C order being coding order.

    Parameters
    ----------
    step : CodingStep
    scale : Tensor
        As predicted: may be zero or negative (`entropy` bounds it).
    mean : Tensor
    """

    step: CodingStep
    scale: Tensor
    mean: Tensor


Walk = Generator[Density, Tensor, Tensor]
"""Yields the density of each step, is sent its decoded latents (symbol + mean), returns all (B, C, H, W)."""


class ContextNet(nn.Module):
    """Blocks, a gain per channel, more blocks, a head to the two parameters, more blocks.

    From the head on everything runs in float32, whatever autocast says.
    """

    def __init__(self, latents: int, depths: NetDepths) -> None:
        super().__init__()
        self.before = nn.Sequential(*(DepthwiseBlock(3 * latents) for _ in range(depths.before)))
        self.after = nn.Sequential(*(DepthwiseBlock(3 * latents) for _ in range(depths.after)))
        head = nn.Conv2d(3 * latents, 2 * latents, 1)
        self.head = nn.Sequential(head, *(DepthwiseBlock(2 * latents) for _ in range(depths.tail)))

    def forward(self, x: Tensor, gain: Tensor) -> Tensor:
        """(B, 3C, h, w) and a gain (1, 3C, 1, 1) to scales and means (B, 2C, h, w)."""
        x = self.after(self.before(x) * gain)
        with full_precision(x.device):
            out: Tensor = self.head(at_least_float32(x))
        return out


class Fusion(nn.Module):
    """New context from a step's output and the old context: attention in square windows, and a linear skip.

    Queries and the skip come from the step's output, keys and values from the old context. Windows do not
    overlap; there are no positions, masks or norms. The bias of the keys has no effect (it moves all scores
    of a query alike).

    Notes
    -----
    Li et al., "Learned Image Compression with Hierarchical Progressive Context Modeling", ICCV 2025.
    1x1 convolutions commute with cutting into windows, so they run on the whole lattice, two in one product.
    """

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.query_skip = nn.Conv2d(channels, 2 * channels, 1)
        self.key_value = nn.Conv2d(channels, 2 * channels, 1)

    def forward(self, psi: Tensor, context: Tensor) -> Tensor:
        """Both (B, channels, h, w), h and w multiples of the window; returns the same shape."""
        # (B, channels, h, w) each; the skip is linear in psi, not a projection of the attention
        query, skip = self.query_skip(psi).chunk(2, 1)
        key, value = self.key_value(context).chunk(2, 1)
        mixed = F.scaled_dot_product_attention(self._cut(query), self._cut(key), self._cut(value))
        fused: Tensor = self._join(mixed, skip.shape) + skip
        return fused

    def _cut(self, x: Tensor) -> Tensor:
        """(B, heads · d, h, w) to (windows, heads, tokens, d)."""
        B, C, H, W = x.shape
        p = self.window
        # (B, heads, d, rows of windows, p, columns of windows, p)
        x = x.reshape(B, self.heads, C // self.heads, H // p, p, W // p, p)
        # windows before heads, positions in a window before d: attention wants (..., tokens, d)
        return x.permute(0, 3, 5, 1, 4, 6, 2).reshape(-1, self.heads, p * p, C // self.heads)

    def _join(self, x: Tensor, shape: torch.Size) -> Tensor:
        """The inverse of `_cut`."""
        B, C, H, W = shape
        p = self.window
        # (B, rows of windows, columns of windows, heads, p, p, d)
        x = x.reshape(B, H // p, W // p, self.heads, p, p, C // self.heads)
        # (B, heads, d, rows of windows, p, columns of windows, p), then flat again
        return x.permute(0, 3, 6, 1, 4, 2, 5).reshape(B, C, H, W)


class StageModel(nn.Module):
    """The networks of one stage that are its own: merge, adaptors, gains, fusion."""

    def __init__(self, config: HPCMConfig, stage: Stage, adaptor_depth: int, merges: bool) -> None:
        super().__init__()
        width = 3 * config.latents
        steps = len(stage.networked)
        self.merge = nn.Conv2d(2 * config.latents, 2 * config.latents, 1) if merges else nn.Identity()
        self.adaptors = nn.ModuleList(_adaptor(width, adaptor_depth) for _ in range(steps))
        self.gains = nn.ParameterList(torch.ones(1, width, 1, 1) for _ in range(steps))
        self.fusion = Fusion(2 * config.latents, config.heads, stage.window) if config.context == "fused" else None

    def forward(self, net: ContextNet, number: int, context: Tensor, y_hat: Tensor) -> Tensor:
        """Scales and means (B, 2C, h, w) of the stage's networked step `number`, everywhere on its
        lattice."""
        # (B, 3C, h, w): context first, then what is decoded, zero where nothing is
        x = self.adaptors[number](torch.cat((context, y_hat), 1))
        return net(x, self.gains[number])  # type: ignore[no-any-return]


def _adaptor(width: int, depth: int) -> nn.Module:
    if depth == 0:
        return nn.Conv2d(width, width, 1)
    return nn.Sequential(*(DepthwiseBlock(width) for _ in range(depth)))


class ContextModel(nn.Module):
    """All coding steps of y.

    `walk` is the only place where the order of networks and steps is written; forward, encoding and decoding
    are drivers of it.
    """

    def __init__(self, config: HPCMConfig) -> None:
        super().__init__()
        self.config = config
        self.nets = nn.ModuleDict(
            {
                "coarse": ContextNet(config.latents, config.coarse),
                "fine": ContextNet(config.latents, config.fine),
            }
        )
        self.stages = nn.ModuleDict(
            {
                stage.name: StageModel(config, stage, depth, merges=index > 0)
                for index, (stage, depth) in enumerate(zip(config.steps.stages, config.adaptor_depths, strict=True))
            }
        )

    def walk(self, params: Tensor) -> Walk:
        """Walk all steps.

        Parameters
        ----------
        params : Tensor, shape (B, 2C, H, W)
            Hyper-parameters: scales, then means.

        Yields
        ------
        Density
            Of each step in coding order; the generator is to be sent the step's decoded latents.

        Returns
        -------
        Tensor, shape (B, C, H, W)
            All decoded latents.
        """
        C = self.config.latents
        hyper = halves(params)  # (B, 2, C, H, W)
        context = y_hat = params  # replaced on entering the first stage
        stages = self.config.steps.stages
        for stage in stages:
            model = self.stages[stage.name]
            assert isinstance(model, StageModel)
            local = take(hyper, stage.lattice, C)  # (B, 2, C, h, w)
            first = stage is stages[0]
            # on entering a stage: what the coarser lattice knows, spread over the finer one
            y_hat = self._carry_latents(local, None if first else y_hat, stage)
            context = model.merge(self._carry_context(local, None if first else context, stage))
            # before a step: y_hat holds all earlier steps; after it: this one, too
            for step in stage.steps:
                density = context  # of a step without network: the hyper-parameters as they are
                if step.network is not None:
                    density = model(self.nets[stage.net], step.network, context, y_hat)
                    if step is not stages[-1].steps[-1]:  # nobody would use the last one
                        context = self._next_context(model, density, context)
                # (B, 2, c, h, w): only the step's elements of what the network gives everywhere
                scale, mean = take(halves(density), step.symbols, C).unbind(1)
                values = yield Density(step, scale, mean)
                y_hat = place(y_hat, values, step.symbols, C)
        return y_hat

    def _carry_latents(self, local: Tensor, y_hat: Tensor | None, stage: Stage) -> Tensor:
        """Decoded latents on the lattice of a stage, zero where nothing is decoded: (B, C, h, w)."""
        fresh = torch.zeros_like(local[:, 0])
        return fresh if y_hat is None else place(fresh, y_hat, stage.previous, self.config.latents)

    def _carry_context(self, local: Tensor, context: Tensor | None, stage: Stage) -> Tensor:
        """The old context in its places, hyper-parameters elsewhere: (B, 2C, h, w)."""
        if context is not None and self.config.context != "hyper":
            C = self.config.latents
            if self.config.misplaced_hyper and stage.name == "s2":
                local = misplaced(local)
            local = place(local, halves(context), stage.previous, C)
        return local.flatten(1, 2)

    def _next_context(self, model: StageModel, psi: Tensor, context: Tensor) -> Tensor:
        """What the next step sees as context."""
        if model.fusion is not None:
            return model.fusion(psi, context)  # type: ignore[no-any-return]
        return psi if self.config.context == "psi" else context
