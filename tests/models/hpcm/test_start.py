"""Structured starts: a transform codec before the first step."""

import pytest
import torch

from tests.training.runs import pictures
from tintype.models.hpcm import CONFIGS
from tintype.models.hpcm.network import HPCM
from tintype.models.hpcm.start import structured_start
from tintype.training.config import HPCMRun
from tintype.training.objectives.distortion import mse_255
from tintype.training.objectives.hpcm import HPCMObjective
from tintype.training.objectives.objective import pictures_to


def test_hpcm_starts_as_a_transform_with_its_inverse() -> None:
    torch.manual_seed(0)
    x = pictures_to(torch.device("cpu"), pictures(8, 256))
    model = HPCM(CONFIGS["hpcm-nano"])
    with torch.no_grad():
        random = mse_255(model.synthesis(model.analysis(x)), x).mean()
        structured_start(model, x, 0.013)
        kept = mse_255(model.synthesis(model.analysis(x)), x).mean()
        rounded = mse_255(model.eval()(x)["x_hat"], x).mean()
    assert random > 2000
    assert kept < 100  # 64 of 768 components
    width = (8.66 / 0.013) ** 0.5
    assert rounded - kept == pytest.approx(64 / 768 * width**2 / 12, rel=0.2)  # uniform errors in 64 of 768


def test_hpcm_starts_with_scales_that_fit_its_latents() -> None:
    x = pictures_to(torch.device("cpu"), pictures(8, 256))
    made = HPCMObjective(HPCMRun())
    weights = {name: p.detach().clone() for name, p in made.model.named_parameters()}
    random = made.evaluate(weights, pictures(8, 256), False)[0]
    made.start(x)
    with torch.no_grad():
        found = made.model.latents(x)
    used = found.y_residual.std((0, 2, 3)) > 1
    ratio = (found.y_scale * 0.8594).mean((0, 2, 3)) / found.y_residual.std((0, 2, 3))
    assert ((ratio[used] > 0.5) & (ratio[used] < 2)).all()
    structured = made.evaluate(dict(made.model.named_parameters()), pictures(8, 256), False)[0]
    assert structured["cost"] < 0.5 * random["cost"]
