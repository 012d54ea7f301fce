"""What the network sees beyond the pixels of a tile: a continuation that costs few bytes.

Networks want sides that are multiples of their stride. No decoder shows what was there, so the best filling is the one
whose latents are cheap and disturb their neighbours least. Pixels are repeated along the edge and lose detail with
their distance from it, as in the solution of Laplace's equation: a wave of f cycles per pixel along the edge has
decayed to exp(-2 pi f d) at distance d. Under a latent that also covers real pixels, the filling fades from the
reflected picture to this continuation: real pixels are reproduced better where the signal is symmetric.
"""

import numpy as np
from numpy.typing import NDArray

from tintype.pixels import Pixels

LATENT = 16  # side in pixels of what a latent covers, in both families
MAX_FADE = 8  # pixels; as what follows from it, chosen on validation crops: more costs bytes, less costs PSNR


def fill(pixels: Pixels, height: int, width: int) -> None:
    """Continue the picture to the right and to the bottom, in place.

    Parameters
    ----------
    pixels : float32, shape (3, H, W)
        Rows below `height` and columns right of `width` are overwritten.
    height, width : int, 1 to H and 1 to W
    """
    _continue_right(pixels[:, :height], width)
    _continue_right(pixels.transpose(0, 2, 1), height)  # axes swapped: downwards, the filled columns with it


def _continue_right(pixels: Pixels, width: int) -> None:
    height, end = pixels.shape[1:]
    if width == end:
        return
    distance = np.arange(1, end - width + 1)  # (D,), of the columns to fill, in pixels
    # A period of the edge and its reflection: the continuation has no step between the first and the last row.
    edge = pixels[:, :, width - 1]
    spectrum = np.fft.rfft(np.concatenate((edge, edge[:, ::-1]), axis=1))  # (3, H + 1)
    frequency = np.fft.rfftfreq(2 * height)  # (H + 1,), cycles per pixel
    decay = np.exp(-2 * np.pi * np.outer(distance, frequency))
    smooth = np.fft.irfft(spectrum[:, None] * decay, 2 * height)[:, :, :height].transpose(0, 2, 1)  # (3, H, D)

    real = (width - 1) % LATENT + 1  # real pixels under the last latent; if they are few, it is worth few bits
    fade = min(MAX_FADE, LATENT - real, 2 * real - 1)
    share = np.clip(1.5 * (1 - distance / (fade + 1)), 0, 1)  # all of it for a third of the fade, then less
    reflected = pixels[:, :, np.maximum(width - distance, 0)]
    pixels[:, :, width:] = smooth + share * (reflected - smooth)


def mirrored(length: int, padded: int) -> NDArray[np.intp]:
    """Index along an axis that is reflected at its end, the last pixel repeated: 0 1 2 2 1 0 0 1 2 ..."""
    phase = np.arange(padded) % (2 * length)
    return np.minimum(phase, 2 * length - 1 - phase)
