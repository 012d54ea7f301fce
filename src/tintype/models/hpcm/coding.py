"""Encoding and decoding drivers of the schedule: latents to rows and symbols, and back.

They know no files and no streams. Step 0 holds the hyper-latents z, the others those of y; within a step the
coding order is C order of its small arrays (`tintype.models.hpcm.schedule`).

The lattices want sides that pictures seldom have. What padding adds is not coded: given the `extent` of the picture on
the lattice of y, latents outside have the symbol 0, which is their mean, and take no part in rows and symbols.
"""

from collections.abc import Callable, Generator, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tintype.codec.entropy.tables import Rows, Symbols, Tables
from tintype.codec.steps import EVERYTHING, Quantiser, Step, relay, walk
from tintype.codec.tile_model import Coded, Margins, StepRows
from tintype.errors import InputError, WeightsError
from tintype.models.hpcm.config import HPCMConfig
from tintype.models.hpcm.context import Density
from tintype.models.hpcm.lattice import take
from tintype.models.hpcm.network import HPCM
from tintype.models.hpcm.schedule import Y_STRIDE, Z_STRIDE
from tintype.models.hpcm.tables import ROWS, join, scale_tables, thresholds, y_tables

_LIMIT = np.iinfo(np.int16).max  # of a symbol, in either direction
_RATIO = Z_STRIDE // Y_STRIDE  # rows of y per row of z


def make_tables(model: HPCM) -> Tables:
    """All rows of a model: the shipped ones of y, and those of z from the prior's scales."""
    fine = model.config.fine_entropy
    return join(y_tables(fine), scale_tables(model.prior.scale.detach().cpu().numpy(), fine))


def tables_of(model: HPCM) -> Tables:
    """The tables that a model codes with; raises WeightsError if it has none."""
    if model.tables is None:
        raise WeightsError(
            f"{model.config.name}: there are no tables for z yet; make them with hpcm.compressai.update(model)"
        )
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

    def margins(self, scale: Tensor) -> Tensor:
        """float32, scale minus the threshold nearest to it; not positive where the row ends at that threshold."""
        scale = scale.float()
        rows = self(scale)
        # row r ends at thresholds[r] and begins at thresholds[r - 1]; the last and the first row have one end only
        to_end = scale - self.thresholds[rows.clamp_max(ROWS - 2)]
        to_begin = scale - self.thresholds[(rows - 1).clamp_min(0)]
        return torch.where(to_end.abs() <= to_begin.abs(), to_end, to_begin)


Extent = tuple[int, int]
"""Rows and columns of y that a picture covers."""


@lru_cache(maxsize=16)
def coded_places(config: HPCMConfig, lattice: Extent, extent: Extent) -> list[Tensor | None]:
    """Which elements of each step are coded, z first: int64 positions in the flattened step; None: all."""
    steps = config.steps.steps
    if lattice == extent:
        return [None] * (1 + len(steps))
    height, width = extent
    # z covers the picture wherever one of its y does, so its sides round up
    z = torch.zeros(1, config.hyper_latents, lattice[0] // _RATIO, lattice[1] // _RATIO, dtype=torch.bool)
    z[..., : -(-height // _RATIO), : -(-width // _RATIO)] = True
    y = torch.zeros(1, config.latents, *lattice, dtype=torch.bool)
    y[..., :height, :width] = True
    # taken like latents: coding order inside a step is that of its small array
    wanted = [z, *(take(y, step.latents, config.latents) for step in steps)]
    return [mask.flatten().nonzero()[:, 0] for mask in wanted]


def encode(model: HPCM, y: Tensor, quantise: Quantiser = nearest) -> list[Coded]:
    """Rows and symbols of every step of one picture, on the host; see `encode_with_margins`."""
    return [Coded(step.rows, step.symbols) for step in encode_with_margins(model, y, quantise)]


def encode_with_margins(
    model: HPCM, y: Tensor, quantise: Quantiser = nearest, extent: Extent | None = None
) -> list[Coded]:
    """Rows, symbols and margins of every step of one picture, on the host.

    Parameters
    ----------
    model : HPCM
    y : Tensor, shape (1, C, H, W)
        Of `model.analyse`.
    quantise, extent
        See `encode_on_device`.

    Raises
    ------
    InputError
        A symbol is not a number of 16 bits: the picture holds values that are not finite, or the weights are
        broken.
    """
    coded = encode_on_device(model, y, quantise, extent)
    # to the host once all steps are through, joined: no step waited for it
    all_rows, all_symbols, all_scales = zip(*coded, strict=True)
    rows, symbols = _joined(all_rows), _joined(all_symbols)
    if not np.all(np.abs(symbols) <= _LIMIT):  # false for NaN too
        raise InputError(f"{model.config.name}: a latent is not a 16-bit number; pictures must be finite")
    find_rows = RowFinder(model.config.fine_entropy, y.device)
    margins = _joined([find_rows.margins(scale) for scale in all_scales[1:]])
    # ends of the steps in the joined arrays; margins have none of z, whose rows need no scale
    cuts = np.cumsum([part.numel() for part in all_rows])
    each = zip(
        np.split(rows.astype(np.uint16), cuts[:-1]),
        np.split(symbols.astype(np.int16), cuts[:-1]),
        [None, *np.split(margins, cuts[1:-1] - cuts[0])],
        strict=True,
    )
    return [Coded(*step) for step in each]


@torch.no_grad()
def encode_on_device(
    model: HPCM, y: Tensor, quantise: Quantiser = nearest, extent: Extent | None = None
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Rows (int32), symbols (float) and scales of every step, still on y's device. The scales of z are empty.

    Nothing waits for the host between steps, nor depends on what values are.

    Parameters
    ----------
    quantise : Quantiser
        Gives the integer symbols of a `Step`, whose arrays hold that step's elements alone, on y's device.
    extent : Extent, optional
        Code only this part of y.
    """
    config = model.config
    find_rows = RowFinder(config.fine_entropy, y.device)
    lattice = (y.shape[2], y.shape[3])
    places = iter(coded_places(config, lattice, extent or lattice))
    one = torch.ones((), device=y.device)
    coded: list[tuple[Tensor, Tensor, Tensor]] = []

    def code(rows: Tensor, scale: Tensor, mean: Tensor, latents: Tensor, place: Tensor | None) -> Tensor:
        step = Step(rows, _some(mean.expand_as(latents), place), one, _some(latents, place), EVERYTHING)
        symbols: Tensor = quantise(step)  # (n,)
        coded.append((rows, symbols, scale))
        # what is not coded has the symbol 0: the decoder knows its mean, too
        return _all(symbols, place, latents) + mean

    def code_step(density: Density) -> Tensor:
        place = next(places)
        scale = _some(density.scale, place)
        latents = take(y, density.step.latents, config.latents)
        return code(find_rows(scale), scale, density.mean, latents, place)

    z, place = model.hyper_analysis(y), next(places)
    # step 0: rows are the channels', so there is no scale
    z_hat = code(_some(_z_rows(z), place), z.new_empty(0), model.prior.mean, z, place)
    walk(model.context.walk(model.predict(z_hat)), code_step)
    return coded


@torch.no_grad()
def decode(model: HPCM, height: int, width: int, extent: Extent | None = None) -> Generator[StepRows, Symbols, Tensor]:
    """Replay the schedule.

    Parameters
    ----------
    height, width : int
        Of the picture, multiples of `config.multiple`.
    extent : Extent, optional
        As the encoder had it.

    Yields
    ------
    StepRows
        Of each step, z first; the generator is to be sent the step's symbols.

    Returns
    -------
    Tensor, shape (1, C, height / 16, width / 16)
        Decoded latents for `model.synthesis`.
    """
    config, device = model.config, model.prior.mean.device
    find_rows = RowFinder(config.fine_entropy, device)
    lattice = (height // Y_STRIDE, width // Y_STRIDE)
    places = iter(coded_places(config, lattice, extent or lattice))
    shape = (1, config.hyper_latents, height // Z_STRIDE, width // Z_STRIDE)
    mean, place = model.prior.mean.expand(shape), next(places)
    # step 0: rows of z are the channels', exact on every machine, so there are no margins
    symbols = yield StepRows(_on_host(_some(_z_rows(mean), place)))
    z_hat = _all(_on_device(symbols, mean), place, mean) + mean

    # before a step its density is known, after it its latents: mean + symbols
    def exchange(density: Density) -> Generator[StepRows, Symbols, Tensor]:
        place = next(places)
        scale = _some(density.scale, place)
        symbols = yield StepRows(_on_host(find_rows(scale)), partial(_host_margins, find_rows, scale))
        return _all(_on_device(symbols, density.mean), place, density.mean) + density.mean

    return (yield from relay(model.context.walk(model.predict(z_hat)), exchange))


def play(steps: Generator[StepRows, Symbols, Tensor], read: Callable[[Rows], Symbols]) -> Tensor:
    """Run `decode` with a function that reads the symbols for some rows."""
    return walk(steps, lambda found: read(found.rows))


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


def _host_margins(find_rows: RowFinder, scale: Tensor) -> Margins:
    margins: Margins = find_rows.margins(scale).flatten().cpu().numpy()
    return margins


def _on_device(symbols: Symbols, like: Tensor) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(symbols)).to(like.device).to(like.dtype)


def _some(x: Tensor, place: Tensor | None) -> Tensor:
    """The elements of a step that are coded, (n,); all of them, as they are, if there is no `place`."""
    return x if place is None else x.flatten()[place.to(x.device)]


def _all(symbols: Tensor, place: Tensor | None, like: Tensor) -> Tensor:
    """Symbols of a whole step, shape of `like`: zero where none are coded."""
    if place is None:
        return symbols.view(like.shape)
    full = torch.zeros(like.numel(), device=like.device, dtype=symbols.dtype)
    return full.index_copy(0, place.to(like.device), symbols).view(like.shape)
