"""HPCM as users of CompressAI know a model: bare streams, one of y and one of z per picture.

The caller keeps shape and size: the streams have no header. Files are `models.hpcm.engine`'s part.
"""

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
from tintype.models.hpcm.schedule import Z_STRIDE


def update(model: HPCM, force: bool = False) -> bool:
    """Make the model's integer tables if it has none (or by force); True if they were made.

    Tables of z belong to the weights and depend, in single counts, on the machine that makes them: a weights file
    keeps them.
    """
    if model.tables is not None and not force:
        return False
    model.tables = coding.make_tables(model)
    return True


@torch.no_grad()
def compress(model: HPCM, x: Tensor) -> dict[str, Any]:
    """Streams of pictures.

    Parameters
    ----------
    model : HPCM
        In evaluation mode, with tables.
    x : Tensor, shape (B, 3, height, width), RGB in [0, 1]

    Returns
    -------
    dict
        "strings": [y streams, z streams], B of each; "shape": (height / 64, width / 64).

    Raises
    ------
    InputError
        The shape does not fit, or the picture is too large for the memory at hand.
    WeightsError
        There are no tables yet: call `update`.
    """
    tables = coding.tables_of(model)
    height, width = x.shape[-2:]
    y_strings, z_strings = [], []
    with guarded(model.config, height, width, x.device):
        for picture in torch.split(x, 1):
            hyper, *steps = coding.encode(model, model.analyse(picture))
            y_strings.append(rans.encode([(step.rows, step.symbols) for step in steps], tables))
            z_strings.append(rans.encode([(hyper.rows, hyper.symbols)], tables))
    return {"strings": [y_strings, z_strings], "shape": (height // Z_STRIDE, width // Z_STRIDE)}


@torch.no_grad()
def decompress(model: HPCM, strings: Sequence[Sequence[bytes]], shape: Sequence[int]) -> dict[str, Tensor]:
    """Pictures of streams.

    Parameters
    ----------
    model, strings, shape
        The encoder's model, and what `compress` returned.

    Returns
    -------
    dict
        "x_hat": (B, 3, height, width), clamped to [0, 1].

    Raises
    ------
    InputError
        Strings or shape are not such as `compress` returns, or the picture is too large for the memory at hand.
    FormatError
        A stream is damaged, or was made by other weights or other numerics.
    WeightsError
        There are no tables yet: call `update`.
    """
    if len(strings) != 2 or len(strings[0]) != len(strings[1]) or not strings[0]:
        raise InputError("strings must be [y streams, z streams], as many of one as of the other, at least one")
    height, width = (Z_STRIDE * int(side) for side in shape)
    model.check_size(height, width)
    tables = coding.tables_of(model)
    pictures = []
    with guarded(model.config, height, width, model.prior.mean.device):
        for y_string, z_string in zip(*strings, strict=True):
            y_hat = _decode(model, y_string, z_string, height, width, tables)
            pictures.append(model.synthesis(y_hat).clamp(0, 1))
    return {"x_hat": torch.cat(pictures)}


def _decode(model: HPCM, y_string: bytes, z_string: bytes, height: int, width: int, tables: Tables) -> Tensor:
    """Decoded latents (1, C, height / 16, width / 16) of one picture."""
    hyper, latents = rans.Decoder(z_string, tables), rans.Decoder(y_string, tables)
    decoders = iter([hyper])  # the first step is that of z, all others are read from the stream of y
    y_hat = coding.play(coding.decode(model, height, width), lambda rows: next(decoders, latents).decode(rows))
    hyper.finish()
    latents.finish()
    return y_hat
