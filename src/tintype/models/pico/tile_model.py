"""pico as a `TileModel`: a bundle's arrays, and its networks on any engine."""

from collections.abc import Generator, Mapping
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tintype.codec.coding import decode_steps, encode_steps
from tintype.codec.entropy.tables import Symbols, Tables
from tintype.codec.steps import Quantiser
from tintype.codec.tile_model import Coded, Identity, StepRows
from tintype.errors import WeightsError
from tintype.models.pico.readout import Readout
from tintype.models.pico.schedule import T_LIMIT, UNIT, Y_STRIDE, Z_LIMIT, Z_STRIDE, lambda_of, schedule
from tintype.pixels import Pixels
from tintype.weights import store
from tintype.weights.bundle import Bundle

Floats = NDArray[np.float32]  # (C, h, w)


BYTES_PER_PIXEL: Mapping[int, int] = {1: 260, 2: 450}
"""Memory of a tile while its networks run, by the model's number. Arrays at 1/4 of the sides take most of it.

Measured with glibc, which keeps freed pieces below 32 MB for a while; what is in use at once is half of it.
"""


class Synthesis(Protocol):
    """From latents to pixels on one engine; arrays on the host, without batch axis; shared between threads."""

    def synthesis(self, y_hat: Floats) -> Pixels:
        """Latents (N, H/16, W/16) to pixels (3, H, W), not clipped."""


class Networks(Synthesis, Protocol):
    """The networks of one pico on one engine, likewise."""

    def analysis(self, pixels: Pixels) -> tuple[Floats, Floats]:
        """Latents y (N, H/16, W/16) and hyper-latents z (M, H/64, W/64)."""

    def scale_decoder(self, z_hat: Floats, level: int) -> NDArray[Any]:
        """Integer-valued rows (N, h, w)."""

    def context_decoder(self, z_hat: Floats) -> Floats:
        """Prior (2N, h, w)."""

    def context_model(self, prior: Floats, y_bar: Floats) -> Floats:
        """Refined prior (2N, h, w)."""


class Analysed(NamedTuple):
    """What the analysis finds of one tile, before rounding."""

    y: Floats
    z: Floats


class PicoModel:
    """A pico on an engine. Immutable.

    Raises
    ------
    WeightsError
        If the bundle lacks an array.
    """

    tiles_in_parallel = True  # an engine runs each tile on one thread
    whole_pictures = False
    tolerance = 0.0  # rows are integers: none drifts

    def __init__(self, bundle: Bundle, networks: Networks) -> None:
        self.networks = networks
        try:
            levels = bundle.arrays["levels"]
            self.gain: Floats = np.asarray(levels["gain"], np.float32)  # (levels, N)
            self.z_rows = np.asarray(levels["z_rows"], np.uint16)[:, None, None]
            self.z_mean = np.asarray(levels["z_mean"], np.float32)[:, None, None]  # integers
            self.worth: Floats = np.asarray(levels["worth"], np.float32)  # (levels, N)
            self.tables = Tables.from_arrays(bundle.arrays["tables"])
            self.identity = Identity(
                bundle.card["name"], bundle.card["model_id"], bundle.weights_hash(), Z_STRIDE, len(self.gain)
            )
        except KeyError as error:
            raise WeightsError(f"weights file lacks {error}; it was made by another version of tintype") from error

    @cached_property
    def readout(self) -> Readout | None:
        """Shipped weights have one."""
        arrays = store.readout(self.identity.weights_hash)
        return None if arrays is None else Readout.of(arrays)

    @property
    def quarters(self) -> bool:
        return self.readout is not None

    def error_worth(self, level: int) -> float:
        """Lambda of the level: weights are trained for bits per pixel + lambda * mean squared error."""
        return lambda_of(float(level))

    def tile_bytes(self, pixels: int) -> int:
        return pixels * BYTES_PER_PIXEL.get(self.identity.model_id, max(BYTES_PER_PIXEL.values()))

    def analyse(self, pixels: Pixels) -> Analysed:
        y, z = self.networks.analysis(pixels)
        return Analysed(y, z.clip(-Z_LIMIT, Z_LIMIT))

    def encode(self, analysis: Analysed, level: int, quantise: Quantiser) -> list[Coded]:
        y, z = analysis
        return encode_steps(schedule(_HostNetworks(self, level, z.shape), z.shape, y.shape, z, y), quantise)

    def decode(self, height: int, width: int, level: int) -> Generator[StepRows, Symbols, Floats]:
        z_shape = (len(self.z_rows), height // Z_STRIDE, width // Z_STRIDE)
        y_shape = (self.gain.shape[1], height // Y_STRIDE, width // Y_STRIDE)
        networks = _HostNetworks(self, level, z_shape)
        return decode_steps(schedule(networks, z_shape, y_shape), [z_shape, y_shape, y_shape])

    def synthesise(self, latents: Floats, level: int) -> Pixels:
        return self.networks.synthesis(latents)

    def synthesise_quarter(self, latents: Floats, level: int) -> Pixels:
        assert self.readout is not None
        return self.readout(latents)


class _HostNetworks:
    """`models.pico.schedule.StepNetworks` on the host."""

    def __init__(self, model: PicoModel, level: int, z_shape: tuple[int, ...]) -> None:
        self.model, self.level, self.z_shape = model, level, z_shape
        self.context_decoder = model.networks.context_decoder
        self.context_model = model.networks.context_model

    def hyper_density(self) -> tuple[NDArray[np.uint16], Floats]:
        return np.broadcast_to(self.model.z_rows, self.z_shape), self.model.z_mean

    def scale_decoder(self, z_hat: Floats) -> NDArray[np.uint16]:
        return self.model.networks.scale_decoder(z_hat, self.level).astype(np.uint16)

    def mean_width(self, prior: Floats) -> tuple[Floats, Floats]:
        mean, t = np.split(prior, 2)
        return UNIT * mean, np.exp(t.clip(-T_LIMIT, T_LIMIT)) * self.model.gain[self.level][:, None, None]

    def worth(self) -> Floats:
        worth: Floats = self.model.worth[self.level]
        return worth[:, None, None]

    def constant(self, array: NDArray[Any]) -> NDArray[Any]:
        return array
