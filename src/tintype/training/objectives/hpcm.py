"""Training models of the HPCM family, each at one rate."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tintype.errors import InputError
from tintype.models.hpcm import CONFIGS
from tintype.models.hpcm.layers import DepthwiseBlock, PartialBlock
from tintype.models.hpcm.network import HPCM
from tintype.models.hpcm.schedule import Y_STRIDE, Z_STRIDE
from tintype.models.hpcm.start import structured_start
from tintype.models.surrogates import Noise
from tintype.training.config import HPCMRun
from tintype.training.objectives.distortion import ms_ssim, mse_255, psnr
from tintype.training.objectives.objective import Draw, Objective, Row, pictures_to

MSE_LAMBDAS = (0.0018, 0.0035, 0.0067, 0.013, 0.025, 0.0483)
"""Of 255^2 MSE: those of the published models."""
MS_SSIM_LAMBDAS = (2.4, 4.58, 8.73, 16.64, 31.73, 60.5)
"""Of 1 - MS-SSIM."""
MS_SSIM_PER_MSE = 1280
"""About the factor between the two rows."""
Y_STREAM, Z_STREAM = range(2)
EVALUATION_BATCH = 4


class HPCMObjective(Objective):
    """lambda D + R, the loss of the paper."""

    model: HPCM
    block_types = (PartialBlock, DepthwiseBlock)

    def __init__(self, config: HPCMRun) -> None:
        super().__init__()
        if config.model not in CONFIGS:
            raise InputError(f"no HPCM model is called {config.model!r}; there are {', '.join(CONFIGS)}")
        self.config = config
        self.model = HPCM(CONFIGS[config.model])
        self.multiple = self.model.config.multiple

    def start(self, pictures: Tensor) -> None:
        if self.config.start == "structured":
            mse = self.config.distortion == "mse"
            structured_start(self.model, pictures, self.config.lambda_ / (1 if mse else MS_SSIM_PER_MSE))

    def stages(self) -> list[nn.Module]:
        model = self.model
        transforms = [model.analysis, model.synthesis, model.hyper_analysis, model.hyper_synthesis]
        return [*transforms, *model.context.nets.values()]

    def draw(self, shape: tuple[int, int], draw: Draw) -> tuple[Tensor, ...]:
        """Noise for the rates of y and z."""
        sizes, (height, width) = self.model.config, shape
        return (
            draw.uniform((sizes.latents, height // Y_STRIDE, width // Y_STRIDE), Y_STREAM) - 0.5,
            draw.uniform((sizes.hyper_latents, height // Z_STRIDE, width // Z_STRIDE), Z_STREAM) - 0.5,
        )

    def forward(self, x: Tensor, *drawn: Tensor) -> dict[str, Tensor]:
        x_hat, bpp, z_bpp = _run(self.model, x, Noise(*drawn))
        error = mse_255(x_hat, x)
        distortion = error if self.config.distortion == "mse" else 1 - ms_ssim(x_hat, x)
        cost = bpp + self.config.lambda_ * distortion
        return {
            "loss": cost.mean(),
            "bpp": bpp.detach(),
            "z_bpp": z_bpp.detach(),
            "psnr": psnr(error.detach()),
            "distortion": distortion.detach(),
        }

    def summary(self, samples: Mapping[str, Tensor]) -> dict[str, Any]:
        return {name: float(values.mean()) for name, values in samples.items()}

    @torch.no_grad()
    def evaluate(self, weights: Mapping[str, Tensor], pictures: Any, bf16: bool) -> list[Row]:
        """One row; sides of the pictures are multiples of what the model needs."""
        device = next(iter(weights.values())).device
        model = HPCM(self.model.config).to(device)
        model.load_state_dict(dict(weights))
        model.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        parts = []
        for first in range(0, len(pictures), EVALUATION_BATCH):
            x = pictures_to(device, pictures[first : first + EVALUATION_BATCH])
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                x_hat, bpp, z_bpp = _run(model, x, None)
            x_hat = x_hat.clamp(0, 1)
            error, similarity = mse_255(x_hat, x), ms_ssim(x_hat, x)
            distortion = error if self.config.distortion == "mse" else 1 - similarity
            cost = bpp + self.config.lambda_ * distortion
            parts.append(torch.stack((bpp, z_bpp, psnr(error), -10 * torch.log10(1 - similarity), cost)))
        means = torch.cat(parts, 1).mean(1).tolist()
        return [dict(zip(("bpp", "z_bpp", "psnr", "ms_ssim_db", "cost"), means, strict=True))]


def _run(model: HPCM, x: Tensor, noise: Noise | None) -> tuple[Tensor, Tensor, Tensor]:
    """Reconstruction (B, 3, H, W), bits per pixel (B,), and those of z alone."""
    out: Any = model(x, noise)
    bits = {name: -likelihood.log2().sum((1, 2, 3)) for name, likelihood in out["likelihoods"].items()}
    pixels = math.prod(x.shape[2:])
    return out["x_hat"].float(), (bits["y"] + bits["z"]) / pixels, bits["z"] / pixels
