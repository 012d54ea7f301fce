"""Transparency: colours that were multiplied by it, colours that stand for it, and pictures without it."""

import numpy as np

from tintype.images.picture import Samples

BAND = 64  # rows that are mixed at a time: 64-bit products of a whole picture would take 16 times its memory


def divided(samples: Samples, alpha: Samples, white: int) -> Samples:
    """Colours that a file stores multiplied by alpha ("associated"), as they were before.

    Parameters
    ----------
    samples : (H, W, 3) or (H, W)
    alpha : (H, W), 0 to `white`
    """
    over = alpha if samples.ndim == 2 else alpha[..., None]
    quotient = (samples.astype(np.uint64) * white + over // 2) // np.maximum(over, 1)
    colours: Samples = np.minimum(quotient, white).astype(samples.dtype)
    return colours


def of_key(samples: Samples, key: tuple[int, ...], white: int) -> Samples:
    """Alpha where one colour or grey value stands for full transparency."""
    clear = (samples == np.array(key, samples.dtype)).all(axis=-1) if samples.ndim == 3 else samples == key[0]
    return np.where(clear, 0, white).astype(samples.dtype)


def flattened(samples: Samples, alpha: Samples, background: tuple[int, int, int], white: int) -> Samples:
    """The picture over a colour of 8 bits, at its own depth; grey over a colour that is not becomes RGB.

    Samples are mixed as they are, not as light, as browsers do.
    """
    if samples.ndim == 2 and len(set(background)) > 1:
        samples = np.repeat(samples[..., None], 3, axis=2)
    behind = np.array(background, np.uint64) * white // 255
    if samples.ndim == 2:
        behind = behind[:1]
    mixed = np.empty_like(samples)
    for row in range(0, len(samples), BAND):
        band = samples[row : row + BAND]
        over = alpha[row : row + BAND].reshape(-1, alpha.shape[1], *(1,) * (samples.ndim - 2)).astype(np.uint64)
        mixed[row : row + BAND] = (band * over + behind * (white - over) + white // 2) // white
    return mixed
