"""What is published about the sizes of HPCM: Li et al. (ICCV 2025), and the scaling report (arXiv 2508.09075).

The report's exponents, its middle sizes and its training compute are not public, so the points are all there is.
"""

from dataclasses import dataclass

from tintype.training.objectives.hpcm import MSE_LAMBDAS

STEPS, BATCH, SIDE = 2_000_000, 32, 256
PIXELS = STEPS * BATCH * SIDE**2
"""Training of Base by the paper; that of Large and 1B is taken to be as long, which nobody says."""


@dataclass(frozen=True, slots=True)
class Model:
    """A published model.

    Parameters
    ----------
    bd_rate : percent against VTM-22.0 on Kodak, CLIC professional validation and Tecnick
    kodak : bpp and PSNR (mean over the pictures) at each of `MSE_LAMBDAS`; of 1B there is no table
    """

    bd_rate: tuple[float, float, float]
    kodak: tuple[tuple[float, float], ...] = ()

    def loss(self, lambda_: float) -> float | None:
        """lambda 255^2 MSE + bpp on Kodak, MSE being that of the mean PSNR; None where nothing is published."""
        if not self.kodak or lambda_ not in MSE_LAMBDAS:
            return None
        bpp, psnr = self.kodak[MSE_LAMBDAS.index(lambda_)]
        return lambda_ * 255**2 * 10 ** (-psnr / 10) + bpp


MODELS = {
    "hpcm-base": Model(
        (-15.31, -14.23, -18.16),
        (
            (0.1211, 29.4022),
            (0.1757, 30.7547),
            (0.2729, 32.4012),
            (0.4125, 34.2063),
            (0.5898, 36.0145),
            (0.8209, 37.7525),
        ),
    ),
    "hpcm-large": Model(
        (-19.19, -18.37, -22.20),
        (
            (0.0951, 28.9135),
            (0.1537, 30.4490),
            (0.2438, 32.1219),
            (0.3778, 33.9923),
            (0.5516, 35.8511),
            (0.7843, 37.7480),
        ),
    ),
    "hpcm-1b": Model((-24.21, -23.41, -25.68)),
}
