"""HPCM: transforms, hyper transforms, context model and entropy model together."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tintype.codec.entropy.tables import Tables
from tintype.codec.steps import walk
from tintype.errors import InputError
from tintype.models.hpcm.config import HPCMConfig
from tintype.models.hpcm.context import ContextModel, Density
from tintype.models.hpcm.entropy import Prior, likelihood
from tintype.models.hpcm.lattice import assemble, take
from tintype.models.hpcm.layers import (
    FloatTail,
    PartialBlock,
    analysis_transform,
    down,
    synthesis_transform,
    up,
)
from tintype.models.surrogates import Noise, full_precision, straight_through


class Latents(NamedTuple):
    """What `HPCM.latents` finds on the way: everything that the rate and the reconstruction depend on.

    `y`, `y_hat`, `y_residual`, `y_scale`, `y_mean`: (B, C, H, W); `z`, `z_hat`, `z_residual`: (B, N, H/4,
    W/4); `params`: (B, 2C, H, W). Residuals are rounded in evaluation and noisy in training; scales are as
    predicted.
    """

    y: Tensor
    y_hat: Tensor
    y_residual: Tensor
    y_scale: Tensor
    y_mean: Tensor
    z: Tensor
    z_hat: Tensor
    z_residual: Tensor
    params: Tensor


class HPCM(nn.Module):
    """A model of the family.

        x (B, 3, height, width) --analysis--> y (B, C, H, W) --hyper_analysis--> z (B, N, H/4, W/4)
        z - prior.mean --round--> symbols of z; + prior.mean = z_hat --hyper_synthesis--> params (B, 2C, H, W)
        params, y_hat so far --context, step by step--> scale, mean of the next step
        y - mean --round--> symbols of y; + mean = y_hat, once all steps are through --synthesis--> x_hat

    with H = height / 16 and W = width / 16. Scales pick the table rows that symbols are coded with.

    Parameters
    ----------
    config : HPCMConfig

    Notes
    -----
    Li et al., "Learned Image Compression with Hierarchical Progressive Context Modeling", ICCV 2025. To build
    one without memory for its weights: `with torch.device("meta"): HPCM(config)`.
    """

    def __init__(self, config: HPCMConfig) -> None:
        super().__init__()
        self.config = config
        M, N, h = config.latents, config.hyper_latents, config.hyper_width
        widths, kernels = (3, *config.widths, M), (config.image_kernel, 2, 2, 2)
        block = (config.partial, config.expansion)
        # strides 2, 4, 8, 16 from the picture to y, and back in the same widths
        self.analysis = analysis_transform(widths, config.analysis_depths, kernels, *block)
        self.synthesis = synthesis_transform(widths[::-1], config.synthesis_depths, kernels[::-1], *block)
        first, second = config.hyper_analysis_depths
        self.hyper_analysis = FloatTail(
            *(PartialBlock(M, *block) for _ in range(first)),
            down(M, h),
            *(PartialBlock(h, *block) for _ in range(second)),
            down(h, N),
        )
        first, second = config.hyper_synthesis_depths
        # 2M outputs: a scale and a mean for every latent, before any context is known
        self.hyper_synthesis = nn.Sequential(
            up(N, h),
            *(PartialBlock(h, *block) for _ in range(first)),
            up(h, 2 * M),
            *(PartialBlock(2 * M, *block) for _ in range(second)),
        )
        self.prior = Prior(N)
        self.tables: Tables | None = None  # integer tables of y and z, which coding needs; `coding.make_tables`
        self.context = ContextModel(config)

    def forward(
        self, x: Tensor, noise: Noise | None = None, generator: torch.Generator | None = None
    ) -> dict[str, Tensor | dict[str, Tensor]]:
        """Reconstruction and likelihoods.

        Parameters
        ----------
        x : Tensor, shape (B, 3, height, width), RGB in [0, 1]
            Height and width are multiples of `config.multiple`.
        noise : Noise, optional
            Training only: the noise of the rate. Drawn from `generator` if not given.
        generator : torch.Generator, optional
            On the device of `x`.

        Returns
        -------
        dict
            "x_hat": (B, 3, height, width), not clamped. "likelihoods": "y" (B, C, height/16, width/16) and
            "z" (B, N, height/64, width/64), float32; bits are -log2 of them. In training the rate is that of
            values with noise, and gradients pass the rounding of decoded latents straight through.

        Raises
        ------
        InputError
            The shape of `x` does not fit.
        """
        found, fine = self.latents(x, noise, generator), self.config.fine_entropy
        return {
            "x_hat": self.synthesis(found.y_hat),
            "likelihoods": {
                "y": likelihood(found.y_residual, found.y_scale, fine),
                "z": likelihood(found.z_residual, self.prior.scale, fine),
            },
        }

    def latents(self, x: Tensor, noise: Noise | None = None, generator: torch.Generator | None = None) -> Latents:
        """Latents, their densities and decoded values: `forward` without synthesis and rate."""
        y = self.analyse(x)
        z = self.hyper_analysis(y)
        if self.training and noise is None:
            noise = Noise(_uniform(y, generator), _uniform(z, generator))
        elif not self.training:
            noise = None
        # only z - mean is coded; both sides add the mean back
        z_residual = z - self.prior.mean
        z_hat = self._rounded(z_residual) + self.prior.mean
        params = self.predict(z_hat)
        steps: list[tuple[Density, Tensor]] = []  # with unrounded residuals

        def code(density: Density) -> Tensor:
            # (B, c, h, w): the step's latents alone, less what the context expects
            residual = take(y, density.step.latents, self.config.latents) - density.mean
            steps.append((density, residual))
            return self._rounded(residual) + density.mean

        y_hat = walk(self.context.walk(params), code)
        places = [density.step.latents for density, _ in steps]
        # from small arrays of steps back to (B, C, H, W), for the rate
        y_residual = assemble([residual for _, residual in steps], places, y)
        if noise is not None:  # of unrounded values: the rate must have a gradient
            y_residual, z_residual = y_residual + noise.y, z_residual + noise.z
        else:
            y_residual, z_residual = y_residual.round(), z_residual.round()
        return Latents(
            y=y,
            y_hat=y_hat,
            y_residual=y_residual,
            y_scale=assemble([density.scale for density, _ in steps], places, y),
            y_mean=assemble([density.mean for density, _ in steps], places, y),
            z=z,
            z_hat=z_hat,
            z_residual=z_residual,
            params=params,
        )

    def analyse(self, x: Tensor) -> Tensor:
        """y of a picture; raises InputError where its shape does not fit."""
        if x.ndim != 4 or x.shape[1] != 3:
            raise InputError(f"{self.config.name}: pictures are (B, 3, height, width), got {tuple(x.shape)}")
        self.check_size(x.shape[2], x.shape[3])
        y: Tensor = self.analysis(x)
        return y

    def check_size(self, height: int, width: int) -> None:
        """Raise InputError unless the lattices and windows fit a picture of this size."""
        multiple = self.config.multiple
        if height % multiple or width % multiple or min(height, width) < multiple:
            raise InputError(
                f"{self.config.name}: height and width must be multiples of {multiple}, got {height} x "
                f"{width}; pad the picture first"
            )

    def predict(self, z_hat: Tensor) -> Tensor:
        """Hyper-parameters (B, 2C, H, W) of decoded hyper-latents, scales first; in float32, always."""
        with full_precision(z_hat.device):
            params: Tensor = self.hyper_synthesis(z_hat)
        return params

    def _rounded(self, residual: Tensor) -> Tensor:
        """Nearest integers, halves to even; in training with the gradient of the identity."""
        rounded = residual.round()
        return straight_through(residual, rounded) if self.training else rounded


def _uniform(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Noise in [-1/2, 1/2) of the shape, device and type of `like`."""
    return torch.rand(like.shape, generator=generator, device=like.device, dtype=like.dtype) - 0.5
