"""Bare streams, one of y and one of z per picture, for the methods `compress` and `decompress`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from tintype.codec.entropy import rans
from tintype.codec.entropy.tables import Tables
from tintype.errors import InputError
from tintype.models.hpcm import coding
from tintype.models.hpcm.memory import guarded
from tintype.models.hpcm.network import HPCM


@torch.no_grad()
def compress(model: HPCM, x: Tensor) -> dict[str, Any]:
    """See `HPCM.compress`."""
    tables = coding.tables_of(model)
    y_strings, z_strings = [], []
    with guarded(model.config, x.shape[-2], x.shape[-1], x.device):
        for picture in torch.split(x, 1):
            hyper, *steps = coding.encode(model, model.analyse(picture))
            y_strings.append(rans.encode([(step.rows, step.symbols) for step in steps], tables))
            z_strings.append(rans.encode([(hyper.rows, hyper.symbols)], tables))
    return {"strings": [y_strings, z_strings], "shape": (x.shape[-2] // 64, x.shape[-1] // 64)}


@torch.no_grad()
def decompress(model: HPCM, strings: Sequence[Sequence[bytes]], shape: Sequence[int]) -> dict[str, Tensor]:
    """See `HPCM.decompress`."""
    if len(strings) != 2 or len(strings[0]) != len(strings[1]) or not strings[0]:
        raise InputError("strings must be [y streams, z streams], as many of one as of the other, at least one")
    height, width = (64 * int(side) for side in shape)
    model.check_size(height, width)
    tables = coding.tables_of(model)
    pictures = []
    with guarded(model.config, height, width, model.prior.mean.device):
        for y_string, z_string in zip(*strings, strict=True):
            y_hat = _decode(model, y_string, z_string, height, width, tables)
            pictures.append(model.synthesis(y_hat).clamp(0, 1))
    return {"x_hat": torch.cat(pictures)}


def _decode(model: HPCM, y_string: bytes, z_string: bytes, height: int, width: int, tables: Tables) -> Tensor:
    hyper, latents = rans.Decoder(z_string, tables), rans.Decoder(y_string, tables)
    decoders = iter([hyper])
    y_hat = coding.play(coding.decode(model, height, width), lambda rows: next(decoders, latents).decode(rows))
    hyper.finish()
    latents.finish()
    return y_hat
