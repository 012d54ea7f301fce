"""Weights from strangers: reading a bundle or a natural look, and decoding with what was accepted."""

import zlib
from pathlib import Path

import numpy as np
import torch

from fuzz import archive
from fuzz.target import Target
from tests.natural import natural_of
from tests.pictures import picture
from tintype.codec import decoder
from tintype.codec.container.file import parse
from tintype.codec.encoder import Encoder
from tintype.errors import FormatError, UnsupportedError, WeightsError
from tintype.models.pico import native_engine, onnx_engine
from tintype.models.pico.gate import OPEN, TAPS, Gate
from tintype.models.pico.network import Pico, PicoConfig
from tintype.models.pico.start import structured_start
from tintype.training.export.pico import export
from tintype.weights.bundle import Bundle

TINY = PicoConfig(
    "pico-s",
    1,
    encoder=((48, 1), (16, 1), (16, 1)),
    decoder=((16, 1), (16, 1), (48, 1)),
    hyper_encoder=(16, 1),
    context_decoder=(8, 8, 8),
    context_model=8,
    scale_decoder=(8, 8),
    latents=16,
    hyper_latents=8,
)
"""A pico whose bundle has a quarter of a megabyte."""


def target(folder: Path) -> Target:
    tiny, path, natural_path = tiny_bundle(), folder / "tiny.tintmodel", folder / "tiny.natural.tintmodel"
    tiny.write(path)
    natural_of(tiny, Gate(np.zeros((TAPS, TINY.latents)), OPEN)).write(natural_path)
    file = parse(Encoder(onnx_engine.load(tiny), picture(64, 64)).encode(35))

    def run(data: bytes) -> None:
        engine = (native_engine, onnx_engine)[zlib.crc32(data) % 2]
        bundle = Bundle.parse(data)
        is_natural = "gate" in bundle.arrays
        decoder.decode(
            file, engine.load_natural(engine.load(tiny), tiny, bundle) if is_natural else engine.load(bundle)
        )

    seeds = [path.read_bytes(), natural_path.read_bytes()]
    return Target(run, (WeightsError, UnsupportedError, FormatError), seeds, archive.mutated)


def tiny_bundle() -> Bundle:
    """A bundle of random weights that can code."""
    torch.manual_seed(0)
    model = Pico(TINY)
    pictures = np.stack([picture(128, 128, seed) for seed in range(8)])
    structured_start(model, torch.as_tensor(pictures).movedim(-1, 1).float() / 255)
    with torch.no_grad():
        for parameter in model.scale_decoder.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    bundle, _ = export(model, pictures[:3], "tiny", {})
    return bundle
