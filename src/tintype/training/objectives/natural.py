"""Training a second synthesis that draws texture: the look "natural" of the files that there are.

Encoder, entropy model and the faithful synthesis stay as they are, so symbols and files do. The natural synthesis
begins as a copy of the faithful one and learns from the same latents, with the distortions of `perceptual` and a
discriminator that sees the faithful picture beside the natural one.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from tintype.errors import InputError
from tintype.models.pico.network import SIZES, Pico, PicoConfig, Synthesis
from tintype.models.pico.schedule import lambda_of
from tintype.training.config import PicoNaturalRun, RunConfig
from tintype.training.objectives.discriminator import Discriminator, found_out, told_apart
from tintype.training.objectives.distortion import clipped, mse_255, psnr
from tintype.training.objectives.objective import Draw, Group, Row
from tintype.training.objectives.perceptual import PicoEyesObjective
from tintype.training.objectives.pico import evaluate
from tintype.training.objectives.pico_rate import latents

NATURAL, DISCRIMINATOR = "natural.", "discriminator."  # names of the weights that learn


class NaturalPico(Pico):
    """A pico with its second synthesis, and what that one is trained against."""

    def __init__(self, config: PicoConfig, discriminator: Discriminator) -> None:
        super().__init__(config)
        self.requires_grad_(False)
        self.natural = Synthesis(config)
        self.discriminator = discriminator


class PicoNaturalObjective(PicoEyesObjective):
    """(D + adversarial) lambda^weight of the natural look, and beside it the loss of the discriminator."""

    config: PicoNaturalRun
    model: NaturalPico

    def __init__(self, config: PicoNaturalRun) -> None:
        super().__init__(config)
        self.model = NaturalPico(
            SIZES[config.model], Discriminator(config.discriminator_width, config.discriminator_heads)
        )

    def completed(self, weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Of a pico's checkpoint: the natural synthesis is a copy of the faithful one, what else it lacks is new."""
        if any(name.startswith(NATURAL) for name in weights):
            return weights
        copied = {
            NATURAL + name.removeprefix("synthesis."): value
            for name, value in weights.items()
            if name.startswith("synthesis.")
        }
        fresh = {
            name: value.detach()
            for name, value in self.model.named_parameters()
            if name.startswith((NATURAL, DISCRIMINATOR))
        }
        return {**weights, **fresh, **copied}

    def check(self, config: RunConfig) -> None:
        super().check(config)
        if self.config.tal:
            raise InputError("tal: a second synthesis is not trained on two tiles; leave tal at 0")

    def groups(self) -> list[Group]:
        model = self.model
        return [
            Group(list(model.natural.parameters()), 1.0),
            Group(list(model.discriminator.parameters()), self.config.discriminator_rate),
        ]

    def draw(self, shape: tuple[int, int], draw: Draw) -> tuple[Tensor, ...]:
        """Levels (B,), and the share of the discriminator's word (B,), which rises from zero."""
        level = super().draw(shape, draw)[0]
        rise = min(1.0, max(0, draw.step - self.config.adversarial_from) / max(1, self.config.adversarial_rise))
        return level, torch.full_like(level, rise)

    def forward(self, x: Tensor, *drawn: Tensor) -> dict[str, Tensor]:
        level, rise = drawn
        model, pictures = self.model, x[:, :3]
        with torch.no_grad():
            y_hat, bits = latents(model, pictures, level, None)
            faithful = model.synthesis(y_hat).float().clamp(0, 1)
            original_maps, faithful_maps = self.terms.network(pictures), self.terms.network(faithful)
        natural = clipped(model.natural(y_hat).float())
        maps = self.terms.network(natural)
        distortion = self.weighted(self.terms.between(natural, x, maps, original_maps, level, self.wanted()), level)
        # the synthesis is judged by a discriminator that it cannot move, which learns from pictures that it cannot move
        fixed = {name: value.detach() for name, value in model.discriminator.named_parameters()}
        judged = functional_call(model.discriminator, fixed, (natural, maps, faithful, faithful_maps))
        real = model.discriminator(pictures, original_maps, faithful, faithful_maps)
        fake = model.discriminator(natural.detach(), [each.detach() for each in maps], faithful, faithful_maps)
        # in units of the distortion; less at higher levels, whose pictures have their texture
        share = self.config.adversarial * rise * (1 - level / self.config.top_level) * distortion.detach()
        weight = lambda_of(level) ** self.config.lambda_weight
        apart = told_apart(real, fake)
        return {
            "loss": ((distortion + share * found_out(judged)) * weight).mean() + apart.mean(),
            "level": level,
            "bpp": torch.stack(bits).sum(0) / x[0, 0].numel(),
            "psnr": psnr(mse_255(natural.detach(), pictures)),
            "cost": distortion.detach(),
            "apart": apart.detach(),
        }

    def summary(self, samples: Mapping[str, Tensor]) -> dict[str, Any]:
        return {**super().summary(samples), "apart": float(samples["apart"].mean())}

    def evaluate(self, weights: Mapping[str, Tensor], pictures: Any, bf16: bool) -> list[Row]:
        device = next(iter(weights.values())).device
        model = natural_of(weights, self.model.config).to(device)
        return evaluate(model.to(memory_format=torch.channels_last), pictures, bf16)  # type: ignore[call-overload]


def natural_of(weights: Mapping[str, Tensor], config: PicoConfig) -> Pico:
    """A pico whose synthesis is the natural one of a checkpoint's weights."""
    chosen = {}
    for name, value in weights.items():
        if name.startswith(NATURAL):
            chosen["synthesis." + name.removeprefix(NATURAL)] = value
        elif not name.startswith((DISCRIMINATOR, "synthesis.")):
            chosen[name] = value
    model = Pico(config)
    model.load_state_dict(chosen)
    return model
