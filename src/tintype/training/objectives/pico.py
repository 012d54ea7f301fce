"""Training pico: one model for all levels (pico's loss is averaged over them)."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from tintype.errors import InputError
from tintype.models.pico.layers import Block, Conv
from tintype.models.pico.network import ANCHORS, SIZES, Pico
from tintype.models.pico.schedule import LEVELS, Y_STRIDE, Z_STRIDE, lambda_of
from tintype.models.pico.start import structured_start
from tintype.models.surrogates import Noise
from tintype.training.config import PicoRun
from tintype.training.objectives.distortion import clipped, mse_255, psnr
from tintype.training.objectives.objective import Draw, Group, Objective, Row, pictures_to
from tintype.training.objectives.pico_rate import forward

LEVEL_STREAM, Y_STREAM, Z_STREAM = range(3)
LEVEL_GROUPS = 4  # of equal width, apart in the log
EVALUATION_BATCH = 9


class PicoObjective(Objective):
    """(R + lambda D) lambda^weight of a real level drawn for each sample, stratified over a batch."""

    model: Pico
    block_types = (Block,)

    def __init__(self, config: PicoRun) -> None:
        super().__init__()
        if config.model not in SIZES:
            raise InputError(f"no pico is called {config.model!r}; there are {', '.join(SIZES)}")
        self.config, self.multiple = config, Z_STRIDE
        self.model = Pico(SIZES[config.model])
        if not config.learn_scales:
            for layer in self.model.modules():
                if isinstance(layer, Conv):
                    layer.s_in.requires_grad_(False)
                    layer.s_out.requires_grad_(False)

    def start(self, pictures: Tensor) -> None:
        if self.config.start == "structured":
            structured_start(self.model, pictures)

    def groups(self) -> list[Group]:
        model = self.model
        biases: list[nn.Parameter] = [model.scale_decoder.first_bias, model.scale_decoder.last_bias]
        hyper = [model.z_mean, model.z_index]
        special = {id(p) for p in (*biases, *hyper)}
        rest = [p for p in model.parameters() if p.requires_grad and id(p) not in special]
        return [Group(rest, 1.0), Group(biases, self.config.bias_rate), Group(hyper, self.config.z_rate)]

    def stages(self) -> list[nn.Module]:
        model = self.model
        return [model.analysis, model.synthesis, model.context_decoder, model.context_model]

    def draw(self, shape: tuple[int, int], draw: Draw) -> tuple[Tensor, ...]:
        """Levels (B,), one in each of B equal parts of the range, and noise for the rates of y and z."""
        sizes, (height, width) = self.model.config, shape
        place = draw.uniform((), LEVEL_STREAM) + torch.tensor(draw.samples, device=draw.device)
        return (
            self.config.top_level / self.config.batch * place,
            draw.uniform((sizes.latents, height // Y_STRIDE, width // Y_STRIDE), Y_STREAM) - 0.5,
            draw.uniform((sizes.hyper_latents, height // Z_STRIDE, width // Z_STRIDE), Z_STREAM) - 0.5,
        )

    def forward(self, x: Tensor, *drawn: Tensor) -> dict[str, Tensor]:
        level, *noise = drawn
        x_hat, bits = self.coded(x[:, :3], level, noise)
        bpp = bits / x[0, 0].numel()
        x_hat, lambda_ = clipped(x_hat), lambda_of(level)
        cost = bpp + self.distortion(x_hat, x, level, len(noise) // 2)
        weighted = cost * lambda_**self.config.lambda_weight
        return {
            "loss": weighted.mean(),
            "level": level,
            "bpp": bpp.detach(),
            "psnr": psnr(mse_255(x_hat.detach(), x[:, :3])),
            "cost": cost.detach(),
        }

    def coded(self, x: Tensor, level: Tensor, noise: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Decoded pictures, not clipped, and bits (B,); the noise is that of y, then that of z."""
        x_hat, bits = forward(self.model, x, level, Noise(*noise))
        return x_hat, torch.stack(bits).sum(0)

    def distortion(self, x_hat: Tensor, x: Tensor, level: Tensor, tiles: int = 1) -> Tensor:
        """What an error costs, in bits a pixel (B,): lambda 255^2 MSE.

        Parameters
        ----------
        x_hat : (B, 3, S, S) in [0, 1]
        x : as `forward` gets it
        tiles : side by side, that were coded without knowing each other
        """
        return lambda_of(level) * mse_255(x_hat, x)

    def summary(self, samples: Mapping[str, Tensor]) -> dict[str, Any]:
        """Means over all samples, and the cost by groups of levels (None: no sample of the group)."""
        group = (samples["level"] * (LEVEL_GROUPS / (LEVELS - 1))).long().clamp(max=LEVEL_GROUPS - 1)
        costs = [samples["cost"][group == i] for i in range(LEVEL_GROUPS)]
        return {
            "bpp": float(samples["bpp"].mean()),
            "psnr": float(samples["psnr"].mean()),
            "cost_by_level": [float(cost.mean()) if len(cost) else None for cost in costs],
        }

    def evaluate(self, weights: Mapping[str, Tensor], pictures: Any, bf16: bool) -> list[Row]:
        device = next(iter(weights.values())).device
        model = Pico(self.model.config).to(device)
        model.load_state_dict(weights)
        return evaluate(model.to(memory_format=torch.channels_last), pictures, bf16)  # type: ignore[call-overload]


@torch.no_grad()
def evaluate(model: Pico, pictures: Any, bf16: bool = False) -> list[Row]:
    """Estimated bpp, PSNR and cost (lambda 255^2 MSE + bpp) at each anchor.

    Parameters
    ----------
    pictures : uint8, (N, S, S, 3), S a multiple of 64
    """
    device = next(model.parameters()).device
    rows = []
    for anchor in range(ANCHORS):
        level = torch.full((1,), anchor * (LEVELS - 1) / (ANCHORS - 1), device=device)
        bpp, z_bpp, error = [], [], []
        for first in range(0, len(pictures), EVALUATION_BATCH):
            x = pictures_to(device, pictures[first : first + EVALUATION_BATCH])
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                x_hat, bits = forward(model, x, level.expand(len(x)), None)
            pixels = x[0, 0].numel()
            bpp.append(torch.stack(bits).sum(0) / pixels)
            z_bpp.append(bits[0] / pixels)
            error.append(mse_255(x_hat.clamp(0, 1), x))
        rows.append(_row(float(lambda_of(level)), torch.cat(bpp), torch.cat(z_bpp), torch.cat(error)))
    return rows


def _row(lambda_: float, bpp: Tensor, z_bpp: Tensor, error_255: Tensor) -> Row:
    return {
        "bpp": float(bpp.mean()),
        "z_bpp": float(z_bpp.mean()),
        "psnr": float(psnr(error_255).mean()),
        "cost": float(bpp.mean() + lambda_ * error_255.mean()),
    }
