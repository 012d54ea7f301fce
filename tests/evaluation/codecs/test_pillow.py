"""Codecs by Pillow: their curves have no step."""

import numpy as np
import pytest

from tintype.evaluation.codecs.names import codec_named
from tintype.pixels import Pixels8


def test_a_curve_of_jpeg_xl_begins_above_the_qualities_that_halve_the_picture() -> None:
    pytest.importorskip("pillow_jxl", reason="a plugin that few have")
    codec = codec_named("jxl_e3")
    noise = np.random.default_rng(0).normal(128, 60, (128, 128, 1)).clip(0, 255).astype(np.uint8)
    picture = np.ascontiguousarray(np.broadcast_to(noise, (128, 128, 3)))

    def fine(quality: float) -> float:
        return _share_of_fine_detail(codec.decode(codec.encode(picture, quality)))

    assert fine(min(codec.qualities)) > 0.5
    assert fine(min(codec.qualities) - 1) < 0.1  # so the curve begins as low as it can


def _share_of_fine_detail(pixels: Pixels8) -> float:
    """Energy that half the resolution cannot hold."""
    grey = pixels.mean(-1)
    energy = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
    frequency = np.abs(np.fft.fftfreq(len(grey)))
    return float(energy[np.maximum(frequency[:, None], frequency) > 0.25].sum() / energy.sum())
