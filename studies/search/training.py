"""A decoder alone, trained on decoded latents: cheap, and its files are those of every other decoder."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from studies.search import timing
from studies.search.latents import GROUP, Coded
from studies.search.space import BASE, Shape
from tintype.models.pico.network import ANCHORS, Synthesis
from tintype.models.pico.onnx_graph import trace
from tintype.models.pico.schedule import lambda_of
from tintype.models.pico.start import inherit
from tintype.training.config import PicoRun
from tintype.training.objectives.distortion import clipped, mse_255, psnr
from tintype.training.optimiser import BETAS
from tintype.training.recipes import pico_s

START_CROPS = 128  # that the start is fitted to


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run gives.

    Parameters
    ----------
    psnr : dB at each anchor, mean over the validation pictures
    core_seconds : CPU time of the run
    """

    psnr: list[float]
    core_seconds: float
    synthesis: Synthesis


def train(shape: Shape, trained: Synthesis, seed: int, steps: int, training: Coded, validation: Coded) -> Trained:
    """Train a decoder that begins near to a trained one; the learning rate falls to zero over the second half."""
    began = time.process_time()
    torch.manual_seed(seed)
    synthesis = Synthesis(shape.config)
    y, _, _ = training.batch(slice(0, START_CROPS))
    inherit(synthesis, trained, y)
    synthesis.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's types
    config = PicoRun(steps=steps, decay=steps // 2, warmup=50, clip=pico_s().clip, lambda_weight=pico_s().lambda_weight)
    optimiser = torch.optim.AdamW(synthesis.parameters(), betas=BETAS, weight_decay=0.0, fused=True)
    for step, place in enumerate(_order(len(training.y) // GROUP, steps, seed)):
        y, x, level = training.batch(slice(place * GROUP, (place + 1) * GROUP))
        with torch.autocast("cpu", torch.bfloat16):
            x_hat = synthesis(y).float()
        # the rate is given, so that distortion is all there is to learn
        loss = (lambda_of(level) ** (1 + config.lambda_weight) * mse_255(clipped(x_hat), x)).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(synthesis.parameters(), config.clip)
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate_at(step, step)
        optimiser.step()
    return Trained(evaluate(synthesis, validation), time.process_time() - began, synthesis.eval())


def on_native_engine(synthesis: Synthesis, shape: Shape) -> Callable[[Tensor], Tensor]:
    """A trained decoder as `timing` measures it, with its integers of 8 and 16 bits; (B, N, h, w) to (B, 3, H, W)."""
    network = timing.native(trace(synthesis, {"y": BASE.latents}, ("pixels",)), shape)
    return lambda y: torch.from_numpy(np.stack([network.run([each.numpy()])[0] for each in y]))


@torch.no_grad()
def evaluate(synthesis: Callable[[Tensor], Tensor], validation: Coded) -> list[float]:
    """PSNR in dB at each anchor, mean over pictures whose groups hold all anchors."""
    found = []
    for first in range(0, len(validation.y), ANCHORS):
        y, x, _ = validation.batch(slice(first, first + ANCHORS))
        x_hat = synthesis(y)
        found.append(psnr(mse_255(x_hat.clamp(0, 1), x)))  # (ANCHORS,)
    means: list[float] = torch.stack(found).mean(0).tolist()
    return means


def _order(groups: int, steps: int, seed: int) -> Iterator[int]:
    """Groups of crops, each epoch in another order."""
    rng = np.random.default_rng(seed)
    for step in range(steps):
        if step % groups == 0:
            order = rng.permutation(groups)
        yield int(order[step % groups])
