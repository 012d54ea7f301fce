"""Distortions beside those that evaluation uses."""

import numpy as np
import pytest
import torch

from tests.pictures import picture
from tintype import metrics
from tintype.training.losses import clipped, ms_ssim, mse_255, psnr


def pair(height: int, width: int) -> tuple[np.ndarray, np.ndarray, torch.Tensor, torch.Tensor]:
    a = picture(height, width)
    b = np.clip(a + np.random.default_rng(0).integers(-20, 21, a.shape), 0, 255).astype(np.uint8)
    x, y = (torch.as_tensor(p).movedim(-1, 0)[None].float() / 255 for p in (a, b))
    return a, b, x, y


@pytest.mark.parametrize("size", [(256, 256), (181, 200), (64, 64), (20, 9)])
def test_distortions_are_those_of_evaluation(size: tuple[int, int]) -> None:
    a, b, x, y = pair(*size)
    assert float(mse_255(y, x)) == pytest.approx(metrics.mse(a, b), rel=1e-5)
    assert float(psnr(mse_255(y, x))) == pytest.approx(metrics.psnr(a, b), abs=1e-3)
    # E[x^2] - E[x]^2 in float32 of samples in [0, 1]
    assert float(ms_ssim(y, x)) == pytest.approx(metrics.ms_ssim(a, b), abs=2e-5)


def test_ms_ssim_is_the_same_under_autocast() -> None:
    """Its variances are differences of means: in bfloat16 nothing would be left of them."""
    _, _, x, y = pair(192, 192)
    with torch.autocast("cpu", torch.bfloat16):
        cast = ms_ssim(y, x)
    assert torch.equal(cast, ms_ssim(y, x))


def test_ms_ssim_has_finite_gradients_where_nothing_is_alike() -> None:
    x = torch.rand(1, 3, 64, 64)
    y = (1 - x).requires_grad_()
    ms_ssim(y, x).sum().backward()
    assert y.grad is not None and torch.isfinite(y.grad).all()


def test_an_overshoot_where_the_picture_is_white_costs_nothing_and_elsewhere_is_pulled_back() -> None:
    x = torch.tensor([1.0, 0.9]).expand(1, 3, 1, 2)
    x_hat = torch.full((1, 3, 1, 2), 1.2, requires_grad=True)
    error = mse_255(clipped(x_hat), x)
    error.backward()
    assert error.item() == pytest.approx(255**2 * 0.1**2 / 2, rel=1e-5)
    assert x_hat.grad is not None
    assert torch.all(x_hat.grad[..., 0] == 0) and torch.all(x_hat.grad[..., 1] > 0)
