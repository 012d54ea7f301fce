"""Encoding and decoding drivers of the schedule: latents to rows and symbols, and back.

They know no files and no streams. Step 0 holds the hyper-latents z, the others those of y; within a step the
coding order is C order of its small arrays (`tintype.schedules.hpcm`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tintype.codec.rans import Coded
from tintype.codec.seam import EVERYTHING, Quantiser, Step
from tintype.codec.tables import Rows, Symbols, Tables
from tintype.errors import InputError, WeightsError
from tintype.models.hpcm.context import Density, drive
from tintype.models.hpcm.lattice import take
from tintype.models.hpcm.model import HPCM
from tintype.models.hpcm.tables import ROWS, join, scale_tables, thresholds, y_tables

_LIMIT = np.iinfo(np.int16).max


def make_tables(model: HPCM) -> Tables:
    """All rows of a model: the shipped ones of y, and those of z from the prior's scales."""
    fine = model.config.fine_entropy
    return join(y_tables(fine), scale_tables(model.prior.scale.detach().cpu().numpy(), fine))


def tables_of(model: HPCM) -> Tables:
    """The tables that a model codes with; raises WeightsError if it has none."""
    if model.tables is None:
        raise WeightsError(f"{model.config.name}: there are no tables for z yet; call update() first")
    return model.tables


def nearest(step: Step) -> Tensor:
    """The plain quantiser: nearest integers of (latents - mean) / width, halves to even."""
    symbols: Tensor = ((step.latents - step.mean) / step.width).round()
    return symbols


class RowFinder:
    """Rows of predicted scales, on the device."""

    def __init__(self, fine: bool, device: torch.device) -> None:
        self.thresholds = torch.from_numpy(thresholds(fine)).to(device)

    def __call__(self, scale: Tensor) -> Tensor:
        """int32 rows in [0, 60), shape of `scale`: how many thresholds are below it."""
        return torch.bucketize(scale.float(), self.thresholds, out_int32=True)


def encode(model: HPCM, y: Tensor, quantise: Quantiser = nearest) -> list[Coded]:
    """Rows and symbols of every step of one picture, on the host.

    Parameters
    ----------
    model : HPCM
    y : Tensor, shape (1, C, H, W)
        Of `model.analyse`.
    quantise : Quantiser
        See `encode_on_device`.

    Raises
    ------
    InputError
        A symbol is not a number of 16 bits: the picture holds values that are not finite, or the weights are
        broken.
    """
    coded = encode_on_device(model, y, quantise)
    rows, symbols = (_joined(parts) for parts in zip(*coded, strict=True))
    if not np.all(np.abs(symbols) <= _LIMIT):  # false for NaN too
        raise InputError(f"{model.config.name}: a latent is not a 16-bit number; pictures must be finite")
    cuts = np.cumsum([part.numel() for part, _ in coded])[:-1]
    steps = zip(np.split(rows.astype(np.uint16), cuts), np.split(symbols.astype(np.int16), cuts), strict=True)
    return [Coded(*step) for step in steps]


@torch.no_grad()
def encode_on_device(model: HPCM, y: Tensor, quantise: Quantiser = nearest) -> list[tuple[Tensor, Tensor]]:
    """Rows (int32) and symbols (float) of every step, still on y's device.

    Nothing waits for the host between steps, nor depends on what values are.

    Parameters
    ----------
    quantise : Quantiser
        Gives the integer symbols of a `Step`, whose arrays hold that step's elements alone, on y's device.
    """
    find_rows = RowFinder(model.config.fine_entropy, y.device)
    one = torch.ones((), device=y.device)
    coded: list[tuple[Tensor, Tensor]] = []

    def code(rows: Tensor, mean: Tensor, latents: Tensor) -> Tensor:
        symbols: Tensor = quantise(Step(rows, mean, one, latents, EVERYTHING))
        coded.append((rows, symbols))
        return symbols + mean

    def code_step(density: Density) -> Tensor:
        latents = take(y, density.step.latents, model.config.latents)
        return code(find_rows(density.scale), density.mean, latents)

    z = model.hyper_analysis(y)
    z_hat = code(_z_rows(z), model.prior.mean, z)
    drive(model.context.walk(model.predict(z_hat)), code_step)
    return coded


@torch.no_grad()
def decode(model: HPCM, height: int, width: int) -> Generator[Rows, Symbols, Tensor]:
    """Replay the schedule.

    Parameters
    ----------
    height, width : int
        Of the picture, multiples of `config.multiple`.

    Yields
    ------
    Rows
        Of each step, z first; the generator is to be sent the step's symbols.

    Returns
    -------
    Tensor, shape (1, C, height / 16, width / 16)
        Decoded latents for `model.synthesis`.
    """
    config, device = model.config, model.prior.mean.device
    find_rows = RowFinder(config.fine_entropy, device)
    shape = (1, config.hyper_latents, height // 64, width // 64)
    symbols = yield _on_host(_z_rows(torch.empty(shape, device=device)))
    z_hat = _on_device(symbols, model.prior.mean.expand(shape)) + model.prior.mean
    walk = model.context.walk(model.predict(z_hat))
    try:
        density = next(walk)
        while True:
            symbols = yield _on_host(find_rows(density.scale))
            density = walk.send(_on_device(symbols, density.mean) + density.mean)
    except StopIteration as stop:
        y_hat: Tensor = stop.value
    return y_hat


def play(steps: Generator[Rows, Symbols, Tensor], read: Callable[[Rows], Symbols]) -> Tensor:
    """Run `decode` with a function that reads the symbols for some rows."""
    try:
        rows = next(steps)
        while True:
            rows = steps.send(read(rows))
    except StopIteration as stop:
        y_hat: Tensor = stop.value
        return y_hat


def _z_rows(z: Tensor) -> Tensor:
    """Every channel has its own row: (1, N, h, w) int32."""
    channels = torch.arange(ROWS, ROWS + z.shape[1], dtype=torch.int32, device=z.device)
    return channels[None, :, None, None].expand(z.shape)


def _joined(parts: Sequence[Tensor]) -> NDArray[Any]:
    """All steps end to end, on the host."""
    flat: NDArray[Any] = torch.cat([part.flatten() for part in parts]).cpu().numpy()
    return flat


def _on_host(rows: Tensor) -> Rows:
    return rows.flatten().cpu().numpy().astype(np.uint16)


def _on_device(symbols: Symbols, like: Tensor) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(symbols)).to(like.device).to(like.dtype).view(like.shape)
