"""Whether this installation works: a file that ships is decoded, and new ones are made of the same picture."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tintype import metrics
from tintype.api import Codec
from tintype.errors import TintypeError
from tintype.pixels import Pixels8

GOLDEN = Path(__file__).with_name("selftest.tint")  # of `picture`; python -m tests.golden.make_selftest
GOLDEN_PSNR = 25.67  # dB
TOLERANCE = 0.1  # dB: rows are integers, but engines round pixels in their own ways


def picture() -> Pixels8:
    """Smooth colours, edges and texture: (96, 128, 3)."""
    i, j = np.mgrid[:96, :128].astype(np.float32)
    smooth = np.stack([128 + 90 * np.sin(i / 17), 128 + 90 * np.cos(j / 23), 60 + (i + j) % 97], -1)
    texture = 15 * np.sin((i * 31 + j * 17) % 89)[..., None]
    edges = np.where((i // 31 + j // 43) % 2 == 0, 20, -20)[..., None]
    pixels: Pixels8 = (smooth + texture + edges).clip(0, 255).astype(np.uint8)
    return pixels


def run() -> dict[str, str]:
    """Each check and its fault, which is empty if it holds."""
    checks: dict[str, Callable[[Codec], str]] = {"decode": _decode, "encode": _encode, "lossless": _lossless}
    codec = Codec(threads=1)
    found = {}
    for name, check in checks.items():
        try:
            found[name] = check(codec)
        except (TintypeError, OSError, ImportError, MemoryError) as error:
            found[name] = f"{type(error).__name__}: {error}"
    return found


def _decode(codec: Codec) -> str:
    psnr = metrics.psnr(picture(), codec.decode_picture(GOLDEN).pixels)
    if abs(psnr - GOLDEN_PSNR) > TOLERANCE:
        return f"the file that ships decodes at {psnr:.2f} dB, not at {GOLDEN_PSNR:.2f}"
    return ""


def _encode(codec: Codec) -> str:
    codec.encode(picture(), content="photo", verify=True)
    return ""


def _lossless(codec: Codec) -> str:
    codec.encode(picture(), lossless=True, verify=True)
    return ""
