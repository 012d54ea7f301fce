"""What tells originals from decoded pictures while a synthesis learns to draw texture.

One branch reads pixels, as the discriminators of patches do. The others read the maps of the feature network, which
knows texture before the first step (Sauer et al. 2021, arXiv 2111.01007, "projected"), so they are small and learn in
hundreds of steps. Each sees the faithful picture beside the one it judges.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.models.surrogates import full_precision

MAPS = (16, 24, 40, 112)  # channels of the feature network's maps at 1/2 to 1/16; 1/32 has too few places in a crop
SLOPE = 0.2


class Normalised(nn.Conv2d):
    """Convolution whose kernel is divided by its spectral norm, as a matrix (K, C y x)."""

    def forward(self, x: Tensor) -> Tensor:
        with full_precision(x.device):
            matrix = self.weight.float().flatten(1)
            square = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
            norm = torch.linalg.eigvalsh(square)[-1].clamp(min=1e-12).sqrt()
        return F.conv2d(x, self.weight / norm, self.bias, self.stride, self.padding)


class Discriminator(nn.Module):
    """Logits of places: high where a picture looks like an original.

    Parameters
    ----------
    width : channels of the first layer of the branch of pixels; 0: no such branch
    heads : channels inside the branches of features; 0: none
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.pixels = None
        if width:
            self.pixels = nn.Sequential(
                Normalised(6, width, 4, 2, 1),
                nn.LeakyReLU(SLOPE),
                Normalised(width, 2 * width, 4, 2, 1),
                nn.LeakyReLU(SLOPE),
                Normalised(2 * width, 4 * width, 4, 2, 1),
                nn.LeakyReLU(SLOPE),
                Normalised(4 * width, 1, 3, 1, 1),
            )
        self.features = nn.ModuleList(
            nn.Sequential(
                Normalised(2 * channels, heads, 1),
                nn.LeakyReLU(SLOPE),
                Normalised(heads, heads, 3, 1, 1),
                nn.LeakyReLU(SLOPE),
                Normalised(heads, 1, 1),
            )
            for channels in (MAPS if heads else ())
        )

    def forward(self, x: Tensor, maps: list[Tensor], beside: Tensor, maps_beside: list[Tensor]) -> list[Tensor]:
        """Logits (B, 1, h, w) of each branch.

        Parameters
        ----------
        x, maps : pictures (B, 3, S, S) in [0, 1] to be judged, and their feature maps
        beside, maps_beside : the faithful pictures, and theirs
        """
        logits = []
        if self.pixels is not None:
            logits.append(self.pixels(2 * torch.cat((x, beside), 1) - 1))
        for head, own, other in zip(self.features, maps, maps_beside, strict=False):
            unit = other.float().square().mean((1, 2, 3), keepdim=True).clamp(min=1e-6).rsqrt()
            logits.append(head(torch.cat((own, other), 1) * unit))
        return logits


def told_apart(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """Hinge loss (B,) of a discriminator, mean of its branches."""
    return _mean([F.relu(1 - logits) for logits in real]) + _mean([F.relu(1 + logits) for logits in fake])


def found_out(fake: list[Tensor]) -> Tensor:
    """What the synthesis minimises (B,): how little its pictures look like originals."""
    return -_mean(fake)


def _mean(logits: list[Tensor]) -> Tensor:
    return torch.stack([each.float().mean((1, 2, 3)) for each in logits]).mean(0)
